/*
 * The program that a remote worker starts: it runs one sandbox of chx there.
 *
 *     launch SPEC
 *
 * SPEC is a list of strings, each ended by NUL: pairs of a key and a value. The mounts are
 * bubblewrap's: this program makes no sandbox, it starts the one that SPEC describes and
 * does what a caller of bubblewrap has to do. It opens the descriptors, sets what children
 * inherit, joins both outputs in one stream, keeps the limits, ends what is left, looks for
 * files that no server would mention, and writes `report/report` in the form of SPEC.
 *
 *     program, option, command   words of bubblewrap's command line, in order
 *     silence, log               seconds and bytes, 0 for no limit
 *     umask, personality         numbers in base 8 and 10
 *     writable                   a directory that the sandbox may write to: name, mode in base 8
 *     constants                  a directory of files that take the place of those in /proc
 *     filter                     a file with the program of the system call filter
 *     outputs                    the directory to look through afterwards
 *
 * Among the options, `@filter` stands for a descriptor, and a mount of `@covers` for the
 * mounts over /proc, which are chosen here, because each kernel has other files there.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define REFUSED 125
#define LEVELS 64
#define SAID 4096

static char *spec;
static size_t spec_size;
static FILE *report;

static char **words;
static size_t word_count, word_space;

static const char *filter_path, *constants, *outputs;
static long silence;
static long long log_limit;
static int mask = 022;
static pid_t launcher;
static unsigned long persona;

static void fail(const char *what)
{
	fprintf(stderr, "launch: %s: %s\n", what, strerror(errno));
	exit(REFUSED);
}

static void say(const char *key, const char *format, ...)
{
	va_list values;

	fputs(key, report);
	fputc(0, report);
	va_start(values, format);
	vfprintf(report, format, values);
	va_end(values);
	fputc(0, report);
}

static void word(const char *text)
{
	if (word_count + 1 >= word_space) {
		word_space = word_space ? 2 * word_space : 256;
		words = realloc(words, word_space * sizeof *words);
		if (!words)
			fail("memory");
	}
	words[word_count++] = (char *)text;
	words[word_count] = NULL;
}

static char *join(const char *first, const char *second)
{
	char *text = malloc(strlen(first) + strlen(second) + 1);

	if (!text)
		fail("memory");
	return strcat(strcpy(text, first), second);
}

static void read_spec(const char *path)
{
	struct stat about;
	int file = open(path, O_RDONLY | O_CLOEXEC);
	size_t done = 0;
	ssize_t got;

	if (file < 0 || fstat(file, &about))
		fail(path);
	spec_size = about.st_size;
	spec = malloc(spec_size + 1);
	while (spec && done < spec_size && (got = read(file, spec + done, spec_size - done)) > 0)
		done += got;
	if (!spec || done != spec_size)
		fail(path);
	spec[spec_size] = 0;
	close(file);
}

/* The next pair of SPEC after `*place`; 0 at its end. */
static int pair(char **place, char **key, char **value)
{
	char *end = spec + spec_size;

	if (*place >= end)
		return 0;
	*key = *place;
	*value = *key + strlen(*key) + 1;
	if (*value >= end) {
		errno = EINVAL;
		fail("spec");
	}
	*place = *value + strlen(*value) + 1;
	return 1;
}

static void make_writable(char *value)
{
	struct timespec when[2] = { { 1, 0 }, { 1, 0 } };
	char *mode = strrchr(value, ' ');

	if (!mode) {
		errno = EINVAL;
		fail("writable");
	}
	*mode++ = 0;
	if (mkdir(value, 0755) && errno != EEXIST)
		fail(value);
	if (chmod(value, strtol(mode, NULL, 8)))
		fail(value);
	utimensat(AT_FDCWD, value, when, 0);
	mode[-1] = ' ';
}

static void read_settings(void)
{
	char *place = spec, *key, *value;

	while (pair(&place, &key, &value)) {
		if (!strcmp(key, "silence"))
			silence = atol(value);
		else if (!strcmp(key, "log"))
			log_limit = atoll(value);
		else if (!strcmp(key, "umask"))
			mask = strtol(value, NULL, 8);
		else if (!strcmp(key, "personality"))
			persona = strtoul(value, NULL, 10);
		else if (!strcmp(key, "filter"))
			filter_path = value;
		else if (!strcmp(key, "constants"))
			constants = value;
		else if (!strcmp(key, "outputs"))
			outputs = value;
		else if (!strcmp(key, "writable"))
			make_writable(value);
	}
}

