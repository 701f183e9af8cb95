#include "base/place.h"

#include <stddef.h>
#include <string.h>

enum place place_find(const char *(*environment)(const char *name))
{
    const char *actions = environment("GITHUB_ACTIONS");

    if (actions != NULL && strcmp(actions, "true") == 0)
        return PLACE_ACTIONS;
    return environment("SSH_CONNECTION") != NULL && environment("SSH_TTY") == NULL ? PLACE_SSH
                                                                                   : PLACE_HOST;
}
