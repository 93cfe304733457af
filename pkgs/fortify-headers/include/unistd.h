#include_next <unistd.h>
#include <fortify.h>

#if defined(_FORTIFY_CHECKS) && !defined(_FORTIFY_UNISTD_H)
#define _FORTIFY_UNISTD_H

_fortify(char *, getcwd, (char *const _fortify_known to, size_t length))
{
	_fortify_end_if(to && length > _fortify_size(to));
	return _plain(getcwd)(to, length);
}

_fortify(int, gethostname, (char *const _fortify_known to, size_t length))
{
	_fortify_end_if(length > _fortify_size(to));
	return _plain(gethostname)(to, length);
}

_fortify(ssize_t, pread, (int file, void *const _fortify_known to, size_t length, off_t place))
{
	_fortify_end_if(length > _fortify_size(to));
	return _plain(pread)(file, to, length, place);
}

_fortify(ssize_t, pwrite, (int file, const void *const _fortify_known from, size_t length, off_t place))
{
	_fortify_end_if(length > _fortify_size(from));
	return _plain(pwrite)(file, from, length, place);
}

_fortify(ssize_t, read, (int file, void *const _fortify_known to, size_t length))
{
	_fortify_end_if(length > _fortify_size(to));
	return _plain(read)(file, to, length);
}

_fortify(ssize_t, readlink, (const char *__restrict path, char *__restrict const _fortify_known to, size_t length))
{
	_fortify_end_if(length > _fortify_size(to));
	return _plain(readlink)(path, to, length);
}

_fortify(ssize_t, readlinkat, (int folder, const char *__restrict path, char *__restrict const _fortify_known to, size_t length))
{
	_fortify_end_if(length > _fortify_size(to));
	return _plain(readlinkat)(folder, path, to, length);
}

_fortify(ssize_t, write, (int file, const void *const _fortify_known from, size_t length))
{
	_fortify_end_if(length > _fortify_size(from));
	return _plain(write)(file, from, length);
}

#endif
