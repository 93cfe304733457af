	.global __setjmp
	.type __setjmp,@function
	.global _setjmp
	.type _setjmp,@function
	.global setjmp
	.type setjmp,@function
__setjmp:
_setjmp:
setjmp:
	.long 0x00853023	/* sd s0, 0(a0) */
	.long 0x00953423	/* sd s1, 8(a0) */
	.long 0x01253823	/* sd s2, 16(a0) */
	.long 0x01353c23	/* sd s3, 24(a0) */
	.long 0x03453023	/* sd s4, 32(a0) */
	.long 0x03553423	/* sd s5, 40(a0) */
	.long 0x03653823	/* sd s6, 48(a0) */
	.long 0x03753c23	/* sd s7, 56(a0) */
	.long 0x05853023	/* sd s8, 64(a0) */
	.long 0x05953423	/* sd s9, 72(a0) */
	.long 0x05a53823	/* sd s10, 80(a0) */
	.long 0x05b53c23	/* sd s11, 88(a0) */
	.long 0x06253023	/* sd sp, 96(a0) */
	.long 0x06153423	/* sd ra, 104(a0) */
	.long 0x06853827	/* fsd fs0, 112(a0) */
	.long 0x06953c27	/* fsd fs1, 120(a0) */
	.long 0x09253027	/* fsd fs2, 128(a0) */
	.long 0x09353427	/* fsd fs3, 136(a0) */
	.long 0x09453827	/* fsd fs4, 144(a0) */
	.long 0x09553c27	/* fsd fs5, 152(a0) */
	.long 0x0b653027	/* fsd fs6, 160(a0) */
	.long 0x0b753427	/* fsd fs7, 168(a0) */
	.long 0x0b853827	/* fsd fs8, 176(a0) */
	.long 0x0b953c27	/* fsd fs9, 184(a0) */
	.long 0x0da53027	/* fsd fs10, 192(a0) */
	.long 0x0db53427	/* fsd fs11, 200(a0) */
	.long 0x00000513	/* li a0, 0 */
	.long 0x00008067	/* ret */