static void bind(const char *source, const char *target)
{
	word("--ro-bind");
	word(source);
	word(target);
}

static int is_telling(const char *name)
{
	static const char *names[] = { "interrupts", "kcore", "key-users", "keys", "latency_stats",
		"sched_debug", "timer_list", "timer_stats", NULL };
	int i;

	for (i = 0; names[i]; i++)
		if (!strcmp(name, names[i]))
			return 1;
	return 0;
}

/* Cover an entry of /proc, as builder/procfs.py says. */
static void cover(const char *name, const char *empty, int is_root)
{
	char *path = join("/proc/", name), *constant = join(join(constants, "/"), name);
	struct stat about;
	int is_open;

	if (lstat(path, &about) || S_ISLNK(about.st_mode) || !strcmp(name, "sysvipc"))
		return;
	is_open = about.st_mode & S_IROTH;
	if (!access(constant, F_OK)) {
		bind(constant, path);
		if (!strcmp(name, "sys"))
			bind("/proc/sys/kernel/random/uuid", "/proc/sys/kernel/random/uuid");
	} else if (S_ISDIR(about.st_mode))
		bind(empty, path);
	else if (is_open ? is_telling(name) : is_root)
		bind("/dev/null", path);
	else if (is_root && about.st_mode & 0222)
		bind(path, path);
}

static int by_name(const void *one, const void *other)
{
	return strcmp(*(char *const *)one, *(char *const *)other);
}

/* Cover what tells of a process that belongs to the worker. */
static void cover_process(pid_t number, const char *empty)
{
	char path[32];

	snprintf(path, sizeof path, "/proc/%d", (int)number);
	bind(empty, join(path, ""));
}

static void covers(int is_shared)
{
	char *names[1024], *empty = join(constants, "/empty");
	size_t count = 0, i;
	struct dirent *entry;
	DIR *proc = opendir("/proc");

	if (proc) {
		while (count < 1024 && (entry = readdir(proc)))
			if (entry->d_name[0] != '.' && (entry->d_name[0] < '0' || entry->d_name[0] > '9'))
				names[count++] = join(entry->d_name, "");
		closedir(proc);
	}
	qsort(names, count, sizeof *names, by_name);
	for (i = 0; i < count; i++)
		cover(names[i], empty, !geteuid());
	cover_process(1, empty);
	/* Where process numbers are those outside, this program and bubblewrap have one each. */
	if (is_shared && launcher != 1)
		cover_process(launcher, empty);
	if (is_shared)
		cover_process(getpid(), empty);
}

/*
 * The command line of bubblewrap, composed by the process that becomes it; `is_shared`: with
 * the /proc and the process numbers of this process.
 */
static void compose(int is_shared, const char *filter, const char *status)
{
	static char *apart[] = { "--unshare-user", "--unshare-ipc", "--unshare-net", "--unshare-uts",
		"--unshare-cgroup-try", NULL };
	char *place = spec, *key, *value;
	int i, is_command = 0, is_source = 0;

	word_count = 0;
	while (pair(&place, &key, &value)) {
		if (!strcmp(key, "program"))
			word(value);
		else if (!strcmp(key, "command")) {
			if (!is_command++)
				word("--");
			word(value);
		} else if (!strcmp(key, "option")) {
			if (is_source) {
				/* The target of the mount of @covers. */
				is_source = 0;
			} else if (is_shared && !strcmp(value, "--unshare-all")) {
				for (i = 0; apart[i]; i++)
					word(apart[i]);
			} else if (is_shared && !strcmp(value, "--proc")) {
				word("--ro-bind");
				word("/proc");
			} else if (!strcmp(value, "@filter"))
				word(filter);
			else if (!strcmp(value, "@status"))
				word(status);
			else if (!strcmp(value, "@covers")) {
				word_count--;
				covers(is_shared);
				is_source = 1;
			} else
				word(value);
		}
	}
}

static void put(int file, const char *data, size_t size)
{
	ssize_t done;

	while (size && (done = write(file, data, size)) > 0) {
		data += done;
		size -= done;
	}
}

