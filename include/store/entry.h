/*
 * One entry of an auth file: the file and its owner, the key, and the content. Values only.
 */
#ifndef STORE_ENTRY_H
#define STORE_ENTRY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/secret.h"
#include "store/reader.h"

/* All of it borrowed. */
struct entry {
    const char *path;
    const char *shown;           /* how warnings name the file, a copy for one; NULL: by its path */
    const struct reader *owner;  /* in whose format the file is */
    const struct reader *reader; /* who reads it there ... */
    const struct reader *second; /* ... and who else does; NULL: nobody */
    const char *registry;        /* its host: "ghcr.io", "docker.io" */
    const char *key;             /* as its owner spells it; NULL: every entry of the file */
    bool at_pull;                /* it is not stored: its readers ask this program's helper */
    bool no_helper;              /* no credential helper is asked, whatever the file names */
    const struct clock *clock;
    int64_t deadline_ms; /* for other runs of this program, and for a helper */

    /* What is to be stored; of what is removed: only an entry with these (NULL: any). */
    const char *username;
    const struct secret *token;
    const struct secret *auth; /* base64 of user:token */
};

static inline const char *entry_shown(const struct entry *entry)
{
    return entry->shown != NULL ? entry->shown : entry->path;
}

/* What its first reader calls the registry, and helpers by. */
static inline const char *entry_host(const struct entry *entry)
{
    return reader_host(entry->reader, entry->registry);
}

#endif
