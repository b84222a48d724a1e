/* A chat-completions server whose truth is known, cheap enough to share two cores with what it measures.
 *
 *     truth_server [--ttft-ms 500] [--spread 0.2] [--tokens 100] [--gap-ms 10] [--seed 7] [--truth FILE] [--cert PEM]
 *
 * Prints `READY http://127.0.0.1:PORT/v1` (https://localhost with a certificate: TLS 1.3) and serves until SIGTERM or
 * until its stdin closes. The head of an answer goes out at once, the first token after --ttft-ms, uniform within
 * +- --spread and the same for the same seed, then a token each --gap-ms, each a write of its own.
 *
 * Rule: the schedule is absolute, so a late write never shifts the next, and the times logged are CLOCK_MONOTONIC ns:
 * the arrival of a request by the kernel's stamp, a token's immediately before the write it stands for.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#ifdef WITH_TLS
#include <openssl/err.h>
#include <openssl/ssl.h>
#else
typedef void SSL;
#endif

enum { MOST_STREAMS = 16384, HEAD_BYTES = 4096, MOST_EVENTS = 512, STEPS_A_ROUND = 64, ANSWER_BYTES = 2048 };
#define SECOND_NS 1000000000LL

#define CHUNK(delta, finish) \
    "data: {\"id\":\"chatcmpl-bench\",\"object\":\"chat.completion.chunk\",\"created\":1700000000,\"model\":\"bench\"," \
    "\"system_fingerprint\":\"fp_bench\",\"choices\":[{\"index\":0,\"delta\":" delta ",\"logprobs\":null," \
    "\"finish_reason\":" finish "}],\"usage\":null}\n\n"
static const char ROLE[] = CHUNK("{\"role\":\"assistant\",\"content\":\"\",\"refusal\":null}", "null");
static const char TOKEN[] = CHUNK("{\"content\":\" token\"}", "null");
static const char FINISH[] = CHUNK("{}", "\"length\"");

typedef struct {
    int fd;
    SSL *tls;
    bool greeted;                   /* the TLS handshake is done; always true in plain text */
    char head[HEAD_BYTES];
    int head_bytes;
    long body_bytes;                /* of the request, still to come; -1 while its head is incomplete */
    int64_t arrival_ns, due_ns, first_ns, last_ns;
    long number;
    int written;                    /* tokens */
    int place;                      /* in the heap; -1 between answers */
} stream_t;

static struct {
    double ttft_ms, spread, gap_ms;
    int tokens;
    uint64_t seed;
    const char *truth, *cert;
} asked = {500, 0.2, 10, 100, 7, NULL, NULL};

static stream_t *heap[MOST_STREAMS];
static int due_count;
static long requests;
static FILE *truth;
static volatile sig_atomic_t over;
static char first_write[ANSWER_BYTES], token_write[ANSWER_BYTES], last_write[ANSWER_BYTES];
static int first_bytes, token_bytes, last_bytes;
#ifdef WITH_TLS
static SSL_CTX *context;
#endif

static void fail(const char *what) {
    fprintf(stderr, "truth_server: %s: %s\n", what, strerror(errno));
    exit(1);
}

static int64_t now_ns(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return now.tv_sec * SECOND_NS + now.tv_nsec;
}

/* -- who is due next: a binary heap by due_ns ---------------------------------------------------------------------- */

static void put(int place, stream_t *stream) {
    heap[place] = stream;
    stream->place = place;
}

static void settle(int place) {
    stream_t *stream = heap[place];
    while (place && stream->due_ns < heap[(place - 1) / 2]->due_ns) {
        put(place, heap[(place - 1) / 2]);
        place = (place - 1) / 2;
    }
    for (int child; (child = 2 * place + 1) < due_count; place = child) {
        if (child + 1 < due_count && heap[child + 1]->due_ns < heap[child]->due_ns) child++;
        if (stream->due_ns <= heap[child]->due_ns) break;
        put(place, heap[child]);
    }
    put(place, stream);
}

static void schedule(stream_t *stream) {
    if (stream->place < 0) put(due_count++, stream);
    settle(stream->place);
}

static void unschedule(stream_t *stream) {
    int place = stream->place;
    if (place < 0) return;
    stream->place = -1;
    if (place == --due_count) return;
    put(place, heap[due_count]);
    settle(place);
}

