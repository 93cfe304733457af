	.global __a_barrier
	.hidden __a_barrier
	.type __a_barrier,@function
__a_barrier:
	.long 0x0330000f	/* fence rw, rw */
	.long 0x00008067	/* ret */

	.global __a_cas
	.hidden __a_cas
	.type __a_cas,@function
__a_cas:
	.long 0x160526af	/* lr.w.aqrl a3, (a0) */
	.long 0x00b69663	/* bne a3, a1, 12 */
	.long 0x1ec5272f	/* sc.w.aqrl a4, a2, (a0) */
	.long 0xfe071ae3	/* bnez a4, -12 */
	.long 0x00068513	/* mv a0, a3 */
	.long 0x00008067	/* ret */

	.global __a_cas_p
	.hidden __a_cas_p
	.type __a_cas_p,@function
__a_cas_p:
	.long 0x160536af	/* lr.d.aqrl a3, (a0) */
	.long 0x00b69663	/* bne a3, a1, 12 */
	.long 0x1ec5372f	/* sc.d.aqrl a4, a2, (a0) */
	.long 0xfe071ae3	/* bnez a4, -12 */
	.long 0x00068513	/* mv a0, a3 */
	.long 0x00008067	/* ret */

	.global __a_crash
	.hidden __a_crash
	.type __a_crash,@function
__a_crash:
	.long 0x00000023	/* sb zero, 0(zero) */
	.long 0xffdff06f	/* j -4 */
