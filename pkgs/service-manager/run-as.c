/* run-as USER PROGRAM ARGUMENT...: run a program with the rights of a user and of all its groups. */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int count, char **words)
{
	struct passwd *user;

	if (count < 3) {
		fputs("usage: run-as USER PROGRAM ARGUMENT...\n", stderr);
		return 1;
	}
	user = getpwnam(words[1]);
	if (!user) {
		fprintf(stderr, "run-as: there is no user '%s'\n", words[1]);
		return 1;
	}
	if (initgroups(user->pw_name, user->pw_gid) || setgid(user->pw_gid) || setuid(user->pw_uid)) {
		fprintf(stderr, "run-as: cannot become %s: %s\n", words[1], strerror(errno));
		return 1;
	}
	setenv("USER", user->pw_name, 1);
	setenv("HOME", user->pw_dir, 1);
	execv(words[2], words + 2);
	fprintf(stderr, "run-as: cannot run %s: %s\n", words[2], strerror(errno));
	return errno == ENOENT ? 127 : 126;
}
