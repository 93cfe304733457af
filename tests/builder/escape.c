/* Tries to get out of a sandbox, one way for each argument; prints "way: refused (errno)" or "way: DONE". */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <unistd.h>

static void told(const char *way, long result) {
    if (result < 0) printf("%s: refused (%s)\n", way, strerrorname_np(errno));
    else printf("%s: DONE\n", way);
    errno = 0;
}

static long inet(int kind, const char *address, int port, int family) {
    int s = socket(family, kind, 0);
    if (s < 0) return -1;
    if (family == AF_INET) {
        struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
        inet_pton(AF_INET, address, &to.sin_addr);
        if (connect(s, (void *)&to, sizeof to)) return -1;
    } else {
        struct sockaddr_in6 to = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
        inet_pton(AF_INET6, address, &to.sin6_addr);
        if (connect(s, (void *)&to, sizeof to)) return -1;
    }
    return kind == SOCK_DGRAM ? send(s, "x", 1, 0) : 0;
}

static long abstract(const char *name) {
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    int s = socket(AF_UNIX, SOCK_STREAM, 0);
    strcpy(to.sun_path + 1, name);
    return connect(s, (void *)&to, offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name));
}

int main(int count, char **arguments) {
    int port = atoi(arguments[1]);
    const char *name = arguments[2];
    int outside = atoi(arguments[3]);
    const char *out = arguments[4], *input = arguments[5];
    struct timeval now = {0};
    int pair[2];
    struct flock exclusive = {.l_type = F_WRLCK};
    char path[4096];
    struct iovec local = {path, 1}, remote = {(void *)0x400000, 1};

    signal(SIGIO, SIG_IGN);
    told("tcp to the host", inet(SOCK_STREAM, "127.0.0.1", port, AF_INET));
    told("tcp elsewhere", inet(SOCK_STREAM, "192.0.2.1", 80, AF_INET));
    told("tcp by IPv6", inet(SOCK_STREAM, "2001:db8::1", 80, AF_INET6));
    told("udp to a name server", inet(SOCK_DGRAM, "192.0.2.53", 53, AF_INET));
    told("abstract socket of the host", abstract(name));
    told("raw socket", socket(AF_INET, SOCK_RAW, 1));
    told("packet socket", socket(AF_PACKET, SOCK_RAW, 0));
    told("socket of a virtual machine", socket(AF_VSOCK, SOCK_STREAM, 0));
    told("socket of the kernel's ciphers", socket(AF_ALG, SOCK_SEQPACKET, 0));
    told("a pair of sockets of another family", socketpair(AF_VSOCK, SOCK_STREAM, 0, pair));
    told("events of the kernel", socket(AF_NETLINK, SOCK_RAW, 15 /* NETLINK_KOBJECT_UEVENT */));
    told("join a key ring", syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, 0));
    told("add a key", syscall(SYS_add_key, "user", "chx", "x", 1, KEY_SPEC_USER_KEYRING));
    told("signal a process outside", kill(outside, 0));
    told("trace the first process", ptrace(PTRACE_ATTACH, 1, 0, 0));
    told("read the memory of the first process", process_vm_readv(1, &local, 1, &remote, 1, 0));
    told("write the memory of the first process", process_vm_writev(1, &local, 1, &remote, 1, 0));
    told("a descriptor of the first process", syscall(434 /* pidfd_open */, 1, 0));
    told("stop the first process", (kill(1, SIGSTOP), kill(1, SIGKILL), syscall(SYS_tgkill, 1, 1, SIGSEGV), errno = EPERM, -1));
    told("open the root of the first process", open("/proc/1/root/etc/shadow", O_RDONLY));
    told("set-user-id by chmod", (close(open("f", O_CREAT | O_WRONLY, 0755)), chmod("f", 04755)));
    told("set-group-id by open", open("g", O_CREAT | O_WRONLY, 02755));
    told("become root", setuid(0));
    told("drop groups", setgid(0));
    told("block device", mknod("sda", S_IFBLK | 0600, makedev(8, 0)));
    told("character device", mknod("mem", S_IFCHR | 0600, makedev(1, 1)));
    told("open memory", open("/dev/mem", O_RDWR));
    told("extended attribute", setxattr("f", "user.x", "1", 1, 0));
    told("capability of a file", setxattr("f", "security.capability", "\1\0\0\2\377\377\377\377\0\0\0\0\0\0\0\0\0\0\0\0", 20, 0));
    told("mount", mount("none", "/tmp", "tmpfs", 0, 0));
    told("unmount", umount2("/proc", MNT_DETACH));
    told("remount the root", mount(0, "/", 0, MS_REMOUNT | MS_BIND, 0));
    told("new mount API", syscall(428 /* open_tree */, AT_FDCWD, "/", 1 /* OPEN_TREE_CLONE */));
    told("new user namespace", unshare(CLONE_NEWUSER));
    told("chroot", chroot("/tmp"));
    told("pivot_root", syscall(SYS_pivot_root, ".", "."));
    told("set the host name", sethostname("x", 1));
    told("set the clock", settimeofday(&now, 0));
    told("reboot", reboot(RB_DISABLE_CAD));
    told("load a module", syscall(SYS_init_module, "", 0, ""));
    told("swap", syscall(SYS_swapon, "f", 0));
    told("process accounting", syscall(SYS_acct, "f"));
    told("BPF", syscall(SYS_bpf, 0, 0, 0));
    told("performance counters", syscall(SYS_perf_event_open, 0, 0, -1, -1, 0));
    told("io_uring", syscall(425, 1, path));
    told("userfaultfd", syscall(SYS_userfaultfd, 0));
    told("kernel log", syscall(SYS_syslog, 3, path, sizeof path));
    told("file handles", syscall(SYS_open_by_handle_at, AT_FDCWD, path, O_RDONLY));
    told("raise priority", setpriority(0, 0, -10));
    told("type into a terminal", ioctl(0, TIOCSTI, "x"));
    told("a controlling terminal", open("/dev/tty", O_RDWR));
    told("write to an input", open(input, O_WRONLY));
    told("mode of an input", chmod(input, 0666));
    told("remove an input", unlink(input));
    snprintf(path, sizeof path, "%s/hard", out);
    told("hard link to an input", link(input, path));
    told("hard link to the root", link("/etc/passwd", path));
    told("a lease on a file of the root", fcntl(open("/etc/passwd", O_RDONLY), F_SETLEASE, F_WRLCK));
    told("a lease on an input", fcntl(open(input, O_RDONLY), F_SETLEASE, F_RDLCK));
    told("watching a folder of the root by signals", fcntl(open("/etc", O_RDONLY), F_NOTIFY, DN_ACCESS));
    told("watching what anybody opens", syscall(SYS_fanotify_init, 0x4 /* FAN_CLASS_CONTENT */, O_RDONLY));
    told("a lock that forbids others to read", fcntl(open("/etc/passwd", O_RDONLY), F_SETLK, &exclusive));
    told("write to the root", open("/usr/new", O_CREAT | O_WRONLY, 0644));
    told("mode of the root", chmod("/usr", 0777));
    told("sysctl", open("/proc/sys/kernel/core_pattern", O_WRONLY));
    told("magic keys", open("/proc/sysrq-trigger", O_WRONLY));
    told("cgroups", open("/sys/fs/cgroup/cgroup.procs", O_WRONLY));
    return 0;
}
