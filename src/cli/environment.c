#include "cli/environment.h"

#include <stdlib.h>
#include <string.h>

extern char **environ;

const char *environment(const char *name)
{
    return getenv(name);
}

void environment_forget(const char *name)
{
    char *value = name != NULL ? getenv(name) : NULL;

    if (value == NULL)
        return;
    explicit_bzero(value, strlen(value));
    (void)unsetenv(name); /* getenv() has taken the name */
}

void environment_forget_secret(const struct secret *secret)
{
    char **kept = environ;

    if (secret->len < ENVIRONMENT_SECRET_MIN)
        return;
    for (char **each = environ; each != NULL && *each != NULL; each++) {
        char *value = strchr(*each, '=');
        size_t len = value != NULL ? strcspn(++value, "\r\n") : 0;

        if (len > 0 && len == secret->len && memcmp(value, secret->data, len) == 0)
            explicit_bzero(value, strlen(value));
        else
            *kept++ = *each;
    }
    if (kept != NULL)
        *kept = NULL;
}
