/*
 * Where a run takes place, as far as what to do next depends on it. Pure: the environment is
 * handed in.
 */
#ifndef BASE_PLACE_H
#define BASE_PLACE_H

#include <stddef.h>
#include <string.h>

enum place {
    PLACE_HOST,    /* a shell, cron, a unit: anywhere else */
    PLACE_ACTIONS, /* a step of a workflow: GITHUB_ACTIONS is "true" */
    /*
     * A command over ssh without a terminal (SSH_CONNECTION without SSH_TTY): so ssh-action runs
     * its script, which leaves no mark of its own; Ansible and plain ssh look the same.
     */
    PLACE_SSH,
    PLACE_COUNT,
};

static inline enum place place_find(const char *(*environment)(const char *name))
{
    const char *actions = environment("GITHUB_ACTIONS");

    if (actions != NULL && strcmp(actions, "true") == 0)
        return PLACE_ACTIONS;
    return environment("SSH_CONNECTION") != NULL && environment("SSH_TTY") == NULL ? PLACE_SSH
                                                                                   : PLACE_HOST;
}

#endif
