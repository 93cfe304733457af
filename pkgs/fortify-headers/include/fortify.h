/*
 * What the headers beside this one have in common: each includes the C library's and
 * puts before some of its functions a look at how large the object is that they are
 * about to write or read, as far as the compiler knows. A program that would go
 * beyond it ends at once, by an instruction that no machine has.
 *
 * The checks are in the program and cost nothing where the compiler can tell the
 * outcome; no library is needed for them. They are overloads, which clang has in C,
 * too: https://clang.llvm.org/docs/AttributeReference.html, `overloadable` and
 * `pass_object_size`.
 */
#ifndef _FORTIFY_H
#define _FORTIFY_H

#if defined(__clang__) && defined(__OPTIMIZE__) && defined(_FORTIFY_SOURCE) && _FORTIFY_SOURCE > 0
#define _FORTIFY_CHECKS 1

/* A pointer of which the caller tells how much lies behind it: the largest number if nothing is known. */
#if _FORTIFY_SOURCE > 2
#define _fortify_known __attribute__((__pass_dynamic_object_size__(0)))
#define _fortify_size(object) __builtin_dynamic_object_size((object), 0)
#else
#define _fortify_known __attribute__((__pass_object_size__(0)))
#define _fortify_size(object) __builtin_object_size((object), 0)
#endif

/* A function that is preferred to that of the C library where it is called. */
#define _fortify(type, name, parameters) \
	static __inline__ __attribute__((__always_inline__, __artificial__, __overloadable__)) type name parameters

/* The C library's: of two functions, only one that wants to be told no sizes has an address. */
#define _plain(name) (&name)

#define _fortify_end_if(condition) \
	do { \
		if (__builtin_expect(!!(condition), 0)) \
			__builtin_trap(); \
	} while (0)

#endif
#endif
