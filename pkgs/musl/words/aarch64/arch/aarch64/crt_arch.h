__asm__(
".text\n"
".align 8\n"
".global " START "\n"
".type " START ",@function\n"
START ":\n"
".long 0xd280001d\n"	/* mov x29, #0 */
".long 0xd280001e\n"	/* mov x30, #0 */
".long 0x910003e0\n"	/* mov x0, sp */
".long 0xd2800001\n"	/* mov x1, #0 */
".long 0x927cec1f\n"	/* and sp, x0, #-16 */
".long 0x58000050\n"	/* ldr x16, #8 */
".long 0xd61f0200\n"	/* br x16 */
".quad " START "_c\n"
);
