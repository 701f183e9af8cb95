#include "store/auth_file.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "store/document.h"
#include "store/locked_file.h"
#include "store/path.h"
#include "store/preflight.h"
#include "store/shadow.h"

enum { STALE_PAUSE_MS = 20 }; /* at most, before another round */

/* How errors speak of a file. */
struct file_name {
    char text[PATH_MAX + 3];
};

static struct file_name name_of(const char *path)
{
    struct file_name name;

    (void)snprintf(name.text, sizeof(name.text), "'%s'", path);
    return name;
}

static int check_helper(const struct secret *text, const struct auth_file *file, const char *name,
                        struct error *err)
{
    bool is_docker = file->format == AUTH_FORMAT_DOCKER;
    char helper[DOCUMENT_HELPER_MAX + 1];

    if (document_helper(helper, text, name, file->host, is_docker, err) < 0)
        return -1;
    if (helper[0] == '\0')
        return 0;
    (void)error_set(
        err, CLASS_HELPER,
        "%s hands '%s' to a credential helper, so that %s would not look at an entry in "
        "the file",
        name, file->host, is_docker ? "docker" : "podman");
    if (!is_docker)
        return error_hint(err,
                          "remove '%s' from \"credHelpers\" in the file, or store elsewhere with "
                          "--authfile FILE",
                          file->host);
    return error_hint(err,
                      "add \"credHelpers\": {\"%s\": \"\"} to the file, or store elsewhere "
                      "with --config DIR or --authfile FILE",
                      file->host);
}

/* What in_place.c leaves where it was killed: no text begins so, and no reader takes it for one. */
static bool is_half_written(const struct secret *text)
{
    return text->len > 0 && text->data[0] == '\0';
}

/*
 * The text itself, or, where a run died while it wrote in place, the copy that it left: then
 * *is_damaged, and the file has to be written whatever the entry is.
 */
static int read_whole(struct locked_file *locked, struct secret *text, const char *name,
                      bool *is_damaged, struct warnings *warnings, struct error *err)
{
    struct secret copy = SECRET_INIT;
    int ret = locked_file_read(locked, text, DOCUMENT_MAX, err);

    *is_damaged = false;
    if (ret < 0)
        return -1;
    if (!is_half_written(text)) {
        locked_file_drop_copy(locked);
        return 0;
    }
    ret = locked_file_read_copy(locked, &copy, DOCUMENT_MAX, err);
    if (ret <= 0)
        return ret; /* without a copy the text is judged as it is */
    secret_move(text, &copy);
    *is_damaged = true;
    warnings_add(warnings,
                 "%s was half written by a run that was killed; its text is taken from the "
                 "copy which that run left",
                 name);
    return 0;
}

int auth_file_check(const struct auth_file *file, struct error *err)
{
    struct file_name name = name_of(file->path);
    struct locked_file unlocked = LOCKED_FILE_INIT;
    struct warnings ignored = {.count = 0}; /* storing says them again */
    struct secret text = SECRET_INIT;
    struct secret edited = SECRET_INIT;
    bool is_damaged;
    bool changed = true;
    int ret = -1;

    if (path_resolve(unlocked.path, file->path, err) < 0 ||
        read_whole(&unlocked, &text, name.text, &is_damaged, &ignored, err) < 0) {
        preflight_hint(file->path, access(file->path, R_OK) < 0 ? errno : 0, err);
        goto out;
    }
    if (document_set(&edited, &text, name.text, file->key, file->auth, &changed, err) < 0 ||
        check_helper(&edited, file, name.text, err) < 0)
        goto out;
    if ((changed || is_damaged) && preflight_check(file->path, file->in_place, err) < 0)
        goto out;
    ret = 0;
out:
    locked_file_close(&unlocked);
    secret_clear(&text);
    secret_clear(&edited);
    return ret;
}

enum round {
    ROUND_FAILED = -1,
    ROUND_UNSURE = -2, /* written, but *err says why that may not last */
    ROUND_DONE = 0,    /* the entry is in the file as it was just read */
    ROUND_WROTE,       /* to be read back */
    ROUND_STALE,       /* somebody else wrote: begin again */
};

/* One round of read, edit, replace. */
static enum round store_once(struct locked_file *locked, const struct auth_file *file,
                             const char *name, struct warnings *warnings, struct error *err)
{
    struct secret text = SECRET_INIT;
    struct secret edited = SECRET_INIT;
    enum round round = ROUND_FAILED;
    bool is_damaged;
    bool is_due = false;

    if (read_whole(locked, &text, name, &is_damaged, warnings, err) < 0 ||
        document_set(&edited, &text, name, file->key, file->auth, &is_due, err) < 0)
        goto out;
    round = ROUND_DONE;
    if (!is_due && !is_damaged) {
        shadow_in_file(&text, file, name, warnings);
        goto out;
    }
    if (locked->fd >= 0 && locked->seen.st_nlink > 1)
        warnings_add(warnings, "%s has other names (hard links), which keep the old text", name);
    switch (locked_file_replace(locked, &edited, err)) {
    case LOCKED_FILE_FAILED:
        round = ROUND_FAILED;
        break;
    case LOCKED_FILE_REPLACED:
        round = ROUND_WROTE;
        break;
    case LOCKED_FILE_UNSYNCED:
        round = ROUND_UNSURE;
        break;
    case LOCKED_FILE_STALE:
        round = ROUND_STALE;
        break;
    }
out:
    secret_clear(&text);
    secret_clear(&edited);
    return round;
}

/* Whether the entry is in the file as it stands, looked at without the lock. */
static bool is_stored(const struct auth_file *file, const char *name, struct warnings *warnings)
{
    struct secret text = SECRET_INIT;
    struct secret edited = SECRET_INIT;
    struct error ignored = ERROR_INIT;
    bool is_due = true;
    bool is_read =
        locked_file_peek(file->path, &text, DOCUMENT_MAX, &ignored) == 0 &&
        document_set(&edited, &text, name, file->key, file->auth, &is_due, &ignored) == 0;

    if (is_read && !is_due)
        shadow_in_file(&text, file, name, warnings);
    secret_clear(&text);
    secret_clear(&edited);
    return is_read && !is_due;
}

int auth_file_store(const struct auth_file *file, const struct clock *clock, int64_t deadline_ms,
                    bool *changed, struct warnings *warnings, struct error *err)
{
    struct file_name name = name_of(file->path);
    struct locked_file locked = LOCKED_FILE_INIT;
    struct error fault = ERROR_INIT;
    enum round round;

    *changed = false;
    if (locked_file_open(&locked, file->path, clock, deadline_ms, &fault) < 0) {
        /* What is there already needs no lock: a directory may be read-only. */
        if (is_stored(file, name.text, warnings))
            return 0;
        *err = fault;
        return -1;
    }
    locked.in_place = file->in_place;
    do {
        round = store_once(&locked, file, name.text, warnings, err);
        *changed = *changed || round == ROUND_WROTE || round == ROUND_UNSURE;
        if (round == ROUND_STALE)
            clock->sleep_ms(clock->ctx, 1 + clock->random_below(clock->ctx, STALE_PAUSE_MS));
        if (round == ROUND_STALE && clock_left(clock, deadline_ms) == 0) {
            (void)error_set(err, CLASS_AUTHFILE, "%s is replaced by others again and again",
                            name.text);
            round = ROUND_FAILED;
        }
    } while (round == ROUND_WROTE || round == ROUND_STALE);
    locked_file_close(&locked);
    if (round == ROUND_DONE)
        return 0;
    return *changed ? error_wrap(err, "the entry was written, but may not be there for good") : -1;
}
