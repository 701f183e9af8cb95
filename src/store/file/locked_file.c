#include "store/file/locked_file.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "store/file/attributes.h"
#include "store/file/preflight.h"
#include "store/path.h"

enum { AGAIN_MS = 20 }; /* at most, before another round */

static const char *locked_name_of(const struct locked_file *file)
{
    return path_base(file->path);
}

/* Its links are followed here, and never again. */
static int locked_open_directory(struct locked_file *file, int how)
{
    path_directory(file->dir, file->path);
    file->dir_fd = open(file->dir, how | O_DIRECTORY | O_CLOEXEC);
    return file->dir_fd;
}

static int open_and_lock(struct locked_file *file, const char *path, struct error *err)
{
    if (path_resolve(file->path, path, err) < 0)
        return -1;
    path_directory(file->dir, file->path);
    if (path_make_directory(file->dir, err) < 0)
        return -1;
    if (locked_open_directory(file, O_RDONLY) < 0)
        return path_fail(err, "open the directory", file->dir);
    return lock_acquire(&file->lock, file->dir_fd, file->dir, locked_name_of(file), file->clock,
                        file->deadline_ms, err);
}

bool locked_file_is_there(const struct locked_file *file, const char *path)
{
    struct error ignored = ERROR_INIT;
    bool leads;

    return path_leads_to(path, file->dir_fd, locked_name_of(file), &leads, &ignored) == 0 && leads;
}

int locked_file_open(struct locked_file *file, const char *path, const struct clock *clock,
                     int64_t deadline_ms, struct error *err)
{
    bool leads;

    do {
        *file = LOCKED_FILE_INIT;
        file->clock = clock;
        file->deadline_ms = deadline_ms;
        if (open_and_lock(file, path, err) < 0 ||
            path_leads_to(path, file->dir_fd, locked_name_of(file), &leads, err) < 0) {
            locked_file_close(file);
            return -1;
        }
        if (leads) {
            temporary_remove_leftovers(file->dir_fd, locked_name_of(file),
                                       lock_is_alone(&file->lock));
            return 0;
        }
        /* While we waited it was pointed elsewhere, or the directory was moved. */
        locked_file_close(file);
        clock->sleep_ms(clock->ctx, 1 + clock->random_below(clock->ctx, AGAIN_MS));
    } while (clock_left(clock, deadline_ms) > 0);
    return error_set(err, CLASS_AUTHFILE, "'%s' keeps changing (symlink retargeted)", path);
}

int locked_file_look(struct locked_file *file, const char *path, struct error *err)
{
    *file = LOCKED_FILE_INIT;
    return path_resolve(file->path, path, err);
}

void locked_file_close(struct locked_file *file)
{
    version_clear(&file->seen);
    lock_release(&file->lock);
    if (file->dir_fd >= 0)
        (void)close(file->dir_fd); /* what was done in it is synced before */
    file->dir_fd = -1;
}

/* Without a file its directory may be missing, too. */
static int locked_read_version(struct locked_file *file, size_t max, struct error *err)
{
    if (file->dir_fd >= 0 || locked_open_directory(file, PATH_ONLY) >= 0)
        return version_read(&file->seen, file->dir_fd, locked_name_of(file), file->path, max, err);
    version_clear(&file->seen);
    return errno == ENOENT ? 0 : path_fail(err, "open", file->path);
}

int locked_file_read(struct locked_file *file, struct secret *text, size_t max, struct error *err)
{
    const struct secret *found = &file->seen.text;

    if (locked_read_version(file, max, err) < 0)
        return -1;
    secret_clear(text);
    return secret_append(text, found->data, found->len, max, err);
}

/* A signal waits until nothing is half done; none of that takes long. */
static void block_signals(sigset_t *before)
{
    sigset_t all;

    (void)sigfillset(&all);
    (void)sigprocmask(SIG_SETMASK, &all, before);
}

/*
 * The new file in the old one's place, if that is still what was read. Its text is compared before
 * and after: a peer that has it open may write into it without giving it another inode or, within
 * the clock's tick, another time.
 */
static enum swap_result swap_if_unchanged(const struct locked_file *file, char *temporary)
{
    const struct version *seen = &file->seen;
    enum swap_result result;
    struct stat ours;
    int same = version_has_same_text(seen);

