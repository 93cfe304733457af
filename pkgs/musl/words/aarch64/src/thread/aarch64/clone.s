	.global __clone
	.hidden __clone
	.type __clone,@function
__clone:
	.long 0x927cec21	/* and x1, x1, #-16 */
	.long 0xa9bf0c20	/* stp x0, x3, [x1, #-16]! */
	.long 0x2a0203e0	/* mov w0, w2 */
	.long 0xaa0403e2	/* mov x2, x4 */
	.long 0xaa0503e3	/* mov x3, x5 */
	.long 0xaa0603e4	/* mov x4, x6 */
	.long 0xd2801b88	/* mov x8, #220 */
	.long 0xd4000001	/* svc #0 */
	.long 0xb4000040	/* cbz x0, #8 */
	.long 0xd65f03c0	/* ret */
	.long 0xa8c103e1	/* ldp x1, x0, [sp], #16 */
	.long 0xd63f0020	/* blr x1 */
	.long 0xd2800ba8	/* mov x8, #93 */
	.long 0xd4000001	/* svc #0 */
