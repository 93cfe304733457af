	.hidden __syscall_ret
	.align 8
	.global vfork
	.type vfork,@function
vfork:
	.long 0x0dc00893	/* li a7, 220 */
	.long 0x00004537	/* lui a0, 4 */
	.long 0x11150513	/* addi a0, a0, 0x111 */
	.long 0x00010593	/* mv a1, sp */
	.long 0x00000073	/* ecall */
	.long 0x00000317	/* auipc t1, 0 */
	.long 0x00c33303	/* ld t1, 12(t1) */
	.long 0x00030067	/* jr t1 */
	.quad __syscall_ret
