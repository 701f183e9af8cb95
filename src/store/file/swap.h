/*
 * A finished file put in another's place by one system call, if that other is still the one that
 * was read.
 */
#ifndef STORE_FILE_SWAP_H
#define STORE_FILE_SWAP_H

#include <sys/stat.h>

enum swap_result {
    SWAP_FAILED = -1, /* errno is set */
    SWAP_DONE = 0,
    SWAP_STALE = 1, /* the name is, or was in between, of what was not read: it is that again */
};

/*
 * Put the file `temporary` in the place of `name`, both in the directory open as `dir_fd`. *seen is
 * the status of what was read there, NULL where there was nothing. What is left under the name
 * `temporary` afterwards is the caller's to remove; temporary[0] is '\0' where nothing is.
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
