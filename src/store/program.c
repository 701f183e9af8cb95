#include "store/program.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

extern char **environ;

/* The variable that this program takes its token from by itself; a helper has no use for it. */
static const char own_variable[] = "GHCR_TOKEN=";

static bool is_file(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

int program_find(char path[PATH_MAX], const char *name, const char *search, struct error *err)
{
    char refused[PATH_MAX] = "";
    char each[PATH_MAX];

    for (const char *dir = search; dir != NULL; dir = strchr(dir, ':')) {
        dir += *dir == ':';
        if (*dir != '/' || snprintf(each, sizeof(each), "%.*s/%s", (int)strcspn(dir, ":"), dir,
                                    name) >= (int)sizeof(each))
            continue;
        if (!is_file(each))
            continue;
        if (faccessat(AT_FDCWD, each, X_OK, AT_EACCESS) == 0) {
            memcpy(path, each, sizeof(each));
            return 0;
        }
        memcpy(refused, each, sizeof(each));
    }
    if (refused[0] != '\0') {
        (void)error_set(err, CLASS_HELPER, "'%s' is not executable", refused);
        return error_hint(err, "chmod +x it, or install the credential helper again");
    }
    (void)error_set(err, CLASS_HELPER, "there is no '%s' on PATH", name);
    return error_hint(err,
                      "install it, remove it from \"credsStore\" or \"credHelpers\" in the auth "
                      "file, or log in with --no-helper");
}

char **program_environment(struct error *err)
{
    size_t count = 0;
    char **kept;

    while (environ != NULL && environ[count] != NULL)
        count++;
    kept = calloc(count + 1, sizeof(*kept));
    if (kept == NULL) {
        (void)error_no_memory(err);
        return NULL;
    }
    for (size_t i = 0, used = 0; i < count; i++) {
        if (strncmp(environ[i], own_variable, sizeof(own_variable) - 1) != 0)
            kept[used++] = environ[i];
    }
    return kept;
}