static void usual(void)
{
	static const struct { int which; rlim_t soft; } limits[] = {
		{ RLIMIT_CORE, 0 }, { RLIMIT_NOFILE, 1024 }, { RLIMIT_STACK, 8 << 20 },
	};
	struct rlimit limit;
	size_t i;
	int number;

	for (i = 0; i < sizeof limits / sizeof *limits; i++)
		if (!getrlimit(limits[i].which, &limit)) {
			limit.rlim_cur = limits[i].soft;
			if (limit.rlim_max != RLIM_INFINITY && limit.rlim_max < limit.rlim_cur)
				limit.rlim_cur = limit.rlim_max;
			setrlimit(limits[i].which, &limit);
		}
	for (number = 1; number < 65; number++)
		if (number != SIGKILL && number != SIGSTOP)
			signal(number, SIG_DFL);
	setpriority(PRIO_PROCESS, 0, 0);
	umask(mask);
	personality(persona);
}

/* Start `words`, which `make` composes if there is one; its output goes to `out[1]`. */
static pid_t start(int out[2], void (*make)(void))
{
	pid_t child = fork();
	int null;

	if (child)
		return child;
	setpgid(0, 0);
	null = open("/dev/null", O_RDONLY);
	dup2(null, 0);
	dup2(out[1], 1);
	dup2(out[1], 2);
	if (make)
		make();
	usual();
	execv(words[0], words);
	fprintf(stderr, "%s: %s\n", words[0], strerror(errno));
	_exit(REFUSED);
}

/* Whether a sandbox can have a /proc of its own; else `said` is what bubblewrap says. */
static int is_possible(char *said)
{
	static const char *rest[] = { "--dev", "/dev", "--", "/", NULL };
	char *place = spec, *key, *value;
	int out[2], i;
	size_t size = 0;
	ssize_t got;
	pid_t child;

	word_count = 0;
	while (pair(&place, &key, &value))
		if (!strcmp(key, "program"))
			word(value);
	word("--unshare-all");
	bind("root", "/");
	word("--proc");
	word("/proc");
	for (i = 0; rest[i]; i++)
		word(rest[i]);
	if (pipe(out))
		fail("pipe");
	child = start(out, NULL);
	close(out[1]);
	while (size < SAID - 1 && (got = read(out[0], said + size, SAID - 1 - size)) > 0)
		size += got;
	said[size] = 0;
	close(out[0]);
	waitpid(child, NULL, 0);
	/* A directory cannot be executed: if that is the complaint, all before it worked. */
	return strstr(said, "execvp") != NULL;
}

static void kill_children(void)
{
	struct dirent *entry;
	char path[sizeof "/proc//stat" + 255], text[512], *end;
	DIR *proc = opendir("/proc");
	int file, parent;
	ssize_t got;

	if (!proc)
		return;
	while ((entry = readdir(proc)))
		if (entry->d_name[0] > '0' && entry->d_name[0] <= '9') {
			snprintf(path, sizeof path, "/proc/%s/stat", entry->d_name);
			file = open(path, O_RDONLY);
			got = file < 0 ? 0 : read(file, text, sizeof text - 1);
			if (file >= 0)
				close(file);
			text[got > 0 ? got : 0] = 0;
			end = strrchr(text, ')');
			if (end && sscanf(end + 1, " %*c %d", &parent) == 1 && parent == getpid())
				kill(atoi(entry->d_name), SIGKILL);
		}
	closedir(proc);
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec + time.tv_nsec / 1e9;
}

static volatile sig_atomic_t is_told_to_end;

static void told(int number)
{
	(void)number;
	is_told_to_end = 1;
}

/* Pass the output on until the child has ended; the reason why it was ended, or "". */
static const char *follow(pid_t child, int out, int status, char *said, int *code)
{
	struct pollfd polled[2] = { { out, POLLIN, 0 }, { status, POLLIN, 0 } };
	static char data[65536];
	const char *ended = "";
	long long written = 0;
	double last = now();
	size_t size = 0;
	int state = 0, is_over = 0;
	ssize_t got;

	while (!is_over || poll(polled, 2, 100) > 0) {
		if (!is_over)
			poll(polled, 2, 200);
		if (polled[0].revents) {
			got = read(out, data, sizeof data);
			if (got > 0) {
				last = now();
				written += got;
				if (strcmp(ended, "log"))
					put(1, data, got);
			} else {
				polled[0].fd = -1;
				polled[0].revents = 0;
			}
		}
		if (polled[1].revents) {
			got = size < SAID - 1 ? read(status, said + size, SAID - 1 - size) : 0;
			if (got > 0)
				size += got;
			else {
				polled[1].fd = -1;
				polled[1].revents = 0;
			}
		}
		if (!is_over && waitpid(child, &state, WNOHANG) == child)
			is_over = 1;
		if (is_over && polled[0].fd < 0 && polled[1].fd < 0)
			break;
		/* What is left has been adopted, and may hold the streams open. */
		if (is_over || *ended)
			kill_children();
		if (!*ended && !is_over) {
			if (is_told_to_end)
				ended = "told";
			else if (silence && now() - last >= silence)
				ended = "silence";
			else if (log_limit && written > log_limit)
				ended = "log";
			if (*ended)
				kill(-child, SIGKILL);
		}
	}
	said[size] = 0;
	*code = WIFEXITED(state) ? WEXITSTATUS(state) : 128 + WTERMSIG(state);
	return ended;
}