    if (same <= 0)
        return same < 0 ? SWAP_FAILED : SWAP_STALE;
    if (fstatat(file->dir_fd, temporary, &ours, AT_SYMLINK_NOFOLLOW) < 0)
        return SWAP_FAILED;
    result =
        swap_in(file->dir_fd, temporary, locked_name_of(file), seen->fd >= 0 ? &seen->st : NULL);
    if (result != SWAP_DONE || temporary[0] == '\0' || version_has_same_text(seen) > 0)
        return result;
    return swap_undo(file->dir_fd, temporary, locked_name_of(file), &ours);
}

static enum locked_file_result put_in_place(const struct locked_file *file, char *temporary,
                                            struct error *err)
{
    switch (swap_if_unchanged(file, temporary)) {
    case SWAP_STALE:
        return LOCKED_FILE_STALE;
    case SWAP_DONE:
        if (path_sync(file->dir_fd) == 0)
            return LOCKED_FILE_REPLACED;
        (void)path_fail(err, "sync the directory", file->dir);
        return LOCKED_FILE_UNSYNCED;
    case SWAP_FAILED:
        break;
    }
    return errno == EBUSY && file->seen.fd >= 0 ? obstacle_refuse_mount(file->path, err)
                                                : path_fail(err, "replace", file->path);
}

static enum locked_file_result replace_beside(struct locked_file *file, const struct secret *text,
                                              struct error *err)
{
    enum locked_file_result result = LOCKED_FILE_FAILED;
    char temporary[NAME_MAX + 1];
    sigset_t before;

    block_signals(&before);
    if (temporary_write(temporary, file->dir_fd, file->path, &file->seen, text, &file->is_poorer,
                        err) == 0)
        result = put_in_place(file, temporary, err);
    if (temporary[0] != '\0')
        path_remove_secret(file->dir_fd, temporary, file->left);
    (void)sigprocmask(SIG_SETMASK, &before, NULL);
    return result;
}

/* Root makes the first file in somebody's directory as that user. */
static enum locked_file_result create_as_owner(struct locked_file *file, const struct secret *text,
                                               struct error *err)
{
    enum locked_file_result result = LOCKED_FILE_FAILED;
    struct identity identity = IDENTITY_INIT;
    struct stat dir;

    if (fstat(file->dir_fd, &dir) < 0)
        return path_fail(err, "stat the directory", file->dir);
    if (identity_take(&identity, &dir, err) == 0)
        result = replace_beside(file, text, err);
    identity_restore(&identity);
    return result;
}

enum locked_file_result locked_file_replace(struct locked_file *file, const struct secret *text,
                                            struct error *err)
{
    if (file->seen.fd < 0)
        return create_as_owner(file, text, err);
    /* rename(2) would say EBUSY, but only after the secret is in a temporary file. */
    if (path_is_mount(file->dir_fd, locked_name_of(file)))
        return obstacle_refuse_mount(file->path, err);
    return replace_beside(file, text, err);
}

/* What the file is to hold, into *edited, and in *is_due whether it has to be written for that. */
static int read_and_judge(struct secret *edited, bool *is_due, struct locked_file *locked,
                          const struct edit *edit, const char *name, struct error *err)
{
    if (locked_read_version(locked, edit->max, err) < 0)
        return -1;
    return edit->change(edit->ctx, edited, &locked->seen.text, name, is_due, err);
}

/* Whether a look without the lock finds that nothing is due. */
static bool edit_is_done(const struct edit *edit, const char *name)
{
    struct locked_file unlocked;
    struct secret edited = SECRET_INIT;
    struct error ignored = ERROR_INIT;
    bool is_due;
    bool is_read = locked_file_look(&unlocked, edit->path, &ignored) == 0 &&
                   read_and_judge(&edited, &is_due, &unlocked, edit, name, &ignored) == 0;

    locked_file_close(&unlocked);
    secret_clear(&edited);
    return is_read && !is_due;
}

enum round {
    ROUND_FAILED = -1,
    ROUND_UNSURE = -2, /* written, but *err says why that may not last */
    ROUND_DONE = 0,    /* nothing is due in the text that was just read */
    ROUND_WROTE,       /* to be read back */
    ROUND_STALE,       /* somebody else wrote: begin again */
};

