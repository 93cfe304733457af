	.hidden __sigsetjmp_tail
	.align 8
	.global sigsetjmp
	.type sigsetjmp,@function
	.global __sigsetjmp
	.type __sigsetjmp,@function
sigsetjmp:
__sigsetjmp:
	.long 0x00059863	/* bnez a1, 16 */
	.long 0x00000317	/* auipc t1, 0 */
	.long 0x04433303	/* ld t1, 68(t1) */
	.long 0x00030067	/* jr t1 */
	.long 0x0c153823	/* sd ra, 208(a0) */
	.long 0x0e853023	/* sd s0, 224(a0) */
	.long 0x00050413	/* mv s0, a0 */
	.long 0x00000317	/* auipc t1, 0 */
	.long 0x02c33303	/* ld t1, 44(t1) */
	.long 0x000300e7	/* jalr t1 */
	.long 0x00050593	/* mv a1, a0 */
	.long 0x00040513	/* mv a0, s0 */
	.long 0x0e053403	/* ld s0, 224(a0) */
	.long 0x0d053083	/* ld ra, 208(a0) */
	.long 0x00000317	/* auipc t1, 0 */
	.long 0x01833303	/* ld t1, 24(t1) */
	.long 0x00030067	/* jr t1 */
	.long 0x00000013	/* nop */
	.quad setjmp
	.quad __sigsetjmp_tail
