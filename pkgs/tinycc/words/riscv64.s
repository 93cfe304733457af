	.global alloca
	.type alloca,@function
alloca:
	.long 0x00f50513	/* addi a0, a0, 15 */
	.long 0xff057513	/* andi a0, a0, -16 */
	.long 0x40a10133	/* sub sp, sp, a0 */
	.long 0x00010513	/* mv a0, sp */
	.long 0x00008067	/* ret */
