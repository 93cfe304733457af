	.global __restore
	.hidden __restore
	.type __restore,@function
	.global __restore_rt
	.hidden __restore_rt
	.type __restore_rt,@function
__restore:
__restore_rt:
	.long 0x08b00893	/* li a7, 139 */
	.long 0x00000073	/* ecall */
