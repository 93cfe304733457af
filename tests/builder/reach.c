/* reach ADDRESS PORT [SECONDS]: connects by IPv4, and prints what is sent first. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

int main(int count, char **arguments) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(atoi(arguments[2]))};
    struct timeval patience = {count > 3 ? atoi(arguments[3]) : 10};
    char text[100] = {0};
    int s = socket(AF_INET, SOCK_STREAM, 0);
    inet_pton(AF_INET, arguments[1], &to.sin_addr);
    setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(s, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (connect(s, (void *)&to, sizeof to)) printf("%s: %s\n", arguments[1], strerror(errno));
    else if (read(s, text, sizeof text - 1) <= 0) printf("%s: silence\n", arguments[1]);
    else printf("%s: %s\n", arguments[1], text);
    return 0;
}