/* -- what is written ----------------------------------------------------------------------------------------------- */

static int add_chunk(char *out, const char *text) {
    return sprintf(out, "%zx\r\n%s\r\n", strlen(text), text);
}

static void form_writes(void) {
    first_bytes = add_chunk(first_write, ROLE);
    first_bytes += add_chunk(first_write + first_bytes, TOKEN);
    token_bytes = add_chunk(token_write, TOKEN);
    char usage[512];
    sprintf(usage, "data: {\"id\":\"chatcmpl-bench\",\"object\":\"chat.completion.chunk\",\"created\":1700000000,"
            "\"model\":\"bench\",\"choices\":[],\"usage\":{\"prompt_tokens\":10,\"completion_tokens\":%d,"
            "\"total_tokens\":%d}}\n\n", asked.tokens, asked.tokens + 10);
    last_bytes = add_chunk(last_write, FINISH);
    last_bytes += add_chunk(last_write + last_bytes, usage);
    last_bytes += add_chunk(last_write + last_bytes, "data: [DONE]\n\n");
    last_bytes += sprintf(last_write + last_bytes, "0\r\n\r\n");
}

static void log_truth(stream_t *stream, const char *fault) {
    if (!truth) return;
    fprintf(truth, "{\"request_id\":\"bench-%ld\",\"model\":\"bench\",\"status\":200,\"arrival_ns\":%" PRId64,
            stream->number, stream->arrival_ns);
    if (stream->written)
        fprintf(truth, ",\"first_token_ns\":%" PRId64 ",\"last_token_ns\":%" PRId64, stream->first_ns, stream->last_ns);
    fprintf(truth, ",\"end_ns\":%" PRId64 ",\"tokens\":%d", now_ns(CLOCK_MONOTONIC), stream->written);
    fprintf(truth, fault ? ",\"fault\":\"%s\"}\n" : "}\n", fault);
}

static void hang_up(stream_t *stream) {
    if (stream->place >= 0) {
        unschedule(stream);
        log_truth(stream, "client_gone");
    }
#ifdef WITH_TLS
    if (stream->tls) SSL_free(stream->tls);
#endif
    close(stream->fd);
    free(stream);
}

/* A client so slow that its socket is full is hung up on: its truth would not be the schedule any more. */
static bool say(stream_t *stream, const char *bytes, int size) {
#ifdef WITH_TLS
    if (stream->tls) return SSL_write(stream->tls, bytes, size) == size;
#endif
    return send(stream->fd, bytes, size, MSG_NOSIGNAL) == size;
}

static void write_due(stream_t *stream) {
    bool first = stream->written == 0;
    int64_t at_ns = now_ns(CLOCK_MONOTONIC);
    if (!say(stream, first ? first_write : token_write, first ? first_bytes : token_bytes)) {
        hang_up(stream);
        return;
    }
    if (first) stream->first_ns = at_ns;
    stream->last_ns = at_ns;
    if (++stream->written < asked.tokens) {
        stream->due_ns += (int64_t)(asked.gap_ms * 1e6);
        settle(0);
        return;
    }
    unschedule(stream);
    log_truth(stream, NULL);
    stream->written = 0;
    if (!say(stream, last_write, last_bytes)) hang_up(stream);
}

/* -- what is read -------------------------------------------------------------------------------------------------- */

/* A number in [0, 1) that depends on the seed and the request's number alone (splitmix64). */
static double draw(long number) {
    uint64_t z = asked.seed + (uint64_t)(number + 1) * 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (double)((z ^ (z >> 31)) >> 11) / 9007199254740992.0;
}

static void begin_answer(stream_t *stream) {
    stream->number = requests++;
    char head[256];
    int size = sprintf(head, "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\n"
                       "transfer-encoding: chunked\r\nx-request-id: bench-%ld\r\n\r\n", stream->number);
    double factor = 1 + asked.spread * (2 * draw(stream->number) - 1);
    stream->due_ns = stream->arrival_ns + (int64_t)(asked.ttft_ms * 1e6 * factor);
    schedule(stream);
    if (!say(stream, head, size)) hang_up(stream);
}

