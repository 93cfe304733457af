	.global __syscall0
	.hidden __syscall0
	.type __syscall0,@function
	.global __syscall1
	.hidden __syscall1
	.type __syscall1,@function
	.global __syscall2
	.hidden __syscall2
	.type __syscall2,@function
	.global __syscall3
	.hidden __syscall3
	.type __syscall3,@function
	.global __syscall4
	.hidden __syscall4
	.type __syscall4,@function
	.global __syscall5
	.hidden __syscall5
	.type __syscall5,@function
	.global __syscall6
	.hidden __syscall6
	.type __syscall6,@function
__syscall0:
__syscall1:
__syscall2:
__syscall3:
__syscall4:
__syscall5:
__syscall6:
	.long 0xaa0003e8	/* mov x8, x0 */
	.long 0xaa0103e0	/* mov x0, x1 */
	.long 0xaa0203e1	/* mov x1, x2 */
	.long 0xaa0303e2	/* mov x2, x3 */
	.long 0xaa0403e3	/* mov x3, x4 */
	.long 0xaa0503e4	/* mov x4, x5 */
	.long 0xaa0603e5	/* mov x5, x6 */
	.long 0xd4000001	/* svc #0 */
	.long 0xd65f03c0	/* ret */
