	.global __unmapself
	.type __unmapself,@function
__unmapself:
	.long 0x0d700893	/* li a7, 215 */
	.long 0x00000073	/* ecall */
	.long 0x05d00893	/* li a7, 93 */
	.long 0x00000073	/* ecall */
