#include_next <string.h>
#include <fortify.h>

#if defined(_FORTIFY_CHECKS) && !defined(_FORTIFY_STRING_H)
#define _FORTIFY_STRING_H

_fortify(void *, memcpy, (void *__restrict const _fortify_known to, const void *__restrict const _fortify_known from, size_t length))
{
	_fortify_end_if(length > _fortify_size(to) || length > _fortify_size(from));
	return _plain(memcpy)(to, from, length);
}

_fortify(void *, memmove, (void *const _fortify_known to, const void *const _fortify_known from, size_t length))
{
	_fortify_end_if(length > _fortify_size(to) || length > _fortify_size(from));
	return _plain(memmove)(to, from, length);
}

_fortify(void *, memset, (void *const _fortify_known to, int value, size_t length))
{
	_fortify_end_if(length > _fortify_size(to));
	return _plain(memset)(to, value, length);
}

_fortify(char *, strcpy, (char *__restrict const _fortify_known to, const char *__restrict from))
{
	_fortify_end_if(_fortify_size(to) != (size_t)-1 && strlen(from) >= _fortify_size(to));
	return _plain(strcpy)(to, from);
}

_fortify(char *, strncpy, (char *__restrict const _fortify_known to, const char *__restrict from, size_t length))
{
	_fortify_end_if(length > _fortify_size(to));
	return _plain(strncpy)(to, from, length);
}

_fortify(char *, strcat, (char *__restrict const _fortify_known to, const char *__restrict from))
{
	_fortify_end_if(_fortify_size(to) != (size_t)-1 && strlen(from) + strlen(to) >= _fortify_size(to));
	return _plain(strcat)(to, from);
}

_fortify(char *, strncat, (char *__restrict const _fortify_known to, const char *__restrict from, size_t length))
{
	if (_fortify_size(to) != (size_t)-1) {
		size_t more = 0;
		while (more < length && from[more])
			more++;
		_fortify_end_if(more + strlen(to) >= _fortify_size(to));
	}
	return _plain(strncat)(to, from, length);
}

#if defined(_POSIX_SOURCE) || defined(_POSIX_C_SOURCE) || defined(_XOPEN_SOURCE) || defined(_GNU_SOURCE) || defined(_BSD_SOURCE)

_fortify(char *, stpcpy, (char *__restrict const _fortify_known to, const char *__restrict from))
{
	_fortify_end_if(_fortify_size(to) != (size_t)-1 && strlen(from) >= _fortify_size(to));
	return _plain(stpcpy)(to, from);
}

_fortify(char *, stpncpy, (char *__restrict const _fortify_known to, const char *__restrict from, size_t length))
{
	_fortify_end_if(length > _fortify_size(to));
	return _plain(stpncpy)(to, from, length);
}
#endif

#if defined(_GNU_SOURCE) || defined(_BSD_SOURCE)

_fortify(size_t, strlcpy, (char *const _fortify_known to, const char *from, size_t length))
{
	_fortify_end_if(length > _fortify_size(to));
	return _plain(strlcpy)(to, from, length);
}

_fortify(size_t, strlcat, (char *const _fortify_known to, const char *from, size_t length))
{
	_fortify_end_if(length > _fortify_size(to));
	return _plain(strlcat)(to, from, length);
}
#endif

#ifdef _GNU_SOURCE

_fortify(void *, mempcpy, (void *const _fortify_known to, const void *const _fortify_known from, size_t length))
{
	_fortify_end_if(length > _fortify_size(to) || length > _fortify_size(from));
	return _plain(mempcpy)(to, from, length);
}
#endif

#endif
