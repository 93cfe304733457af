	.global __unmapself
	.type __unmapself,@function
__unmapself:
	.long 0xd2801ae8	/* mov x8, #215 */
	.long 0xd4000001	/* svc #0 */
	.long 0xd2800ba8	/* mov x8, #93 */
	.long 0xd4000001	/* svc #0 */
