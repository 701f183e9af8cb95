/*
 * A directory with all that is in it, taken away.
 */
#ifndef STORE_TREE_H
#define STORE_TREE_H

/*
 * Remove `name` in the directory `parent_fd`, whatever it is. Links are removed and never followed:
 * nothing outside is touched. A directory that may not be entered is opened up first, and what
 * somebody adds meanwhile is removed too, within reason.
 * Returns 0 when it is gone, also when it was not there; or -1 with errno set.
 */
int tree_remove(int parent_fd, const char *name) __attribute__((warn_unused_result));

/* Remove what the directory `fd` holds, in the same way, as far as that goes. Closes `fd`. */
void tree_empty(int fd);

#endif
