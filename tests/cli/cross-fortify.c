/* FUNCTION [beyond]: uses as much as there is, or one more; without arguments, says which functions there are. */
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static char small[8], large[4096];
static struct pollfd files[2] = {{-1, 0, 0}, {-1, 0, 0}};
static FILE *zero;
static const char *text;
static size_t n;

static void use_vsnprintf(int unused, ...)
{
	va_list values;
	va_start(values, unused);
	vsnprintf(small, n, "%d", values);
	va_end(values);
}

static void use_vsprintf(int unused, ...)
{
	va_list values;
	va_start(values, unused);
	vsprintf(small, "%s", values);
	va_end(values);
}

#define USES \
	USE(fgets, fgets(small, (int)n, zero)) \
	USE(fread, fread(small, 1, n, zero)) \
	USE(fwrite, fwrite(small, 1, n, zero)) \
	USE(getcwd, getcwd(small, n)) \
	USE(gethostname, gethostname(small, n)) \
	USE(memcpy, memcpy(small, large, n)) \
	USE(memcpy_from, memcpy(large, small, n)) \
	USE(memmove, memmove(small, large, n)) \
	USE(mempcpy, mempcpy(small, large, n)) \
	USE(memset, memset(small, 1, n)) \
	USE(poll, poll(files, n - 6, 0)) \
	USE(pread, pread(-1, small, n, 0)) \
	USE(pwrite, pwrite(-1, small, n, 0)) \
	USE(read, read(-1, small, n)) \
	USE(readlink, readlink("/", small, n)) \
	USE(readlinkat, readlinkat(-1, "/", small, n)) \
	USE(recv, recv(-1, small, n, 0)) \
	USE(recvfrom, recvfrom(-1, small, n, 0, NULL, NULL)) \
	USE(send, send(-1, small, n, 0)) \
	USE(sendto, sendto(-1, small, n, 0, NULL, 0)) \
	USE(stpcpy, stpcpy(small, text)) \
	USE(stpncpy, stpncpy(small, text, n)) \
	USE(strcat, strcat(small, text)) \
	USE(strcpy, strcpy(small, text)) \
	USE(strlcat, strlcat(small, text, n)) \
	USE(strlcpy, strlcpy(small, text, n)) \
	USE(strncat, strncat(small, text, n)) \
	USE(strncpy, strncpy(small, text, n)) \
	USE(vsnprintf, use_vsnprintf(0, 42)) \
	USE(vsprintf, use_vsprintf(0, text)) \
	USE(write, write(-1, small, n))

int main(int argc, char **argv)
{
	int beyond = argc > 2;

	zero = fopen("/dev/zero", "r");
	text = beyond ? "12345678" : "1234567";
	n = beyond ? 9 : 8;
#define USE(name, use) \
	if (argc == 1) \
		puts(#name); \
	else if (!strcmp(argv[1], #name)) \
		(void)(use);
	USES
#undef USE
	if (argc == 1)
		puts("realpath");
	else if (!strcmp(argv[1], "realpath")) {
		if (beyond)
			realpath("/", small);
		else
			realpath("/", large);
	}
	return 0;
}
