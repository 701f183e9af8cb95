#include "registry.h"

#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* base64 of "octocat:" and the token */
#define AUTH "b2N0b2NhdDpnaHBfTTdINGp4VUREV0hQNGtaNkE0ZHhsUVlzUUlXSnVxMTFUNFY0"

enum { CONNECTIONS_MAX = 16, REQUEST_MAX = 4096 };

struct connection {
    int fd;
    size_t len;
    char request[REQUEST_MAX + 1];
};

static struct connection connections[CONNECTIONS_MAX];
static int listener;
static unsigned port;
static volatile enum registry_mood mood;
static volatile bool is_here;
static volatile unsigned asked; /* since the mood was set */

static const char *const denied = "{\"errors\":[{\"code\":\"DENIED\",\"message\":\"denied\"}]}\n";

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

static void answer(const struct connection *c, const char *status, const char *fields,
                   const char *body)
{
    bool is_head = begins(c->request, "HEAD ");
    char text[2048];
    int len = snprintf(text, sizeof(text), "HTTP/1.1 %s\r\n%sContent-Length: %zu\r\n\r\n%s", status,
                       fields, strlen(body), is_head ? "" : body);

    (void)send(c->fd, text, (size_t)len, MSG_NOSIGNAL); /* who has hung up needs none */
}

static void challenge(const struct connection *c)
{
    char fields[512];
    char realm[128] = "https://ghcr.io";

    if (is_here)
        (void)snprintf(realm, sizeof(realm), "http://127.0.0.1:%u", port);
    if (mood == REGISTRY_FAR)
        (void)snprintf(realm, sizeof(realm), "https://elsewhere.example");
    (void)snprintf(fields, sizeof(fields),
                   "Content-Type: application/json\r\nDocker-Distribution-Api-Version: "
                   "registry/2.0\r\nWWW-Authenticate: Bearer realm=\"%s/token\","
                   "service=\"ghcr.io\",scope=\"repository:user/image:pull\"\r\n",
                   realm);
    answer(c, "401 Unauthorized", fields,
           "{\"errors\":[{\"code\":\"UNAUTHORIZED\",\"message\":\"authentication required\"}]}\n");
}

static void answer_token(const struct connection *c, unsigned number)
{
    bool is_good = strstr(c->request, "Authorization: Basic " AUTH "\r\n") != NULL &&
                   !(mood == REGISTRY_LATE && number <= 2);

    answer(c, is_good ? "200 OK" : "403 Forbidden", "Content-Type: application/json\r\n",
           is_good ? "{\"token\":\"" REGISTRY_BEARER "\"}\n" : denied);
}

static void answer_api(const struct connection *c)
{
    if (begins(c->request, "GET /user "))
        answer(c, "200 OK",
               "X-OAuth-Scopes: read:packages, repo\r\n"
               "github-authentication-token-expiration: 2099-11-28 08:00:00 UTC\r\n",
               "{\"login\":\"octocat\"}");
    else
        answer(c, "403 Forbidden",
               "X-GitHub-SSO: required; url=https://github.com/orgs/octo-org/sso?x=1\r\n",
               "{\"message\":\"Resource protected by organization SAML enforcement.\"}");
}

static void answer_request(const struct connection *c)
{
    const char *path = strchr(c->request, ' ');
    bool is_known = strstr(c->request, "Authorization: Bearer " REGISTRY_BEARER "\r\n") != NULL;
    unsigned number = ++asked;

    if (path == NULL)
        return;
    if (mood == REGISTRY_BUSY && number == 1)
        answer(c, "503 Service Unavailable", "Retry-After: 1\r\n", "<html>busy</html>");
    else if (begins(path, " /token?"))
        answer_token(c, number);
    else if (!begins(path, " /v2/"))
        answer_api(c);
    else if (!is_known && mood != REGISTRY_OPEN)
        challenge(c);
    else if (begins(path, " /v2/ ") || mood != REGISTRY_HIDING)
        answer(c, "200 OK", "", "{}");
    else
        answer(c, "404 Not Found", "", "");
}

static void hang_up(struct connection *c)
{
    (void)close(c->fd);
    c->fd = -1;
}

static void serve(struct connection *c)
{
    ssize_t n = recv(c->fd, c->request + c->len, REQUEST_MAX - c->len, 0);

    if (n <= 0) {
        hang_up(c);
        return;
    }
    c->len += (size_t)n;
    c->request[c->len] = '\0';
    if (c->len < 4 || strcmp(c->request + c->len - 4, "\r\n\r\n") != 0)
        return;
    answer_request(c);
    c->len = 0;
}

static void welcome(void)
{
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

    for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
        if (connections[i].fd >= 0)
            continue;
        connections[i] = (struct connection){.fd = fd};
        return;
    }
    (void)close(fd);
}

static void *run(void *unused)
{
    struct pollfd polled[CONNECTIONS_MAX + 1];

    for (;;) {
        for (size_t i = 0; i < CONNECTIONS_MAX; i++)
            polled[i] = (struct pollfd){.fd = connections[i].fd, .events = POLLIN};
        polled[CONNECTIONS_MAX] = (struct pollfd){.fd = listener, .events = POLLIN};
        if (poll(polled, CONNECTIONS_MAX + 1, -1) < 0)
            continue;
        for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
            if (polled[i].revents != 0)
                serve(&connections[i]);
        }
        if (polled[CONNECTIONS_MAX].revents != 0)
            welcome();
    }
    return unused;
}

unsigned registry_start(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(address);
    pthread_t thread;

    for (size_t i = 0; i < CONNECTIONS_MAX; i++)
        connections[i].fd = -1;
    listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, len) < 0 ||
        listen(listener, CONNECTIONS_MAX) < 0 ||
        getsockname(listener, (struct sockaddr *)&address, &len) < 0 ||
        pthread_create(&thread, NULL, run, NULL) != 0)
        abort();
    port = ntohs(address.sin_port);
    return port;
}

void registry_set(enum registry_mood new_mood, bool names_itself)
{
    mood = new_mood;
    is_here = names_itself;
    asked = 0;
}
