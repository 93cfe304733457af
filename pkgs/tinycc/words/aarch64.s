	.global alloca
	.type alloca,@function
alloca:
	.long 0x91003c00	/* add x0, x0, #15 */
	.long 0x927cec00	/* and x0, x0, #-16 */
	.long 0xcb2063ff	/* sub sp, sp, x0 */
	.long 0x910003e0	/* mov x0, sp */
	.long 0xd65f03c0	/* ret */
