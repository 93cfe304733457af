/* What dash's configure would find out about musl. */
#define _GNU_SOURCE 1

#define HAVE_ALLOCA_H 1
#define HAVE_BSEARCH 1
#define HAVE_DECL_ISBLANK 1
#define HAVE_FACCESSAT 1
#define HAVE_FNMATCH 1
#define HAVE_GETPWNAM 1
#define HAVE_GETRLIMIT 1
#define HAVE_INTTYPES_H 1
#define HAVE_ISALPHA 1
#define HAVE_KILLPG 1
#define HAVE_MEMPCPY 1
#define HAVE_PATHS_H 1
#define HAVE_STDINT_H 1
#define HAVE_STDLIB_H 1
#define HAVE_STPCPY 1
#define HAVE_STRCHRNUL 1
#define HAVE_STRINGS_H 1
#define HAVE_STRING_H 1
#define HAVE_STRSIGNAL 1
#define HAVE_STRTOD 1
#define HAVE_STRTOIMAX 1
#define HAVE_STRTOUMAX 1
#define HAVE_ST_MTIM 1
#define HAVE_SYSCONF 1
#define HAVE_SYS_STAT_H 1
#define HAVE_SYS_TYPES_H 1
#define HAVE_UNISTD_H 1
#define SIZEOF_INTMAX_T 8
#define SIZEOF_LONG_LONG_INT 8

#define PACKAGE "dash"
#define VERSION "0.5.12"
#define SMALL 1
#define WITH_LINENO 1

/* Not where a program of the build is compiled, which may have another C library. */
#ifndef GENERATOR
/* musl's file offsets have 64 bits under their ordinary names. */
#define dirent64 dirent
#define fstat64 fstat
#define glob64 glob
#define glob64_t glob_t
#define globfree64 globfree
#define lstat64 lstat
#define open64 open
#define readdir64 readdir
#define stat64 stat
#endif
