/*
 * Remember a file as it was read, write a new one beside it, and put that in its place by one
 * system call if the old one is still what was read.
 */
#ifndef STORE_FILE_REPLACE_H
#define STORE_FILE_REPLACE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/secret.h"

struct version {
    int fd;         /* keeps its inode from being used again; -1: there was no file */
    struct stat st; /* of fd */
    bool is_shared; /* another host may replace it, unseen by this one's cache */
    struct secret text;
};

#define VERSION_INIT ((struct version){.fd = -1})

/*
 * Read the file `name` of the directory open as `dir_fd`, at most `max` bytes, again and again if
 * it is written to in the meantime, and, unless its file system is known to be local, until two
 * readings agree; after about 0.1 s it returns what it has. The file may be absent; a link, a
 * directory or the like is an error. `path` is for messages. Returns 0 and replaces *out (release
 * with version_clear()), or -1 with *err set (CLASS_AUTHFILE).
 */
int version_read(struct version *out, int dir_fd, const char *name, const char *path, size_t max,
                 struct error *err) __attribute__((warn_unused_result));

/*
 * Whether the file that was read, whatever its name by now, has still the same text: 1 or 0, or -1
 * with errno set. To compare the status is not enough: two writes within one tick of the file
 * system's clock leave the same time.
 */
int version_has_same_text(const struct version *version);

void version_clear(struct version *version);

/*
 * Make a new file beside `path`, ".NAME.ghcr-login.XXXXXX" in the directory open as `dir_fd`, with
 * this text and the old one's owner and attributes, else with mode 0600, and sync it. *is_poorer
 * becomes true if an attribute was lost. Its name goes into temporary[NAME_MAX + 1]: it is the
 * caller's to put in place or to remove, also after an error; temporary[0] is '\0' if there is
 * none. Returns 0, or -1 with *err set (CLASS_AUTHFILE).
 */
int temporary_write(char temporary[NAME_MAX + 1], int dir_fd, const char *path,
                    const struct version *old, const struct secret *text, bool *is_poorer,
                    struct error *err) __attribute__((warn_unused_result));

/*
 * Try whether such a file can be made and written to: one that has no name, or is given another and
 * loses that at once.
 * Returns its descriptor, or -1 with errno set.
 */
int temporary_try(int dir_fd, const char *name) __attribute__((warn_unused_result));

/* The same with a directory, which is removed again. Returns 0, or -1 with errno set. */
int temporary_try_directory(int dir_fd, const char *name) __attribute__((warn_unused_result));

/*
 * Try whether a file can be given another name there, or, a first one, a second name, with names
 * that nothing has: what a filter of system calls refuses it refuses for those, too. Returns 0, or
 * -1 with errno set.
 */
int temporary_try_rename(int dir_fd, const char *name, bool is_first)
    __attribute__((warn_unused_result));

/* Whether there is room for such a name beside one as long as `name`. */
bool temporary_has_room(const char *name);

/*
 * Remove those of `name` that killed runs left. `is_alone`: nobody else's are there, on no host;
 * else only those go that are older than any run gets, by the clock of the file system's server.
 */
void temporary_remove_leftovers(int dir_fd, const char *name, bool is_alone);

enum swap_result {
    SWAP_FAILED = -1, /* errno is set */
    SWAP_DONE = 0,
    SWAP_STALE = 1, /* the name is, or was in between, of what was not read: it is that again */
};

/*
 * Put the file `temporary` in the place of `name`, both in the directory open as `dir_fd`. *seen is
 * the status of what was read there, NULL if there was nothing. What is left under the name
 * `temporary` afterwards is the caller's to remove; temporary[0] is '\0' if nothing is.
 *
 * The two are exchanged (renameat2(2)), so that what came out can be looked at: a program that
 * knows no lock may have replaced the file in the very instant before. Where a file system cannot
 * exchange, a last look before rename(2) must do.
 */
enum swap_result swap_in(int dir_fd, char *temporary, const char *name, const struct stat *seen);

/*
 * Take an exchange back, for what came out was written to before it did. *ours is the status that
 * `temporary` had before swap_in(). Returns SWAP_STALE, or SWAP_FAILED with errno set.
 */
enum swap_result swap_undo(int dir_fd, char *temporary, const char *name, const struct stat *ours);

#endif
