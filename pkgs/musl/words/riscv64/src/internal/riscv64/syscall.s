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
	.long 0x00050293	/* mv t0, a0 */
	.long 0x00058513	/* mv a0, a1 */
	.long 0x00060593	/* mv a1, a2 */
	.long 0x00068613	/* mv a2, a3 */
	.long 0x00070693	/* mv a3, a4 */
	.long 0x00078713	/* mv a4, a5 */
	.long 0x00080793	/* mv a5, a6 */
	.long 0x00028893	/* mv a7, t0 */
	.long 0x00000073	/* ecall */
	.long 0x00008067	/* ret */
