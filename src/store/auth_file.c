#include "store/auth_file.h"

#include <limits.h>
#include <stdio.h>

#include "store/document.h"
#include "store/locked_file.h"

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

int auth_file_check(const struct auth_file *file, struct error *err)
{
    struct file_name name = name_of(file->path);
    struct secret text = SECRET_INIT;
    struct secret edited = SECRET_INIT;
    bool changed = true;
    int ret = -1;

    if (locked_file_peek(file->path, &text, DOCUMENT_MAX, err) < 0 ||
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

enum round {
    ROUND_FAILED = -1,
    ROUND_DONE,  /* the entry is in the file as it was just read */
    ROUND_WROTE, /* to be read back */
    ROUND_STALE, /* somebody else wrote: begin again */
};

/* One round of read, edit, replace. */
static enum round store_once(struct locked_file *locked, const struct auth_file *file,
                             const char *name, struct error *err)
{
    struct secret text = SECRET_INIT;
    struct secret edited = SECRET_INIT;
    enum round round = ROUND_FAILED;
    bool is_due = false;

    if (locked_file_read(locked, &text, DOCUMENT_MAX, err) < 0 ||
        document_set(&edited, &text, name, file->key, file->auth, &is_due, err) < 0)
        goto out;
    round = ROUND_DONE;
    if (!is_due)
        goto out;
    switch (locked_file_replace(locked, &edited, err)) {
    case LOCKED_FILE_FAILED:
        round = ROUND_FAILED;
        break;
    case LOCKED_FILE_REPLACED:
        round = ROUND_WROTE;
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

int auth_file_store(const struct auth_file *file, const struct clock *clock, int64_t deadline_ms,
                    bool *changed, struct error *err)
{
    struct file_name name = name_of(file->path);
    struct locked_file locked = LOCKED_FILE_INIT;
    enum round round;
    bool wrote = false;

    if (locked_file_open(&locked, file->path, clock, deadline_ms, err) < 0)
        return -1;
    do {
        round = store_once(&locked, file, name.text, err);
        wrote = wrote || round == ROUND_WROTE;
        if (round == ROUND_STALE && clock_left(clock, deadline_ms) == 0) {
            (void)error_set(err, CLASS_AUTHFILE, "%s is replaced by others again and again",
                            name.text);
            round = ROUND_FAILED;
        }
    } while (round == ROUND_WROTE || round == ROUND_STALE);
    locked_file_close(&locked);
    if (round == ROUND_FAILED)
        return -1;
    *changed = wrote;
    return 0;
}