static void end_the_rest(void)
{
	pid_t found;

	while ((found = waitpid(-1, NULL, WNOHANG)) >= 0)
		if (!found) {
			kill_children();
			poll(NULL, 0, 2);
		}
}

/* Report what a store does not hold, and servers lose without a word. */
static void look(const char *place, int level)
{
	struct dirent *entry;
	struct stat about;
	char *path;
	DIR *listing = opendir(place);

	if (!listing) {
		chmod(place, 0755);
		listing = opendir(place);
	}
	if (!listing || level > LEVELS * 4)
		return;
	while ((entry = readdir(listing))) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		path = join(join(place, "/"), entry->d_name);
		if (lstat(path, &about))
			continue;
		if (S_ISDIR(about.st_mode)) {
			/* Servers read as an ordinary user. */
			chmod(path, 0755);
			look(path, level + 1);
		} else if (S_ISFIFO(about.st_mode))
			say("bad", "a fifo %s", path);
		else if (S_ISSOCK(about.st_mode))
			say("bad", "a socket %s", path);
		else if (S_ISCHR(about.st_mode) || S_ISBLK(about.st_mode))
			say("bad", "a device %s", path);
		else if (S_ISREG(about.st_mode)) {
			if (about.st_mode & (S_ISUID | S_ISGID))
				say("bad", "a set-id file %s", path);
			if (!(about.st_mode & S_IRUSR))
				chmod(path, about.st_mode | S_IRUSR);
		}
		free(path);
	}
	closedir(listing);
}

static char filter_number[16], status_number[16];
static int is_shared_here;

static void compose_here(void)
{
	compose(is_shared_here, filter_number, status_number);
}

int main(int count, char **arguments)
{
	static char said[SAID];
	char reported[SAID];
	int out[2], status[2], filter, is_shared, code;
	const char *ended;
	struct utsname machine;
	pid_t child;

	if (count != 2)
		return REFUSED;
	read_spec(arguments[1]);
	read_settings();
	mkdir("report", 0755);
	report = fopen("report/report", "w");
	if (!report)
		fail("report/report");
	say("chx report", "1");
	if (!uname(&machine))
		say("kernel", "%s", machine.release);
	signal(SIGTERM, told);
	signal(SIGINT, told);
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	/* If that is not possible either, bubblewrap says so when the build is to start. */
	is_shared = !is_possible(said);
	say("proc", is_shared ? "shared" : "new");
	if (is_shared)
		say("why", "%s", said);
	if (filter_path) {
		/* Not close-on-exec: bubblewrap inherits it. */
		filter = open(filter_path, O_RDONLY);
		if (filter < 0)
			fail(filter_path);
		snprintf(filter_number, sizeof filter_number, "%d", filter);
	}
	if (pipe(out) || pipe(status))
		fail("pipe");
	fcntl(out[0], F_SETFD, FD_CLOEXEC);
	fcntl(out[1], F_SETFD, FD_CLOEXEC);
	fcntl(status[0], F_SETFD, FD_CLOEXEC);
	fcntl(fileno(report), F_SETFD, FD_CLOEXEC);
	snprintf(status_number, sizeof status_number, "%d", status[1]);
	is_shared_here = is_shared;
	launcher = getpid();
	child = start(out, compose_here);
	close(out[1]);
	close(status[1]);
	ended = follow(child, out[0], status[0], reported, &code);
	end_the_rest();
	say("started", "%d", strstr(reported, "\"exit-code\"") != NULL);
	say("ended", "%s", ended);
	say("status", "%d", code);
	if (outputs && !code && !*ended)
		look(outputs, 0);
	return fclose(report) ? REFUSED : code;
}
