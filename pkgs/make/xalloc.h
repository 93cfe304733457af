/* The little that make's copies of library files want of gnulib's xalloc.h. */
#include <stddef.h>
#include <stdlib.h>

extern void *xmalloc (size_t);
extern char *xstrdup (const char *);
#define xalloc_die abort
#define XNMALLOC(n, type) ((type *) xmalloc ((n) * sizeof (type)))
