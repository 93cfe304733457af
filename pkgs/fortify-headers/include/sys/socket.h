#include_next <sys/socket.h>
#include <fortify.h>

#if defined(_FORTIFY_CHECKS) && !defined(_FORTIFY_SYS_SOCKET_H)
#define _FORTIFY_SYS_SOCKET_H

_fortify(ssize_t, recv, (int socket, void *const _fortify_known to, size_t length, int flags))
{
	_fortify_end_if(length > _fortify_size(to));
	return _plain(recv)(socket, to, length, flags);
}

_fortify(ssize_t, recvfrom, (int socket, void *__restrict const _fortify_known to, size_t length, int flags,
	struct sockaddr *__restrict address, socklen_t *__restrict address_length))
{
	_fortify_end_if(length > _fortify_size(to));
	return _plain(recvfrom)(socket, to, length, flags, address, address_length);
}

_fortify(ssize_t, send, (int socket, const void *const _fortify_known from, size_t length, int flags))
{
	_fortify_end_if(length > _fortify_size(from));
	return _plain(send)(socket, from, length, flags);
}

_fortify(ssize_t, sendto, (int socket, const void *const _fortify_known from, size_t length, int flags,
	const struct sockaddr *address, socklen_t address_length))
{
	_fortify_end_if(length > _fortify_size(from));
	return _plain(sendto)(socket, from, length, flags, address, address_length);
}

#endif
