	.global __a_barrier
	.hidden __a_barrier
	.type __a_barrier,@function
__a_barrier:
	.long 0xd5033bbf	/* dmb ish */
	.long 0xd65f03c0	/* ret */

	.global __a_cas
	.hidden __a_cas
	.type __a_cas,@function
__a_cas:
	.long 0x885ffc03	/* ldaxr w3, [x0] */
	.long 0x6b01007f	/* cmp w3, w1 */
	.long 0x54000061	/* b.ne #12 */
	.long 0x8804fc02	/* stlxr w4, w2, [x0] */
	.long 0x35ffff84	/* cbnz w4, #-16 */
	.long 0xd5033bbf	/* dmb ish */
	.long 0x2a0303e0	/* mov w0, w3 */
	.long 0xd65f03c0	/* ret */

	.global __a_cas_p
	.hidden __a_cas_p
	.type __a_cas_p,@function
__a_cas_p:
	.long 0xc85ffc03	/* ldaxr x3, [x0] */
	.long 0xeb01007f	/* cmp x3, x1 */
	.long 0x54000061	/* b.ne #12 */
	.long 0xc804fc02	/* stlxr w4, x2, [x0] */
	.long 0x35ffff84	/* cbnz w4, #-16 */
	.long 0xd5033bbf	/* dmb ish */
	.long 0xaa0303e0	/* mov x0, x3 */
	.long 0xd65f03c0	/* ret */

	.global __a_crash
	.hidden __a_crash
	.type __a_crash,@function
__a_crash:
	.long 0xd2800000	/* mov x0, #0 */
	.long 0x3900001f	/* strb wzr, [x0] */
	.long 0x17ffffff	/* b #-4 */
