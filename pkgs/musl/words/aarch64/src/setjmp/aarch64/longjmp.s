	.global _longjmp
	.type _longjmp,@function
	.global longjmp
	.type longjmp,@function
_longjmp:
longjmp:
	.long 0xa9405013	/* ldp x19, x20, [x0, #0] */
	.long 0xa9415815	/* ldp x21, x22, [x0, #16] */
	.long 0xa9426017	/* ldp x23, x24, [x0, #32] */
	.long 0xa9436819	/* ldp x25, x26, [x0, #48] */
	.long 0xa944701b	/* ldp x27, x28, [x0, #64] */
	.long 0xa945781d	/* ldp x29, x30, [x0, #80] */
	.long 0xf9403402	/* ldr x2, [x0, #104] */
	.long 0x9100005f	/* mov sp, x2 */
	.long 0x6d472408	/* ldp d8, d9, [x0, #112] */
	.long 0x6d482c0a	/* ldp d10, d11, [x0, #128] */
	.long 0x6d49340c	/* ldp d12, d13, [x0, #144] */
	.long 0x6d4a3c0e	/* ldp d14, d15, [x0, #160] */
	.long 0x7100003f	/* cmp w1, #0 */
	.long 0x1a9f1420	/* csinc w0, w1, wzr, ne */
	.long 0xd61f03c0	/* br x30 */
