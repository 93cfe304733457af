	.hidden __sigsetjmp_tail
	.global sigsetjmp
	.type sigsetjmp,@function
	.global __sigsetjmp
	.type __sigsetjmp,@function
sigsetjmp:
__sigsetjmp:
	.long 0xb50000a1	/* cbnz x1, #20 */
	.long 0x58000050	/* ldr x16, #8 */
	.long 0xd61f0200	/* br x16 */
	.quad setjmp
	.long 0xf900581e	/* str x30, [x0, #176] */
	.long 0xf9006013	/* str x19, [x0, #192] */
	.long 0xaa0003f3	/* mov x19, x0 */
	.long 0x58000130	/* ldr x16, #36 */
	.long 0xd63f0200	/* blr x16 */
	.long 0x2a0003e1	/* mov w1, w0 */
	.long 0xaa1303e0	/* mov x0, x19 */
	.long 0xf940581e	/* ldr x30, [x0, #176] */
	.long 0xf9406013	/* ldr x19, [x0, #192] */
	.long 0x580000b0	/* ldr x16, #20 */
	.long 0xd61f0200	/* br x16 */
	.long 0xd503201f	/* nop */
	.quad setjmp
	.quad __sigsetjmp_tail
