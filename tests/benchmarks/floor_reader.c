/* The floor under every client: an epoll loop that reads chat streams back to back and looks at nothing.
 *
 *     floor_reader PORT STREAMS [BODY]
 *
 * Rule: it does what any client of the same streams has to do (ask, wait, read, notice the end, ask again) and nothing
 * else: no HTTP, no events, no times. Streams begin evenly over the first second and a half. It runs until its
 * stdin closes; its CPU time is read from outside, as that of every client.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MOST_EVENTS = 512, TAIL_BYTES = 7, RAMP_MS = 1500 };
static const char TAIL[] = "\r\n0\r\n\r\n";  /* ends a chunked body */

static char request[4096], buffer[65536];
static int request_bytes;

static void fail(const char *what) {
    fprintf(stderr, "floor_reader: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void ask(int fd) {
    if (send(fd, request, request_bytes, MSG_NOSIGNAL) != request_bytes) fail("send");
}

static int dial(int port) {
    struct sockaddr_in place = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int on = 1, fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&place, sizeof place)) fail("connect");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

static double now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1e3 + now.tv_nsec / 1e6;
}

int main(int count, char **words) {
    if (count < 3) return fprintf(stderr, "floor_reader PORT STREAMS [BODY]\n"), 1;
    int port = atoi(words[1]), streams = atoi(words[2]), begun = 0;
    const char *body = count > 3 ? words[3] : "{}";
    request_bytes = snprintf(request, sizeof request, "POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\n"
                             "content-type: application/json\r\ncontent-length: %zu\r\n\r\n%s", strlen(body), body);
    struct rlimit files;
    if (!getrlimit(RLIMIT_NOFILE, &files)) files.rlim_cur = files.rlim_max, setrlimit(RLIMIT_NOFILE, &files);
    int poll = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = 0}, events[MOST_EVENTS];
    if (epoll_ctl(poll, EPOLL_CTL_ADD, 0, &event)) fail("stdin");
    for (double began_ms = now_ms();;) {
        while (begun < streams && now_ms() - began_ms >= (double)RAMP_MS * begun / streams) {
            event.data.fd = dial(port);
            if (epoll_ctl(poll, EPOLL_CTL_ADD, event.data.fd, &event)) fail("epoll_ctl");
            ask(event.data.fd);
            begun++;
        }
        int ready = epoll_wait(poll, events, MOST_EVENTS, begun < streams ? 1 : -1);
        for (int at = 0; at < ready; at++) {
            int fd = events[at].data.fd;
            if (fd == 0) return 0;
            ssize_t size = recv(fd, buffer, sizeof buffer, MSG_DONTWAIT);
            if (size == 0) return fprintf(stderr, "floor_reader: the server hung up\n"), 1;
            if (size >= TAIL_BYTES && !memcmp(buffer + size - TAIL_BYTES, TAIL, TAIL_BYTES)) ask(fd);
        }
    }
}
