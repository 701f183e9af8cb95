/*
 * auth_file_check() and auth_file_store() with the machine's clock.
 */
#ifndef TESTS_STORE_STORING_H
#define TESTS_STORE_STORING_H

#include "store/auth_file.h"
#include "files.h"

/* A login to `registry` in a file of docker's. */
static inline struct entry storing_entry(const char *path, const char *registry,
                                         const struct secret *auth)
{
    return (struct entry){.owner = &reader_docker,
                          .reader = &reader_docker,
                          .path = path,
                          .key = registry,
                          .registry = registry,
                          .auth = auth};
}

static inline int storing_check(const struct entry *what, struct error *err)
{
    struct entry file = *what;
    struct auth_file_result result;

    file.clock = clock_system();
    file.deadline_ms = support_in_ms(2000);
    return auth_file_check(&file, &result, err);
}

static inline int storing_store(const struct entry *what, int64_t deadline_ms, bool *changed,
                                struct warnings *warnings, struct error *err)
{
    struct entry file = *what;
    struct auth_file_result result = {.changed = false};
    int ret;

    file.clock = clock_system();
    file.deadline_ms = deadline_ms;
    ret = auth_file_store(&file, &result, warnings, err);
    *changed = result.changed;
    return ret;
}

#endif
