	.global __get_tp
	.hidden __get_tp
	.type __get_tp,@function
__get_tp:
	.long 0xd53bd040	/* mrs x0, tpidr_el0 */
	.long 0xd65f03c0	/* ret */
