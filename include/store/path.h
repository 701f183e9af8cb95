/*
 * Paths on the way to a file that may not exist yet, and who could lead them elsewhere.
 */
#ifndef STORE_PATH_H
#define STORE_PATH_H

#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"

/* To open a directory for what stands in it, where it may not be read: without O_PATH it must. */
#if defined(O_PATH)
#define PATH_ONLY O_PATH
#else
#define PATH_ONLY O_RDONLY
#endif

/* To look into a file of which nothing is known: it may be a link, a FIFO, a terminal. */
#define PATH_TO_READ (O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY)

/* How messages speak of a file: "'PATH'". */
struct path_quoted {
    char text[PATH_MAX + 3];
};

struct path_quoted path_quoted(const char *path);

/* "cannot WHAT 'PATH': " and the text of errno (CLASS_AUTHFILE). Returns -1. */
int path_fail(struct error *err, const char *what, const char *path);

/*
 * Follow the links that `path` itself may be, as open(2) would, into real[PATH_MAX]; a link that
 * dangles is followed to where its target would be. Links above the last component are left alone.
 * A path that ends in a slash, "." or ".." is one of a directory, and an error.
 * Returns 0, or -1 with *err set (CLASS_AUTHFILE).
 */
int path_resolve(char real[PATH_MAX], const char *path, struct error *err)
    __attribute__((warn_unused_result));

/* Whether two paths lead to one file, or would, if it were there. */
bool path_is_same(const char *a, const char *b);

/*
 * Look whether `path` leads to the name `name` in the directory open as `dir_fd`.
 * Returns 0 and fills *leads, or -1 with *err set (CLASS_AUTHFILE).
 */
int path_leads_to(const char *path, int dir_fd, const char *name, bool *leads, struct error *err)
    __attribute__((warn_unused_result));

/* The directory of `path`, into dir[PATH_MAX]; "." where it names none. */
void path_directory(char dir[PATH_MAX], const char *path);

/* The last component; points into `path`. */
const char *path_base(const char *path);

/*
 * ".NAME", `mark` and `tail` into beside[NAME_MAX + 1]: what stands beside a file of that name.
 * Returns 0, or -1 with errno ENAMETOOLONG.
 */
int path_beside(char beside[NAME_MAX + 1], const char *name, const char *mark, const char *tail)
    __attribute__((warn_unused_result));

/*
 * Make `dir` and what is missing above it, mode 0700. Made by root, a directory belongs to the
 * owner of the one it stands in. Returns 0, or -1 with *err set (CLASS_AUTHFILE).
 */
int path_make_directory(const char *dir, struct error *err) __attribute__((warn_unused_result));

/* Whether the file `name` of that directory is itself a mount point; false if that is unknown. */
bool path_is_mount(int dir_fd, const char *name);

/* Whether two open files or directories are on two mounts; false if that is unknown. */
bool path_is_on_another_mount(int fd, int other_fd);

/*
 * Whether no other host can have the directory or file open as `fd`, so that one kernel sees every
 * lock on it; false if nobody can tell.
 */
bool path_is_local(int fd);

/*
 * Whether it is what an old kernel, a sandbox or an odd file system says to a call that it does not
 * have, so that another way is worth a try; not what a broken or full disk says.
 */
bool path_is_refusal(int errnum);

/*
 * Make what was written to the file, or done to the names in the directory, last. Returns 0, also
 * if the system refuses to be asked, or -1 with errno set.
 */
int path_sync(int fd) __attribute__((warn_unused_result));

/*
 * Remove the file `name`, which holds a secret. If it is there and cannot be removed, its name
 * goes into left[NAME_MAX + 1] (may be NULL).
 */
void path_remove_secret(int dir_fd, const char *name, char *left);

/* `dir`, or the nearest directory above it that exists, into found[PATH_MAX]. */
void path_nearest_directory(char found[PATH_MAX], const char *dir);

/* Whether the owner is the effective user, or root. */
bool path_is_trusted_owner(uid_t owner);

/*
 * Of a file whose content is acted on, such as a record's command: could another user redirect its
 * path? That the file and its directory are the user's own is not enough. Who may write to a
 * directory above can put a link there, to a file that is the user's all the same: one of a
 * repository that they cloned or, for root, of an image's layer.
 *
 * Every directory and link that the path leads through must be a trusted user's, and writable by
 * nobody else. A sticky directory is as good, for what is in it has to be a trusted user's, too;
 * and so is one that is writable for a group with the number of its owner, which is the owner's own
 * where such groups are usual (umask 002). Owners that a user namespace cannot name count as root:
 * podman without root runs a helper in one. The way may end before the file. Returns 0, or -1 with
 * *err set (CLASS_AUTHFILE).
 */
int path_check_way(const char *path, struct error *err) __attribute__((warn_unused_result));

#endif