/* Bytes of the body that follows a complete head; -1 while the head is incomplete. */
static long find_body(stream_t *stream) {
    stream->head[stream->head_bytes] = 0;
    char *end = strstr(stream->head, "\r\n\r\n"), *length = strcasestr(stream->head, "\r\ncontent-length:");
    if (!end || !length) return -1;
    return atol(length + 17) - (stream->head + stream->head_bytes - end - 4);
}

/* The kernel's stamp of the bytes that wait, on the monotonic clock; now where it gave none. */
static int64_t stamp_ns(int fd) {
    char byte, control[CMSG_SPACE(sizeof(struct timespec))];
    struct iovec part = {&byte, 1};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    int64_t at_ns = now_ns(CLOCK_MONOTONIC);
    if (recvmsg(fd, &message, MSG_PEEK) != 1) return at_ns;
    struct cmsghdr *found = CMSG_FIRSTHDR(&message);
    if (!found || found->cmsg_type != SO_TIMESTAMPNS) return at_ns;
    struct timespec stamp;
    memcpy(&stamp, CMSG_DATA(found), sizeof stamp);
    return stamp.tv_sec * SECOND_NS + stamp.tv_nsec - (now_ns(CLOCK_REALTIME) - now_ns(CLOCK_MONOTONIC));
}

/* Bytes read, 0 if there are none now, -1 at the end. */
static int hear(stream_t *stream, char *into, int room) {
#ifdef WITH_TLS
    if (stream->tls) {
        ERR_clear_error();
        int size = SSL_read(stream->tls, into, room);
        return size > 0 ? size : SSL_get_error(stream->tls, size) == SSL_ERROR_WANT_READ ? 0 : -1;
    }
#endif
    int size = recv(stream->fd, into, room, 0);
    return size > 0 ? size : size < 0 && errno == EAGAIN ? 0 : -1;
}

/* Whether TLS is ready for data; on failure the stream is gone. */
static int greet(stream_t *stream) {
#ifdef WITH_TLS
    ERR_clear_error();
    int done = SSL_do_handshake(stream->tls);
    stream->greeted = done == 1;
    if (done != 1 && SSL_get_error(stream->tls, done) != SSL_ERROR_WANT_READ) return -1;
#endif
    return stream->greeted;
}

static void read_request(stream_t *stream) {
    static char scrap[65536];
    int64_t arrival_ns = stamp_ns(stream->fd);
    int ready = stream->greeted ? 1 : greet(stream), size = ready;
    while (ready > 0 && size > 0) {
        bool in_head = stream->body_bytes < 0;
        int room = in_head ? HEAD_BYTES - 1 - stream->head_bytes : (int)sizeof scrap;
        size = room ? hear(stream, in_head ? stream->head + stream->head_bytes : scrap, room) : -1;
        if (size <= 0 || stream->place >= 0) break;  /* a client that talks into an answer is hung up on below */
        if (in_head && stream->head_bytes == 0) stream->arrival_ns = arrival_ns;
        if (in_head) stream->head_bytes += size, stream->body_bytes = find_body(stream);
        else stream->body_bytes -= size;
        if (stream->body_bytes == 0) {
            stream->head_bytes = 0;
            stream->body_bytes = -1;
            begin_answer(stream);
            return;
        }
    }
    if (ready < 0 || size < 0 || (size > 0 && stream->place >= 0)) hang_up(stream);
}

static void accept_all(int door, int poll) {
    for (int fd; (fd = accept4(door, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0;) {
        int on = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
        setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "reno", 4);  /* others may pace, which is to write late */
        stream_t *stream = calloc(1, sizeof *stream);
        if (!stream) fail("memory");
        stream->fd = fd;
        stream->place = stream->body_bytes = -1;
        stream->greeted = !asked.cert;
#ifdef WITH_TLS
        if (asked.cert) {
            stream->tls = SSL_new(context);
            SSL_set_fd(stream->tls, fd);
            SSL_set_accept_state(stream->tls);
        }
#endif
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = stream};
        if (epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event)) fail("epoll_ctl");
    }
}

/* -- the process --------------------------------------------------------------------------------------------------- */

static void stop(int number) {
    (void)number;
    over = 1;
}

