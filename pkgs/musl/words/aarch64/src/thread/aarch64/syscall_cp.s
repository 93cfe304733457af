	.hidden __cancel
	.global __cp_begin
	.hidden __cp_begin
	.global __cp_end
	.hidden __cp_end
	.global __cp_cancel
	.hidden __cp_cancel
	.global __syscall_cp_asm
	.hidden __syscall_cp_asm
	.type __syscall_cp_asm,@function
__syscall_cp_asm:
__cp_begin:
	.long 0xb9400000	/* ldr w0, [x0] */
	.long 0x35000140	/* cbnz w0, #40 */
	.long 0xaa0103e8	/* mov x8, x1 */
	.long 0xaa0203e0	/* mov x0, x2 */
	.long 0xaa0303e1	/* mov x1, x3 */
	.long 0xaa0403e2	/* mov x2, x4 */
	.long 0xaa0503e3	/* mov x3, x5 */
	.long 0xaa0603e4	/* mov x4, x6 */
	.long 0xaa0703e5	/* mov x5, x7 */
	.long 0xd4000001	/* svc #0 */
__cp_end:
	.long 0xd65f03c0	/* ret */
__cp_cancel:
	.long 0x58000050	/* ldr x16, #8 */
	.long 0xd61f0200	/* br x16 */
	.quad __cancel
