/* Prints what a process in a build can see of the machine beside its inputs: `topic<TAB>fact<TAB>value`, one a line.
 * What is under `hidden` has to be the same in every build. The other topics are those of docs/sandbox.md. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

static void say(const char *topic, const char *fact, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    printf("%s\t%s\t", topic, fact);
    vprintf(format, list);
    va_end(list);
    putchar('\n');
}

/* What a file holds, in one line; `<closed>` if it cannot be read. */
static void show(const char *topic, const char *path)
{
    static char text[1 << 18];
    ssize_t size = 0, got = 0;
    int file = open(path, O_RDONLY | O_NONBLOCK);
    while (file >= 0 && size < (ssize_t)sizeof text && (got = read(file, text + size, sizeof text - size)) > 0)
        size += got;
    if (file >= 0)
        close(file);
    printf("%s\t%s\t", topic, path);
    if (file < 0 || got < 0)
        fputs("<closed>", stdout);
    else
        for (ssize_t i = 0; i < size; i++)
            if (text[i] < 32 || text[i] > 126 || text[i] == '\\')
                printf("\\%02x", text[i] & 255);
            else
                putchar(text[i]);
    putchar('\n');
}

static int by_name(const struct dirent **a, const struct dirent **b) { return strcmp((*a)->d_name, (*b)->d_name); }

static int is_constant(const char *name)
{
    static const char *const names[] = {"cmdline", "cpuinfo", "loadavg", "meminfo", "stat", "uptime", "version"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!strcmp(name, names[i]))
            return 1;
    return 0;
}

/* All files below a directory of /proc. At the top, only names of files that are no constants. */
static void walk(const char *path, int is_top)
{
    struct dirent **list;
    int count = scandir(path, &list, NULL, by_name);
    for (int i = 0; i < count; i++) {
        const char *name = list[i]->d_name;
        char child[4096];
        struct stat about;
        if (name[0] == '.' || (is_top && strspn(name, "0123456789") == strlen(name)))
            continue;
        snprintf(child, sizeof child, "%s/%s", path, name);
        if (lstat(child, &about) || S_ISLNK(about.st_mode))
            continue;
        if (S_ISDIR(about.st_mode))
            walk(child, 0);
        else if (!strcmp(child, "/proc/sys/kernel/random/uuid"))
            show("chance", child);
        else if (!is_top || is_constant(name))
            show("hidden", child);
        else {
            int file = open(child, O_RDONLY | O_NONBLOCK);
            if (file >= 0) {
                say("left", child, "open");
                close(file);
            }
        }
    }
}

static void look_at(const char *path, int is_ours)
{
    char name[4200];
    struct statx s;
    struct statfs f;
    if (statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, STATX_ALL, &s) || statfs(path, &f)) {
        say("hidden", path, "<missing>");
        return;
    }
#define FACT(topic, what, ...) (snprintf(name, sizeof name, "%s %s", what, path), say(topic, name, __VA_ARGS__))
    FACT("hidden", "mode", "%o", s.stx_mode);
    FACT(is_ours ? "hidden" : "caller", "owner", "%u:%u", s.stx_uid, s.stx_gid);
    FACT(is_ours ? "hidden" : "time", "mtime", "%lld", (long long)s.stx_mtime.tv_sec);
    if (S_ISREG(s.stx_mode))
        FACT("hidden", "size", "%lld", (long long)s.stx_size);
    FACT("links", "links", "%u", s.stx_nlink);
    FACT("inodes", "inode", "%llu", (unsigned long long)s.stx_ino);
    FACT("inodes", "ctime", "%lld.%u", (long long)s.stx_ctime.tv_sec, s.stx_ctime.tv_nsec);
    FACT("inodes", "atime", "%lld.%u", (long long)s.stx_atime.tv_sec, s.stx_atime.tv_nsec);
    FACT("inodes", "btime", "%lld.%u", (long long)s.stx_btime.tv_sec, s.stx_btime.tv_nsec);
    FACT("file system", "device", "%u:%u", s.stx_dev_major, s.stx_dev_minor);
    FACT("file system", "blocks", "%llu of %u", (unsigned long long)s.stx_blocks, s.stx_blksize);
    FACT("file system", "type", "%lx", (long)f.f_type);
    FACT("file system", "id", "%x:%x", f.f_fsid.__val[0], f.f_fsid.__val[1]);
    FACT("file system", "free", "%lld of %lld", (long long)f.f_bfree, (long long)f.f_blocks);
}

static const char *topic_of_limit(int which)
{
    return which == RLIMIT_CORE || which == RLIMIT_NOFILE || which == RLIMIT_STACK ? "hidden" : "caller";
}