static void read_options(int count, char **words) {
    for (int at = 1; at + 1 < count; at += 2) {
        const char *name = words[at], *value = words[at + 1];
        if (!strcmp(name, "--ttft-ms")) asked.ttft_ms = atof(value);
        else if (!strcmp(name, "--spread")) asked.spread = atof(value);
        else if (!strcmp(name, "--tokens")) asked.tokens = atoi(value);
        else if (!strcmp(name, "--gap-ms")) asked.gap_ms = atof(value);
        else if (!strcmp(name, "--seed")) asked.seed = strtoull(value, NULL, 10);
        else if (!strcmp(name, "--truth")) asked.truth = value;
        else if (!strcmp(name, "--cert")) asked.cert = value;
        else fprintf(stderr, "truth_server: %s: no such option\n", name), exit(1);
    }
}

static void load_certificate(void) {
#ifdef WITH_TLS
    context = SSL_CTX_new(TLS_server_method());
    SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
    if (SSL_CTX_use_certificate_chain_file(context, asked.cert) != 1 ||
        SSL_CTX_use_PrivateKey_file(context, asked.cert, SSL_FILETYPE_PEM) != 1) {
        ERR_print_errors_fp(stderr);
        exit(1);
    }
#else
    fprintf(stderr, "truth_server: --cert: compiled without TLS\n");
    exit(1);
#endif
}

static int open_door(void) {
    int door = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    struct sockaddr_in place = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof place;
    if (door < 0 || bind(door, (struct sockaddr *)&place, size) || listen(door, 4096)) fail("listen");
    getsockname(door, (struct sockaddr *)&place, &size);
    printf("READY %s:%d/v1\n", asked.cert ? "https://localhost" : "http://127.0.0.1", ntohs(place.sin_port));
    fflush(stdout);
    return door;
}

static void serve(int door, int poll) {
    static struct epoll_event events[MOST_EVENTS];
    int64_t flush_ns = 0;
    while (!over) {
        int64_t at_ns = now_ns(CLOCK_MONOTONIC);
        for (int steps = 0; due_count && heap[0]->due_ns <= at_ns && steps < STEPS_A_ROUND; steps++) {
            write_due(heap[0]);
            at_ns = now_ns(CLOCK_MONOTONIC);
        }
        if (truth && at_ns >= flush_ns) fflush(truth), flush_ns = at_ns + SECOND_NS;
        int64_t wait_ns = due_count ? heap[0]->due_ns - at_ns : SECOND_NS;
        wait_ns = wait_ns < 0 ? 0 : wait_ns > SECOND_NS ? SECOND_NS : wait_ns;
        struct timespec wait = {wait_ns / SECOND_NS, wait_ns % SECOND_NS};
        int count = epoll_pwait2(poll, events, MOST_EVENTS, &wait, NULL);
        for (int at = 0; at < count; at++) {
            char word;
            if (events[at].data.ptr == &asked) accept_all(door, poll);
            else if (events[at].data.ptr != &over) read_request(events[at].data.ptr);
            else if (read(0, &word, 1) == 0) over = 1;
        }
    }
}

int main(int count, char **words) {
    read_options(count, words);
    prctl(PR_SET_TIMERSLACK, 1UL);
    struct sigaction action = {.sa_handler = stop};
    sigaction(SIGTERM, &action, NULL);
    signal(SIGINT, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    struct rlimit files;
    if (!getrlimit(RLIMIT_NOFILE, &files)) files.rlim_cur = files.rlim_max, setrlimit(RLIMIT_NOFILE, &files);
    if (asked.truth && !(truth = fopen(asked.truth, "w"))) fail(asked.truth);
    if (asked.cert) load_certificate();
    form_writes();
    int poll = epoll_create1(EPOLL_CLOEXEC), door = open_door();
    struct epoll_event knock = {.events = EPOLLIN, .data.ptr = &asked}, parent = {.events = EPOLLIN, .data.ptr = (void *)&over};
    if (epoll_ctl(poll, EPOLL_CTL_ADD, door, &knock)) fail("epoll_ctl");
    epoll_ctl(poll, EPOLL_CTL_ADD, 0, &parent);  /* refused where stdin is a file: then only SIGTERM ends it */
    serve(door, poll);
    if (truth) fclose(truth);
    return 0;
}
