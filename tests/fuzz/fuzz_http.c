/*
 * Any bytes from a server, and from a proxy on the way to one, through libcurl and a real socket.
 * An answer keeps its limits and is part of what was sent; of anything else a fault is told that
 * shows no password. Each question is asked once, and the registry's secret is not for the proxy.
 */
#include "fuzz.h"

#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "registry/http.h"
#include "registry/http/response.h"

#define HIDDEN "s3cretS3cret"

/* What the server's thread says to whoever comes, and what it has heard. */
static struct {
    int fd;
    const uint8_t *data;
    size_t size;
    char heard[8192]; /* of the last request, as text */
    atomic_uint came; /* connections */
    sem_t ended;      /* posted for each of them */
} server;

static struct secret hidden;
static struct trust trust = {.dir = "/"}; /* no bundle to read, and no root */
static char place[32];                    /* ADDRESS:PORT */

/* Up to the end of the header. */
static void hear(int fd)
{
    size_t len = 0;
    ssize_t n;

    server.heard[0] = '\0';
    while (len + 1 < sizeof(server.heard) &&
           (n = recv(fd, server.heard + len, sizeof(server.heard) - 1 - len, 0)) > 0) {
        len += (size_t)n;
        server.heard[len] = '\0';
        if (strstr(server.heard, "\r\n\r\n") != NULL)
            return;
    }
}

static void *serve(void *unused)
{
    char rest[4096];

    for (;;) {
        int fd = accept(server.fd, NULL, NULL);

        must(fd >= 0);
        (void)atomic_fetch_add(&server.came, 1);
        hear(fd);
        (void)send(fd, server.data, server.size, MSG_NOSIGNAL); /* it may hang up early */
        (void)shutdown(fd, SHUT_WR);
        while (recv(fd, rest, sizeof(rest), 0) > 0)
            ;
        (void)close(fd);
        must(sem_post(&server.ended) == 0);
    }
    return unused;
}

/* libFuzzer has an alarm, which interrupts whoever waits. */
static void wait_for_end(void)
{
    int ret;

    do {
        ret = sem_wait(&server.ended);
    } while (ret < 0 && errno == EINTR);
    must(ret == 0);
}

static void start_thread(void)
{
    sigset_t all;
    sigset_t before;
    pthread_t thread;

    (void)sigfillset(&all);
    must(pthread_sigmask(SIG_BLOCK, &all, &before) == 0); /* for the thread */
    must(pthread_create(&thread, NULL, serve, NULL) == 0);
    must(pthread_sigmask(SIG_SETMASK, &before, NULL) == 0);
}

static void start(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(at);
    struct error err = ERROR_INIT;
    char proxy[128];

    server.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    must(server.fd >= 0 && bind(server.fd, (struct sockaddr *)&at, size) == 0);
    must(listen(server.fd, 16) == 0 && getsockname(server.fd, (struct sockaddr *)&at, &size) == 0);
    must(sem_init(&server.ended, 0, 0) == 0);
    start_thread();
    (void)snprintf(place, sizeof(place), "127.0.0.1:%u", (unsigned)ntohs(at.sin_port));
    (void)snprintf(proxy, sizeof(proxy), "http://octocat:proxys-" HIDDEN "@%s", place);
    must(setenv("https_proxy", proxy, 1) == 0 && unsetenv("no_proxy") == 0);
    must(unsetenv("NO_PROXY") == 0 && http_init(&err) == 0);
    hidden = secret_of(HIDDEN, strlen(HIDDEN));
}

static void check_answer(const struct http_request *request, const struct http_response *response)
{
    const struct secret *body = &response->body;
    const struct secret *headers = &response->headers;

    must(response->status >= 100 && response->status <= 999);
    must(strcmp(response->peer, place) == 0);
    must(headers->len <= HTTP_HEADER_MAX && strncasecmp(headers->data, "HTTP/", 5) == 0);
    must(headers->data[headers->len - 1] == '\n');
    must(body->len <= HTTP_BODY_MAX && (!response->is_body_cut || body->len == HTTP_BODY_MAX));
    must(!request->is_head || body->len == 0);
    must(memmem(server.data, server.size, "chunked", 7) != NULL || body->len == 0 ||
         memmem(server.data, server.size, body->data, body->len) != NULL);
}

static void check_fault(const struct error *err)
{
    must(err->cls == CLASS_UNREACHABLE || err->cls == CLASS_UNPROVED);
    check_error(err, err->cls);
    must(strstr(err->message, HIDDEN) == NULL && strstr(err->hint, HIDDEN) == NULL);
}

static bool has_encoding(void)
{
    for (size_t i = 0; i + 8 <= server.size; i++) {
        if (strncasecmp((const char *)server.data + i, "encoding", 8) == 0)
            return true;
    }
    return false;
}

static void ask(const struct http_request *request, bool is_tunnel)
{
    const struct clock *clock = clock_system();
    struct http_options options = {.trust = &trust,
                                   .connect_timeout_ms = 5000,
                                   .try_timeout_ms = 5000,
                                   .clock = clock,
                                   .deadline_ms = clock_now(clock) + 5000};
    struct http_response response = HTTP_RESPONSE_INIT;
    struct error err = ERROR_INIT;
    struct http *http = http_open(&options, &err);
    unsigned came;

    must(http != NULL);
    if (http_send(http, request, &response, &err) == 0) {
        must(!is_tunnel);
        check_answer(request, &response);
    } else {
        check_fault(&err);
    }
    http_close(http);
    wait_for_end();
    came = atomic_exchange(&server.came, 0);
    /*
     * Once more without a decoder, if there is none for the body; through a tunnel once more with
     * the bundle of roots, with each of its certificates, and for the issuer.
     */
    must(came == 1 || (is_tunnel && came >= 1 && came <= 4) || (came == 2 && has_encoding()));
    for (; came > 1; came--)
        wait_for_end();
    must(!is_tunnel || strstr(server.heard, "\r\nAuthorization") == NULL);
    http_response_clear(&response);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct http_request request = {
        .auth = HTTP_AUTH_BASIC, .username = "octocat", .secret = &hidden};
    char url[64];

    if (place[0] == '\0')
        start();
    server.data = data;
    server.size = size;
    (void)snprintf(url, sizeof(url), "http://%s/v2/", place);
    request.url = url;
    ask(&request, false);
    request.is_head = true;
    ask(&request, false);
    request.url = "https://registry.example.com/v2/";
    ask(&request, true);
    return 0;
}
