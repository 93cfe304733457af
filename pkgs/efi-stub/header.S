/*
 * The headers of a PE32+ file, written out: any linker for ELF makes the rest (Microsoft: PE Format).
 * There is room after them for the headers of more sections.
 */
	.section .header, "a"
	.balign 8
start:
	.ascii "MZ"
	.zero 58
	.long pe - start

pe:
	.ascii "PE\0\0"
	.short MACHINE
	.short 2			/* sections */
	.long 0, 0, 0			/* time stamp, symbols */
	.short sections - optional
	.short 0x0226			/* executable, no line numbers, large addresses, no debug data */

optional:
	.short 0x020b			/* PE32+ */
	.byte 0, 0
	.long text_size
	.long data_size
	.long 0
	.long entry_address
	.long text_address
	.quad 0				/* preferred base */
	.long 4096, 4096		/* alignment in memory and in the file */
	.short 0, 0, 0, 0, 0, 0
	.long 0
	.long image_size
	.long text_address		/* size of headers */
	.long 0				/* checksum */
	.short 10			/* a program of EFI */
	.short 0x0100			/* no execution of data */
	.quad 0, 0, 0, 0
	.long 0
	.long 6
	.quad 0, 0, 0, 0, 0, 0

sections:
	.ascii ".text\0\0\0"
	.long text_size, text_address, text_size, text_address
	.long 0, 0
	.short 0, 0
	.long 0x60000020		/* code, executed and read */

	.ascii ".data\0\0\0"
	.long data_size, data_address, data_size, data_address
	.long 0, 0
	.short 0, 0
	.long 0xc0000040		/* data, read and written */

	.section .note.GNU-stack, "", %progbits
