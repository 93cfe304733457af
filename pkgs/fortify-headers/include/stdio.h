#include_next <stdio.h>
#include <fortify.h>

#if defined(_FORTIFY_CHECKS) && !defined(_FORTIFY_STDIO_H)
#define _FORTIFY_STDIO_H

_fortify(char *, fgets, (char *__restrict const _fortify_known to, int length, FILE *__restrict file))
{
	_fortify_end_if(length > 0 && (size_t)length > _fortify_size(to));
	return _plain(fgets)(to, length, file);
}

_fortify(size_t, fread, (void *__restrict const _fortify_known to, size_t size, size_t count, FILE *__restrict file))
{
	_fortify_end_if(_fortify_size(to) != (size_t)-1 && size && count > _fortify_size(to) / size);
	return _plain(fread)(to, size, count, file);
}

_fortify(size_t, fwrite, (const void *__restrict const _fortify_known from, size_t size, size_t count, FILE *__restrict file))
{
	_fortify_end_if(_fortify_size(from) != (size_t)-1 && size && count > _fortify_size(from) / size);
	return _plain(fwrite)(from, size, count, file);
}

_fortify(int, vsnprintf, (char *__restrict const _fortify_known to, size_t length, const char *__restrict format, __builtin_va_list values))
{
	_fortify_end_if(length > _fortify_size(to));
	return _plain(vsnprintf)(to, length, format, values);
}

_fortify(int, vsprintf, (char *__restrict const _fortify_known to, const char *__restrict format, __builtin_va_list values))
{
	int length;

	if (_fortify_size(to) == (size_t)-1)
		return _plain(vsprintf)(to, format, values);
	length = _plain(vsnprintf)(to, _fortify_size(to), format, values);
	_fortify_end_if(length >= 0 && (size_t)length >= _fortify_size(to));
	return length;
}

#endif
