/*
 * The first program of an initramfs: finds the root file system that the kernel's command
 * line names, mounts it and starts its init.
 *
 *     root=PARTUUID=GUID | PARTLABEL=NAME | /dev/NAME    where it is
 *     rootfstype=TYPE                                    its file system; otherwise it is tried
 *     rootflags=OPTIONS, ro, rw                          as the kernel understands them
 *     state=...                                          as root=: a file system (ext4) for changes
 *     init=PROGRAM                                       /sbin/init otherwise
 *
 * A root that cannot be written to (erofs, squashfs) lies under an overlay: what is changed
 * is in `state`, or else in memory and gone with the machine. What lies in /handover comes to
 * /run/handover of the system. Nothing here knows of devices but by the kernel's names.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#define PATH 512
#define WAITED 10000 /* milliseconds for a disk to appear */
#define STEP 20

#ifndef BLKSSZGET
#define BLKSSZGET _IO(0x12, 104)
#endif

static char words[4096];
static char *root, *root_type, *root_flags = "", *state, *init_program = "/sbin/init";
static int is_writable;

/* The kernel panics when its first program ends, which is what a machine without a root does. */
static void fail(const char *format, ...)
{
	va_list values;

	fputs("early-init: ", stderr);
	va_start(values, format);
	vfprintf(stderr, format, values);
	va_end(values);
	fputc('\n', stderr);
	fflush(stderr);
	exit(1);
}

static void make(const char *path)
{
	if (mkdir(path, 0755) && errno != EEXIST)
		fail("cannot make %s: %s", path, strerror(errno));
}

static void mounted(const char *what, const char *where, const char *type, unsigned long flags, const char *options)
{
	make(where);
	if (mount(what, where, type, flags, options) && errno != EBUSY)
		fail("cannot mount %s at %s: %s", type ? type : what, where, strerror(errno));
}

static ssize_t read_file(const char *path, void *buffer, size_t size)
{
	ssize_t got = -1;
	int file = open(path, O_RDONLY | O_CLOEXEC);

	if (file >= 0) {
		got = read(file, buffer, size);
		close(file);
	}
	return got;
}

static char *value_of(char *word, const char *name)
{
	size_t length = strlen(name);

	return strncmp(word, name, length) ? NULL : word + length;
}

static void read_words(void)
{
	char *word, *value;
	ssize_t size = read_file("/proc/cmdline", words, sizeof words - 1);

	if (size < 0)
		fail("cannot read /proc/cmdline: %s", strerror(errno));
	words[size] = '\0';
	for (word = strtok(words, " \n"); word; word = strtok(NULL, " \n")) {
		if ((value = value_of(word, "root=")))
			root = value;
		else if ((value = value_of(word, "rootfstype=")))
			root_type = value;
		else if ((value = value_of(word, "rootflags=")))
			root_flags = value;
		else if ((value = value_of(word, "state=")))
			state = value;
		else if ((value = value_of(word, "init=")))
			init_program = value;
		else if (!strcmp(word, "rw"))
			is_writable = 1;
		else if (!strcmp(word, "ro"))
			is_writable = 0;
	}
	if (!root)
		fail("the kernel's command line has no root=");
}

static uint64_t little(const unsigned char *bytes, int count)
{
	uint64_t value = 0;

	while (count--)
		value = value << 8 | bytes[count];
	return value;
}

/* A GUID as text: its first three fields are little-endian on disks (UEFI specification, appendix A). */
static void guid_text(const unsigned char *bytes, char *text)
{
	static const unsigned char order[] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};
	int at;

	for (at = 0; at < 16; at++) {
		if (at == 4 || at == 6 || at == 8 || at == 10)
			*text++ = '-';
		text += sprintf(text, "%02x", bytes[order[at]]);
	}
}

/* Whether an entry of a partition table is the one that `wanted` names: PARTUUID=GUID or PARTLABEL=NAME. */
static int is_wanted(const unsigned char *entry, const char *wanted)
{
	char text[37];
	const char *value;
	int at;

	if (!strncmp(wanted, "PARTUUID=", 9)) {
		guid_text(entry + 16, text);
		return !strcasecmp(text, wanted + 9);
	}
	value = wanted + strlen("PARTLABEL=");
	for (at = 0; at < 36; at++) {
		unsigned letter = little(entry + 56 + 2 * at, 2);

		if (letter != (unsigned char)value[at])
			return 0;
		if (!letter)
			return 1;
	}
	return !value[36];
}

/* The number of the wanted partition in the table (GPT) of a disk; 0 if it has none. */
static int partition_on(const char *disk, const char *wanted)
{
	unsigned char header[92], entry[128];
	uint64_t table;
	uint32_t count, size, number;
	int sector = 512, found = 0, file = open(disk, O_RDONLY | O_CLOEXEC);

	if (file < 0)
		return 0;
	ioctl(file, BLKSSZGET, &sector);
	if (pread(file, header, sizeof header, sector) == sizeof header && !memcmp(header, "EFI PART", 8)) {
		table = little(header + 72, 8) * sector;
		count = little(header + 80, 4);
		size = little(header + 84, 4);
		if (size >= sizeof entry && count <= 1024)
			for (number = 0; number < count && !found; number++)
				if (pread(file, entry, sizeof entry, table + (uint64_t)number * size) == sizeof entry &&
				    is_wanted(entry, wanted))
					found = number + 1;
	}
	close(file);
	return found;
}

