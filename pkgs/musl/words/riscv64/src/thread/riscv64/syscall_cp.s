	.hidden __cancel
	.global __cp_begin
	.hidden __cp_begin
	.global __cp_end
	.hidden __cp_end
	.global __cp_cancel
	.hidden __cp_cancel
	.align 8
	.global __syscall_cp_asm
	.hidden __syscall_cp_asm
	.type __syscall_cp_asm,@function
__syscall_cp_asm:
__cp_begin:
	.long 0x00052283	/* lw t0, 0(a0) */
	.long 0x02029863	/* bnez t0, 48 */
	.long 0x00058293	/* mv t0, a1 */
	.long 0x00060513	/* mv a0, a2 */
	.long 0x00068593	/* mv a1, a3 */
	.long 0x00070613	/* mv a2, a4 */
	.long 0x00078693	/* mv a3, a5 */
	.long 0x00080713	/* mv a4, a6 */
	.long 0x00088793	/* mv a5, a7 */
	.long 0x00013803	/* ld a6, 0(sp) */
	.long 0x00028893	/* mv a7, t0 */
	.long 0x00000073	/* ecall */
__cp_end:
	.long 0x00008067	/* ret */
__cp_cancel:
	.long 0x00000317	/* auipc t1, 0 */
	.long 0x00c33303	/* ld t1, 12(t1) */
	.long 0x00030067	/* jr t1 */
	.quad __cancel
