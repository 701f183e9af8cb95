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

/* What a file holds, and what it is to hold. */
struct reading {
    struct secret text;
    struct secret edited; /* the same with the entry */
    bool is_due;          /* it has to be written */
};

#define READING_INIT ((struct reading){.is_due = false})

static void reading_clear(struct reading *reading)
{
    secret_clear(&reading->text);
    secret_clear(&reading->edited);
}

static int read_and_judge(struct reading *out, struct locked_file *locked,
                          const struct auth_file *file, const char *name, struct error *err)
{
    struct document_edit edit = {.change = DOCUMENT_STORE, .key = file->key, .auth = file->auth};
    bool changed;

    if (locked_file_read(locked, &out->text, DOCUMENT_MAX, err) < 0 ||
        document_edit(&out->edited, &out->text, name, &edit, &changed, err) < 0)
        return -1;
    out->is_due = changed || locked->is_damaged;
    return check_helper(&out->edited, file, name, err);
}

/* The same without the lock, and without making anything. */
static int look(struct reading *out, const struct auth_file *file, const char *name,
                struct error *err)
{
    struct locked_file unlocked = LOCKED_FILE_INIT;
    int ret = path_resolve(unlocked.path, file->path, err);

    if (ret == 0)
        ret = read_and_judge(out, &unlocked, file, name, err);
    locked_file_close(&unlocked);
    return ret;
}

int auth_file_check(const struct auth_file *file, struct error *err)
{
    struct file_name name = name_of(file->path);
    struct reading reading = READING_INIT;
    int ret = look(&reading, file, name.text, err);

    if (ret < 0)
        preflight_hint(file->path, access(file->path, R_OK) < 0 ? errno : 0, err);
    else if (reading.is_due)
        ret = preflight_check(file->path, file->in_place, err);
    reading_clear(&reading);
    return ret;
}

enum round {
    ROUND_FAILED = -1,
    ROUND_UNSURE = -2, /* written, but *err says why that may not last */
    ROUND_DONE = 0,    /* the entry is in the file as it was just read */
    ROUND_WROTE,       /* to be read back */
    ROUND_STALE,       /* somebody else wrote: begin again */
};

static void warn_of_damage(const char *name, struct warnings *warnings)
{
    warnings_add(warnings,
                 "%s was half written by a run that was killed; its text is taken from the "
                 "copy which that run left",
                 name);
}

static enum round replace(struct locked_file *locked, const struct reading *reading,
                          const char *name, struct warnings *warnings, struct error *err)
{
    nlink_t names = locked->fd >= 0 ? locked->seen.st_nlink : 1;
    enum round round = ROUND_FAILED;

    switch (locked_file_replace(locked, &reading->edited, err)) {
    case LOCKED_FILE_FAILED:
        return ROUND_FAILED;
    case LOCKED_FILE_STALE:
        return ROUND_STALE;
    case LOCKED_FILE_WRITTEN_THROUGH:
        return ROUND_WROTE;
    case LOCKED_FILE_REPLACED:
        round = ROUND_WROTE;
        break;
    case LOCKED_FILE_UNSYNCED:
        round = ROUND_UNSURE;
        break;
    }
    if (names > 1)
        warnings_add(warnings, "%s had other names (hard links), which keep the old text", name);
    return round;
}

/* One round of read, edit, replace. */
static enum round store_once(struct locked_file *locked, const struct auth_file *file,
                             const char *name, struct warnings *warnings, struct error *err)
{
    struct reading reading = READING_INIT;
    size_t warned = warnings->count;
    enum round round = ROUND_FAILED;

    if (read_and_judge(&reading, locked, file, name, err) == 0) {
        if (locked->is_damaged)
            warn_of_damage(name, warnings);
        if (reading.is_due) {
            round = replace(locked, &reading, name, warnings, err);
        } else {
            shadow_in_file(&reading.text, file, name, warnings);
            round = ROUND_DONE;
        }
    }
    if (round == ROUND_STALE)
        warnings->count = warned; /* the next round says it */
    reading_clear(&reading);
    return round;
}

/* Whether the entry is in the file as it stands, looked at without the lock. */
static bool is_stored(const struct auth_file *file, const char *name, struct warnings *warnings)
{
    struct reading reading = READING_INIT;
    struct error ignored = ERROR_INIT;
    bool is_there = look(&reading, file, name, &ignored) == 0 && !reading.is_due;

    if (is_there)
        shadow_in_file(&reading.text, file, name, warnings);
    reading_clear(&reading);
    return is_there;
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
            (void)error_set(err, CLASS_AUTHFILE, "%s is changed by others again and again",
                            name.text);
            round = ROUND_FAILED;
        }
    } while (round == ROUND_WROTE || round == ROUND_STALE);
    locked_file_close(&locked);
    if (round == ROUND_DONE)
        return 0;
    return *changed ? error_wrap(err, "the entry was written, but may not be there for good") : -1;
}
