#include "cli/environment.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

extern char **environ;

const char *environment(const char *name)
{
    return getenv(name);
}

void environment_forget(const char *name)
{
    size_t len = name != NULL ? strlen(name) : 0;

    if (len == 0)
        return;
    for (char **each = environ; each != NULL && *each != NULL; each++) {
        if (strncmp(*each, name, len) == 0 && (*each)[len] == '=')
            explicit_bzero(*each + len + 1, strlen(*each + len + 1));
    }
    (void)unsetenv(
        name); /* every one of them; a name with '=' it does not take, nor is there one */
}

void environment_forget_all(void)
{
    for (char **each = environ; each != NULL && *each != NULL; each++) {
        explicit_bzero(*each, strlen(*each));
        *each = NULL;
    }
}

/* Line ends after the value are not part of the token: credential/input.c has cut them off, too. */
void environment_forget_secret(const struct secret *secret)
{
    char **kept = environ;

    if (secret->len < ENVIRONMENT_SECRET_MIN)
        return;
    for (char **each = environ; each != NULL && *each != NULL; each++) {
        char *value = strchr(*each, '=');
        size_t len = value != NULL ? strcspn(++value, "\r\n") : 0;
        bool is_line = len > 0 && value[len + strspn(value + len, "\r\n")] == '\0';

        if (is_line && len == secret->len && memcmp(value, secret->data, len) == 0)
            explicit_bzero(value, strlen(value));
        else
            *kept++ = *each;
    }
    if (kept != NULL)
        *kept = NULL;
}