/* Fields of /proc/self/status: those that a build shares with every other, and those that are about the caller or machine. */
static void status(void)
{
    static const char *const hidden[] = {
        "Name", "Umask", "State", "Tgid", "Ngid", "TracerPid", "Uid", "Gid", "FDSize", "NStgid", "Threads", "ShdPnd", "SigPnd",
        "SigBlk", "SigIgn", "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "NoNewPrivs", "Seccomp", "CoreDumping"};
    char line[4096], name[4200];
    FILE *file = fopen("/proc/self/status", "r");
    while (file && fgets(line, sizeof line, file)) {
        const char *topic = NULL;
        char *colon = strchr(line, ':');
        if (!colon)
            continue;
        *colon = 0;
        line[strcspn(line, "\n")] = 0;
        colon[strcspn(colon + 1, "\n") + 1] = 0;
        for (size_t i = 0; i < sizeof hidden / sizeof *hidden; i++)
            if (!strcmp(line, hidden[i]))
                topic = "hidden";
        snprintf(name, sizeof name, "status %s", line);
        if (topic)
            say(topic, name, "%s", colon + 1);
    }
    if (file)
        fclose(file);
}

int main(int count, char **paths)
{
    char name[256];
    struct utsname u;
    struct sysinfo memory;
    struct timespec time;
    cpu_set_t set;

    uname(&u);
    say("hidden", "uname -s -n -m", "%s %s %s", u.sysname, u.nodename, u.machine);
    say("kernel", "uname -r -v", "%s %s", u.release, u.version);
    say("caller", "domain name", "%s", u.domainname);
    for (int clock = CLOCK_REALTIME; clock <= CLOCK_BOOTTIME; clock++)
        if (!clock_getres(clock, &time)) {
            snprintf(name, sizeof name, "resolution of clock %d", clock);
            say("kernel", name, "%ld", time.tv_nsec);
        }

    sched_getaffinity(0, sizeof set, &set);
    say("processor", "number", "%d %ld %ld", CPU_COUNT(&set), sysconf(_SC_NPROCESSORS_ONLN), sysconf(_SC_NPROCESSORS_CONF));
    say("processor", "platform", "%s", getauxval(AT_PLATFORM) ? (char *)getauxval(AT_PLATFORM) : "");
    say("processor", "capabilities", "%lx %lx", getauxval(AT_HWCAP), getauxval(AT_HWCAP2));
    say("memory", "page size", "%ld", sysconf(_SC_PAGESIZE));
    sysinfo(&memory);
    say("memory", "total", "%lu %lu", memory.totalram, memory.totalswap);
    say("load", "memory in use", "%lu %lu %lu", memory.freeram, memory.sharedram, memory.bufferram);
    say("load", "processes", "%u", memory.procs);
    say("load", "averages", "%lu %lu %lu", memory.loads[0], memory.loads[1], memory.loads[2]);
    say("time", "since start", "%ld", memory.uptime);
    clock_gettime(CLOCK_REALTIME, &time);
    say("time", "now", "%ld", time.tv_sec);
    say("chance", "AT_RANDOM", "%lx", *(unsigned long *)getauxval(AT_RANDOM));
    say("chance", "stack", "%p", (void *)&time);

    say("hidden", "personality", "%x", personality(0xffffffff));
    say("hidden", "umask", "%o", umask(022));
    say("hidden", "ids", "%d:%d %d:%d", getuid(), getgid(), geteuid(), getegid());
    say("hidden", "host id", "%lx", gethostid());
    say("hidden", "dumpable, keepcaps, securebits", "%d %d %d", prctl(PR_GET_DUMPABLE), prctl(PR_GET_KEEPCAPS), prctl(PR_GET_SECUREBITS));
    for (int which = 0; which < RLIMIT_NLIMITS; which++) {
        struct rlimit limit;
        getrlimit(which, &limit);
        snprintf(name, sizeof name, "limit %d, soft", which);
        say(topic_of_limit(which), name, "%lx", (long)limit.rlim_cur);
        snprintf(name, sizeof name, "limit %d, hard", which);
        say("caller", name, "%lx", (long)limit.rlim_max);
    }
    say("caller", "scheduling", "%d %ld", sched_getscheduler(0), syscall(SYS_ioprio_get, 1, 0));
    say("caller", "timer slack, huge pages", "%d %d", prctl(PR_GET_TIMERSLACK), prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0));

    struct if_nameindex *devices = if_nameindex();
    for (struct if_nameindex *device = devices; device && device->if_name; device++) {
        snprintf(name, sizeof name, "device %s", device->if_name);
        say(strcmp(device->if_name, "lo") ? "network" : "hidden", name, "%d", device->if_index);
    }

    walk("/proc", 1);
    status();
    show("hidden", "/proc/self/comm");
    show("hidden", "/proc/self/personality");
    show("hidden", "/proc/self/timens_offsets");
    show("hidden", "/proc/self/setgroups");
    show("caller", "/proc/self/uid_map");
    show("caller", "/proc/self/cgroup");
    show("caller", "/proc/self/oom_score_adj");
    show("caller", "/proc/self/loginuid");
    show("caller", "/proc/self/sessionid");
    show("caller", "/proc/self/coredump_filter");
    show("caller", "/proc/self/attr/current");
    show("mounts", "/proc/self/mountinfo");

    static const char *const ours[] = {"/", "/usr", "/usr/bin", "/usr/bin/sh", "/bin", "/etc", "/etc/passwd", "/chx", "/build", "/tmp",
                                       "/proc/1", "/proc/version", "/proc/sys", "/proc/sys/kernel/osrelease"};
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
        look_at(ours[i], 1);
    look_at("/proc", 0);
    look_at("/dev", 0);
    look_at("/dev/null", 0);
    look_at("/chx/store", 0);
    for (int i = 1; i < count; i++)
        look_at(paths[i], 1);
    return 0;
}
