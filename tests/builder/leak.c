/* Makes an output and hands descriptors of it to whoever listens at an abstract socket: leak SOCKET OUTPUT. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define COUNT 6

int main(int count, char **arguments) {
    const char *name = arguments[1], *out = arguments[2];
    int given[COUNT];
    char answer;

    /* Everything may be changed by everybody: what protects it must not be its modes. */
    umask(0);
    mkdir(out, 0777);
    if (chdir(out)) return 1;
    mkdir("folder", 0777);
    int file = open("folder/file", O_CREAT | O_RDWR, 0666);
    if (write(file, "good", 4) != 4) return 1;
    link("folder/file", "second");
    link("folder/file", "/chx/store/beside");
    chmod("/build", 0777);
    chmod("/chx/store", 0777);
    mkdir("/build/deep", 0777);
    close(open("/build/deep/file", O_CREAT | O_RDWR, 0666));

    struct sockaddr_un to = {.sun_family = AF_UNIX};
    int s = socket(AF_UNIX, SOCK_STREAM, 0);
    strcpy(to.sun_path + 1, name);
    if (connect(s, (void *)&to, offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name))) {
        puts("nobody listens");
        return 0;
    }
    given[0] = file;
    given[1] = open(".", O_RDONLY | O_DIRECTORY);
    given[2] = open("folder", O_RDONLY | O_DIRECTORY);
    given[3] = open("/chx/store", O_RDONLY | O_DIRECTORY);
    given[4] = open("/build", O_RDONLY | O_DIRECTORY);
    given[5] = open("/chx/store/beside", O_RDWR);

    char space[CMSG_SPACE(sizeof given)] = {0};
    struct iovec data = {"x", 1};
    struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1, .msg_control = space, .msg_controllen = sizeof space};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof given);
    memcpy(CMSG_DATA(header), given, sizeof given);
    if (sendmsg(s, &message, 0) != 1) return 1;
    puts("handed out");
    return read(s, &answer, 1) < 0;
}
