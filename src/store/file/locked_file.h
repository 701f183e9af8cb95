/*
 * Read, change and replace one file safely, whatever other processes do to it.
 *
 * Promises:
 *   - At every instant, also after SIGKILL or on a full disk, the path holds the old file or the
 *     new one, whole. A new file is written beside the real one, synced, and put in its place by
 *     one system call; the directory is synced after it.
 *   - Of two runs of this program one waits for the other, also on another host where the file
 *     system passes locks on; the lock ends with the process.
 *   - A program that knows no lock (docker, podman) and replaces the file between our reading and
 *     our writing is noticed, its file is kept, and the caller is told to begin again.
 *   - A file that is itself a mount point cannot be replaced, and is refused.
 *   - A link stays a link; its target is replaced, beside itself.
 *   - All is done in the directory that was opened and locked: anyone who moves it away in the
 *     meantime, or puts a link in its place, causes nothing elsewhere, and leaves nothing behind.
 *   - A new file has mode 0600 and a new directory 0700; an old file keeps mode and owner.
 *   - No temporary file is left on any failure or signal but SIGKILL; one left by that is removed
 *     by the next run, or, if another host may be writing it, by one ten minutes later.
 *
 * Order of calls: locked_file_open, then any number of (locked_file_read, locked_file_replace),
 * then locked_file_close; or, to read alone, locked_file_look, locked_file_read, locked_file_close.
 * If a path may have been pointed elsewhere in between, locked_file_is_there() tells, after the
 * last read: if not, close and begin again. edit_apply() does all of that until nobody comes in
 * between. Every error is CLASS_AUTHFILE.
 */
#ifndef STORE_FILE_LOCKED_FILE_H
#define STORE_FILE_LOCKED_FILE_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/secret.h"
#include "store/file/lock.h"
#include "store/file/replace.h"

struct locked_file {
    char path[PATH_MAX]; /* the real file, links resolved */
    char dir[PATH_MAX];  /* its directory */
    int dir_fd;
    struct lock lock;
    struct version seen;     /* the file as it was read */
    char left[NAME_MAX + 1]; /* a file in there that could not be removed, and holds a secret */
    bool is_poorer;          /* the new file lacks rights or attributes that the old one had */
    const struct clock *clock;
    int64_t deadline_ms; /* of whatever is waited for */
};

#define LOCKED_FILE_INIT                                                                           \
    ((struct locked_file){.dir_fd = -1, .lock = LOCK_INIT, .seen = VERSION_INIT})

/*
 * Resolve links, make the directory if it is missing, and wait for the lock until `deadline_ms`.
 * Returns 0, or -1 with *err set and nothing held.
 */
int locked_file_open(struct locked_file *file, const char *path, const struct clock *clock,
                     int64_t deadline_ms, struct error *err) __attribute__((warn_unused_result));

/*
 * The same without a lock, and without making a directory: for a look before there is a need.
 * Nothing may be replaced then.
 */
int locked_file_look(struct locked_file *file, const char *path, struct error *err)
    __attribute__((warn_unused_result));

/*
 * Read the whole file, at most `max` bytes; a file that is absent reads as empty.
 * Returns 0 and replaces *text (release with secret_clear()), or -1 with *err set.
 */
int locked_file_read(struct locked_file *file, struct secret *text, size_t max, struct error *err)
    __attribute__((warn_unused_result));

enum locked_file_result {
    LOCKED_FILE_FAILED = -1, /* *err is set; the file is as it was */
    LOCKED_FILE_REPLACED = 0,
    LOCKED_FILE_STALE,    /* somebody changed the file since it was read: read again */
    LOCKED_FILE_UNSYNCED, /* replaced, but *err says why that may not last */
};

enum locked_file_result locked_file_replace(struct locked_file *file, const struct secret *text,
                                            struct error *err) __attribute__((warn_unused_result));

/*
 * Whether `path` still leads to this file: to this name in this directory. If it does not, a
 * link was pointed elsewhere or the directory was moved, and what was read and written is what
 * nobody finds there any more.
 */
bool locked_file_is_there(const struct locked_file *file, const char *path);

/* Accepts a file that was never opened. */
void locked_file_close(struct locked_file *file);

/*
 * What is to become of a text: fill *out, and tell in *changed whether it differs from `in`. `name`
 * speaks of the file in errors: "'/x/config.json'". Called once for each time the file is read;
 * what it makes of its own output is no change. Returns 0, or -1 with *err set.
 */
typedef int edit_fn(void *ctx, struct secret *out, const struct secret *in, const char *name,
                    bool *changed, struct error *err);

struct edit {
    const char *path;
    size_t max; /* bytes of the file */
    edit_fn *change;
    void *ctx;
    const struct clock *clock;
    int64_t deadline_ms; /* of whatever is waited for: other runs of this program */
};

/*
 * Make the change. If nothing is due nothing is written, and a directory that may not be locked
 * is no hindrance. On success the last text that `change` saw is what was read back.
 * Returns 0, or -1 with *err set (CLASS_AUTHFILE, or what `change` says) and the file as it was,
 * or, where *changed and the error says so, the new one.
 */
int edit_apply(const struct edit *edit, bool *changed, struct warnings *warnings, struct error *err)
    __attribute__((warn_unused_result));

#endif
