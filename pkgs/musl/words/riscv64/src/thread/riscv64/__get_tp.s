	.global __get_tp
	.hidden __get_tp
	.type __get_tp,@function
__get_tp:
	.long 0x00020513	/* mv a0, tp */
	.long 0x00008067	/* ret */
