#include "store/auth_file.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>

#include "base/io.h"
#include "store/document.h"
#include "store/locked_file.h"

/* How errors speak of a file. */
struct file_name {
    char text[PATH_MAX + 3];
};

static struct file_name name_of(const char *path) {
    struct file_name name;

    (void)snprintf(name.text, sizeof(name.text), "'%s'", path);
    return name;
}

/* A file that is absent reads as empty. */
static int read_unlocked(struct secret *text, const char *path, const char *name,
                         struct error *err) {
    struct io_input input = {.name = name, .cls = CLASS_AUTHFILE, .max = DOCUMENT_MAX};
    struct error fault = ERROR_INIT;
    int errnum;

    if (io_read_path(text, path, &input, &errnum, &fault) == 0 || errnum == ENOENT)
        return 0;
    *err = fault;
    return -1;
}

static int check_helper(const struct secret *text, const struct auth_file *file, const char *name,
                        struct error *err) {
    char helper[DOCUMENT_HELPER_MAX + 1];

    if (document_helper(helper, text, name, file->key, err) < 0)
        return -1;
    if (helper[0] == '\0')
        return 0;
    (void)error_set(err, CLASS_HELPER,
                    "%s hands '%s' to a credential helper, so that docker would not look at an "
                    "entry in the file",
                    name, file->key);
    return error_hint(err,
                      "add \"credHelpers\": {\"%s\": \"\"} to the file, or store elsewhere "
                      "with --config DIR",
                      file->key);
}

int auth_file_check(const struct auth_file *file, struct error *err) {
    struct file_name name = name_of(file->path);
    struct secret text = SECRET_INIT;
    struct secret edited = SECRET_INIT;
    bool changed = true;
    int ret = -1;

    if (read_unlocked(&text, file->path, name.text, err) < 0 ||
        check_helper(&text, file, name.text, err) < 0 ||
        document_set(&edited, &text, name.text, file->key, file->auth, &changed, err) < 0)
        goto out;
    if (changed && locked_file_check_writable(file->path, err) < 0)
        goto out;
    ret = 0;
out:
    secret_clear(&text);
    secret_clear(&edited);
    return ret;
}

/*
 * One round of read, edit, replace. Returns 1 when the file has to be looked at again: because it
 * was written, or because somebody else wrote it.
 */
static int store_once(struct locked_file *locked, const struct auth_file *file, const char *name,
                      bool *changed, struct error *err) {
    struct secret text = SECRET_INIT;
    struct secret edited = SECRET_INIT;
    bool is_due = false;
    int ret = -1;

    if (locked_file_read(locked, &text, DOCUMENT_MAX, err) < 0 ||
        document_set(&edited, &text, name, file->key, file->auth, &is_due, err) < 0)
        goto out;
    ret = is_due;
    if (!is_due)
        goto out;
    switch (locked_file_replace(locked, &edited, err)) {
    case LOCKED_FILE_FAILED:
        ret = -1;
        break;
    case LOCKED_FILE_REPLACED:
        *changed = true;
        break;
    case LOCKED_FILE_STALE:
        break;
    }
out:
    secret_clear(&text);
    secret_clear(&edited);
    return ret;
}

int auth_file_store(const struct auth_file *file, const struct clock *clock, int64_t deadline_ms,
                    bool *changed, struct error *err) {
    struct file_name name = name_of(file->path);
    struct locked_file locked = LOCKED_FILE_INIT;
    bool wrote = false;
    int ret;

    if (locked_file_open(&locked, file->path, clock, deadline_ms, err) < 0)
        return -1;
    /* The round that finds nothing left to do is the reading back. */
    while ((ret = store_once(&locked, file, name.text, &wrote, err)) > 0) {
        if (clock_left(clock, deadline_ms) == 0) {
            ret = error_set(err, CLASS_AUTHFILE, "%s is replaced by others again and again",
                            name.text);
            break;
        }
    }
    locked_file_close(&locked);
    if (ret == 0)
        *changed = wrote;
    return ret;
}