static int look(const char *wanted, char *device)
{
	char path[PATH];
	struct dirent *entry;
	DIR *blocks;
	int number = 0;

	if (*wanted == '/') {
		snprintf(device, PATH, "%s", wanted);
		return !access(device, F_OK);
	}
	if (strncmp(wanted, "PARTUUID=", 9) && strncmp(wanted, "PARTLABEL=", 10))
		fail("'%s' is neither a device below /dev nor PARTUUID=... nor PARTLABEL=...", wanted);
	blocks = opendir("/sys/class/block");
	while (blocks && !number && (entry = readdir(blocks))) {
		snprintf(path, sizeof path, "/sys/class/block/%s/partition", entry->d_name);
		if (*entry->d_name == '.' || !access(path, F_OK))
			continue;
		snprintf(path, sizeof path, "/dev/%s", entry->d_name);
		number = partition_on(path, wanted);
		if (number)
			snprintf(device, PATH, "%s%s%d", path, isdigit((unsigned char)path[strlen(path) - 1]) ? "p" : "", number);
	}
	if (blocks)
		closedir(blocks);
	return number && !access(device, F_OK);
}

static void find(const char *wanted, char *device)
{
	struct timespec step = {0, STEP * 1000000L};
	int waited;

	for (waited = 0; waited < WAITED; waited += STEP) {
		if (look(wanted, device))
			return;
		nanosleep(&step, NULL);
	}
	fail("there is no %s after %d seconds", wanted, WAITED / 1000);
}

/* Mount the root at /root; return whether it can be written to. */
static int mount_root(void)
{
	static char *const types[] = {"erofs", "squashfs", "ext4", NULL};
	char *given[] = {root_type, NULL}, device[PATH];
	char *const *type;
	int error = 0;

	find(root, device);
	make("/root");
	for (type = root_type ? given : types; *type; type++) {
		int is_fixed = !strcmp(*type, "erofs") || !strcmp(*type, "squashfs");

		if (!mount(device, "/root", *type, is_writable && !is_fixed ? 0 : MS_RDONLY, root_flags))
			return !is_fixed;
		if (!error || errno != EINVAL)
			error = errno;
	}
	fail("cannot mount %s (%s): %s", root, device, strerror(error));
	return 0;
}

/* Put a file system that can be written to over the root, at /system. */
static void mount_overlay(void)
{
	char device[PATH];
	int has_state = 0;

	make("/changes");
	if (state) {
		find(state, device);
		has_state = !mount(device, "/changes", "ext4", 0, "");
		if (!has_state)
			fprintf(stderr, "early-init: cannot mount %s (%s): %s; changes stay in memory\n", state, device, strerror(errno));
	}
	if (!has_state)
		mounted("tmpfs", "/changes", "tmpfs", 0, "mode=0755");
	make("/changes/files");
	make("/changes/work");
	mounted("overlay", "/system", "overlay", 0, "lowerdir=/root,upperdir=/changes/files,workdir=/changes/work");
}

static void copy_file(const char *from, const char *to, mode_t mode)
{
	char buffer[65536];
	ssize_t got, put, at;
	int in = open(from, O_RDONLY | O_CLOEXEC), out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);

	if (in < 0 || out < 0)
		fail("cannot copy %s: %s", from, strerror(errno));
	while ((got = read(in, buffer, sizeof buffer)) > 0)
		for (at = 0; at < got; at += put)
			if ((put = write(out, buffer + at, got - at)) <= 0)
				fail("cannot write %s: %s", to, strerror(errno));
	fchmod(out, mode);
	close(in);
	close(out);
}

static void copy(const char *from, const char *to)
{
	char inner_from[PATH], inner_to[PATH];
	struct dirent *entry;
	struct stat found;
	DIR *directory = opendir(from);

	make(to);
	while (directory && (entry = readdir(directory))) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		snprintf(inner_from, sizeof inner_from, "%s/%s", from, entry->d_name);
		snprintf(inner_to, sizeof inner_to, "%s/%s", to, entry->d_name);
		if (lstat(inner_from, &found))
			continue;
		if (S_ISDIR(found.st_mode))
			copy(inner_from, inner_to);
		else if (S_ISREG(found.st_mode))
			copy_file(inner_from, inner_to, found.st_mode & 0777);
	}
	if (directory)
		closedir(directory);
}

static void move(const char *from, const char *system)
{
	char to[PATH];

	snprintf(to, sizeof to, "%s%s", system, from);
	if (mount(from, to, NULL, MS_MOVE, NULL))
		fail("the root has no %s to mount at: %s", from, strerror(errno));
}

int main(int count, char **arguments)
{
	const char *system = "/root";
	char path[PATH];

	mounted("devtmpfs", "/dev", "devtmpfs", MS_NOSUID, "mode=0755");
	mounted("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, "");
	mounted("sysfs", "/sys", "sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "");
	read_words();
	if (!mount_root()) {
		mount_overlay();
		system = "/system";
	}
	snprintf(path, sizeof path, "%s/run", system);
	if (mount("tmpfs", path, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755"))
		fail("the root has no /run to mount at: %s", strerror(errno));
	if (!access("/handover", F_OK)) {
		snprintf(path, sizeof path, "%s/run/handover", system);
		copy("/handover", path);
	}
	move("/dev", system);
	move("/proc", system);
	move("/sys", system);
	if (chdir(system) || mount(".", "/", NULL, MS_MOVE, NULL) || chroot(".") || chdir("/"))
		fail("cannot change to the root: %s", strerror(errno));
	arguments[0] = init_program;
	(void)count;
	execv(init_program, arguments);
	fail("cannot start %s: %s", init_program, strerror(errno));
	return 1;
}
