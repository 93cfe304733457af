	.global __longjmp
	.type __longjmp,@function
	.global _longjmp
	.type _longjmp,@function
	.global longjmp
	.type longjmp,@function
__longjmp:
_longjmp:
longjmp:
	.long 0x00053403	/* ld s0, 0(a0) */
	.long 0x00853483	/* ld s1, 8(a0) */
	.long 0x01053903	/* ld s2, 16(a0) */
	.long 0x01853983	/* ld s3, 24(a0) */
	.long 0x02053a03	/* ld s4, 32(a0) */
	.long 0x02853a83	/* ld s5, 40(a0) */
	.long 0x03053b03	/* ld s6, 48(a0) */
	.long 0x03853b83	/* ld s7, 56(a0) */
	.long 0x04053c03	/* ld s8, 64(a0) */
	.long 0x04853c83	/* ld s9, 72(a0) */
	.long 0x05053d03	/* ld s10, 80(a0) */
	.long 0x05853d83	/* ld s11, 88(a0) */
	.long 0x06053103	/* ld sp, 96(a0) */
	.long 0x06853083	/* ld ra, 104(a0) */
	.long 0x07053407	/* fld fs0, 112(a0) */
	.long 0x07853487	/* fld fs1, 120(a0) */
	.long 0x08053907	/* fld fs2, 128(a0) */
	.long 0x08853987	/* fld fs3, 136(a0) */
	.long 0x09053a07	/* fld fs4, 144(a0) */
	.long 0x09853a87	/* fld fs5, 152(a0) */
	.long 0x0a053b07	/* fld fs6, 160(a0) */
	.long 0x0a853b87	/* fld fs7, 168(a0) */
	.long 0x0b053c07	/* fld fs8, 176(a0) */
	.long 0x0b853c87	/* fld fs9, 184(a0) */
	.long 0x0c053d07	/* fld fs10, 192(a0) */
	.long 0x0c853d87	/* fld fs11, 200(a0) */
	.long 0x0015b513	/* seqz a0, a1 */
	.long 0x00b50533	/* add a0, a0, a1 */
	.long 0x00008067	/* ret */