static enum round edit_replace(struct locked_file *locked, const struct secret *edited,
                               const char *name, struct warnings *warnings, struct error *err)
{
    nlink_t names = locked->seen.fd >= 0 ? locked->seen.st.st_nlink : 1;
    enum round round = ROUND_FAILED;

    switch (locked_file_replace(locked, edited, err)) {
    case LOCKED_FILE_FAILED:
        return ROUND_FAILED;
    case LOCKED_FILE_STALE:
        return ROUND_STALE;
    case LOCKED_FILE_REPLACED:
        round = ROUND_WROTE;
        break;
    case LOCKED_FILE_UNSYNCED:
        round = ROUND_UNSURE;
        break;
    }
    if (names > 1)
        warnings_add(warnings, "%s had other hard links, which keep the old content", name);
    return round;
}

/* Of what was written, and is not all that was promised. */
static void warn_of_shortcomings(struct locked_file *locked, const char *name,
                                 struct warnings *warnings)
{
    /* A run that comes after will try to remove it again; nobody else will. */
    if (locked->left[0] != '\0')
        warnings_add(warnings, "'%s/%s' contains a credential and could not be removed: remove it",
                     locked->dir, locked->left);
    if (locked->is_poorer)
        warnings_add(warnings,
                     "%s lost group permissions or extended attributes, which could not be copied "
                     "to the new file",
                     name);
    locked->left[0] = '\0';
    locked->is_poorer = false;
}

/* One round of read, change, replace. */
static enum round edit_once(struct locked_file *locked, const struct edit *edit, const char *name,
                            struct warnings *warnings, struct error *err)
{
    struct secret edited = SECRET_INIT;
    size_t warned = warnings->count;
    enum round round = ROUND_FAILED;
    bool is_due;

    if (read_and_judge(&edited, &is_due, locked, edit, name, err) == 0)
        round = is_due ? edit_replace(locked, &edited, name, warnings, err) : ROUND_DONE;
    if (round == ROUND_STALE) {
        warnings->count = warned; /* the next round says it */
        locked->is_poorer = false;
    }
    warn_of_shortcomings(locked, name, warnings);
    secret_clear(&edited);
    return round;
}

/*
 * A round counts only where the path still leads to what was read or written: else lock what it
 * leads to now, and begin again. Returns the round as it is then.
 */
static enum round edit_follow(struct locked_file *locked, const struct edit *edit, enum round round,
                              struct error *err)
{
    struct locked_file moved = *locked;

    if (round == ROUND_WROTE || round == ROUND_STALE || locked_file_is_there(locked, edit->path))
        return round;
    locked_file_close(&moved);
    *err = ERROR_INIT;
    if (locked_file_open(locked, edit->path, moved.clock, moved.deadline_ms, err) < 0)
        return ROUND_FAILED;
    return ROUND_STALE;
}

static void pause_a_little(const struct clock *clock)
{
    clock->sleep_ms(clock->ctx, 1 + clock->random_below(clock->ctx, AGAIN_MS));
}

/*
 * Rounds of read, change and replace, until one finds nothing to do. So what was written is always
 * read back, by the same code that judged it due, and what a peer has undone is done
 * again.
 */
int edit_apply(const struct edit *edit, bool *changed, struct warnings *warnings, struct error *err)
{
    struct path_quoted name = path_quoted(edit->path);
    struct locked_file locked = LOCKED_FILE_INIT;
    struct error fault = ERROR_INIT;
    enum round round;

    *changed = false;
    if (locked_file_open(&locked, edit->path, edit->clock, edit->deadline_ms, &fault) < 0) {
        /* What is there already needs no lock: a directory may be read-only. */
        if (edit_is_done(edit, name.text))
            return 0;
        *err = fault;
        return -1;
    }
    do {
        round = edit_once(&locked, edit, name.text, warnings, err);
        *changed = *changed || round == ROUND_WROTE || round == ROUND_UNSURE;
        round = edit_follow(&locked, edit, round, err);
        if (round == ROUND_STALE)
            pause_a_little(edit->clock);
        if (round == ROUND_STALE && clock_left(edit->clock, edit->deadline_ms) == 0) {
            (void)error_set(err, CLASS_AUTHFILE, "other processes keep changing %s", name.text);
            round = ROUND_FAILED;
        }
    } while (round == ROUND_WROTE || round == ROUND_STALE);
    if (*changed)
        lock_warn(&locked.lock, locked.dir, warnings);
    locked_file_close(&locked);
    if (round == ROUND_DONE)
        return 0;
    return *changed ? error_wrap(err, "the change was written, but is not confirmed on disk") : -1;
}
