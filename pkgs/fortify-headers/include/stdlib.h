#include_next <stdlib.h>
#include <fortify.h>

#if defined(_FORTIFY_CHECKS) && !defined(_FORTIFY_STDLIB_H)
#define _FORTIFY_STDLIB_H

#if defined(_XOPEN_SOURCE) || defined(_GNU_SOURCE) || defined(_BSD_SOURCE)

/* It is given no length and writes as much as a path can have. */
_fortify(char *, realpath, (const char *__restrict path, char *__restrict const _fortify_known to))
{
	_fortify_end_if(to && _fortify_size(to) < 4096);
	return _plain(realpath)(path, to);
}

#endif
#endif
