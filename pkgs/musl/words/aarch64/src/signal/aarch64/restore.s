	.global __restore
	.hidden __restore
	.type __restore,@function
	.global __restore_rt
	.hidden __restore_rt
	.type __restore_rt,@function
__restore:
__restore_rt:
	.long 0xd2801168	/* mov x8, #139 */
	.long 0xd4000001	/* svc #0 */
