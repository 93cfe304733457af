#include_next <poll.h>
#include <fortify.h>

#if defined(_FORTIFY_CHECKS) && !defined(_FORTIFY_POLL_H)
#define _FORTIFY_POLL_H

_fortify(int, poll, (struct pollfd *const _fortify_known files, nfds_t count, int milliseconds))
{
	_fortify_end_if(count > _fortify_size(files) / sizeof *files);
	return _plain(poll)(files, count, milliseconds);
}

#endif
