#include "store/key.h"

#include <stdio.h>
#include <string.h>

enum { HOST_SIZE = 512 };

static bool has_scheme(const char *key)
{
    return strncmp(key, "https://", 8) == 0 || strncmp(key, "http://", 7) == 0;
}

const char *key_host(char *host, size_t size, const char *key)
{
    const char *from = has_scheme(key) ? strstr(key, "://") + 3 : key;

    (void)snprintf(host, size, "%.*s", (int)strcspn(from, "/"), from);
    return host;
}

static bool is_docker_hub(const char *host)
{
    static const char *const names[] = {"docker.io", "index.docker.io", "registry-1.docker.io"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(names[i], host) == 0)
            return true;
    }
    return false;
}

static bool is_same_host(const char *a, const char *b)
{
    return strcmp(a, b) == 0 || (is_docker_hub(a) && is_docker_hub(b));
}

bool key_is_fallback(const char *key, const char *wanted)
{
    char host[HOST_SIZE];

    return strcmp(key, wanted) != 0 && strcmp(key_host(host, sizeof(host), key), wanted) == 0;
}

bool key_is_spelling(const char *key, const char *wanted)
{
    bool is_whole = has_scheme(key) || strchr(key, '/') == NULL;
    bool is_whole_wanted = has_scheme(wanted) || strchr(wanted, '/') == NULL;
    char host[HOST_SIZE];
    char wanted_host[HOST_SIZE];

    return is_whole && is_whole_wanted && strcmp(key, wanted) != 0 &&
           is_same_host(key_host(host, sizeof(host), key),
                        key_host(wanted_host, sizeof(wanted_host), wanted));
}
