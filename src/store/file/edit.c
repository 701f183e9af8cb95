#include "store/file/edit.h"

#include "store/file/locked_file.h"
#include "store/path.h"

enum { STALE_PAUSE_MS = 20 }; /* at most, before another round */

/* What a file holds, and what it is to hold. */
struct reading {
    struct secret text;
    struct secret edited;
    bool is_due; /* it has to be written */
};

#define READING_INIT ((struct reading){.is_due = false})

static void reading_clear(struct reading *reading)
{
    secret_clear(&reading->text);
    secret_clear(&reading->edited);
}

static int read_and_judge(struct reading *out, struct locked_file *locked, const struct edit *edit,
                          const char *name, struct error *err)
{
    bool changed;

    if (locked_file_read(locked, &out->text, edit->max, err) < 0 ||
        edit->change(edit->ctx, &out->edited, &out->text, name, &changed, err) < 0)
        return -1;
    out->is_due = changed;
    return 0;
}

/* Whether a look without the lock finds that nothing is due. */
static bool is_done(const struct edit *edit, const char *name)
{
    struct locked_file unlocked;
    struct reading reading = READING_INIT;
    struct error ignored = ERROR_INIT;
    bool is_read = locked_file_look(&unlocked, edit->path, &ignored) == 0 &&
                   read_and_judge(&reading, &unlocked, edit, name, &ignored) == 0;

    locked_file_close(&unlocked);
    reading_clear(&reading);
    return is_read && !reading.is_due;
}

enum round {
    ROUND_FAILED = -1,
    ROUND_UNSURE = -2, /* written, but *err says why that may not last */
    ROUND_DONE = 0,    /* nothing is due in the text that was just read */
    ROUND_WROTE,       /* to be read back */
    ROUND_STALE,       /* somebody else wrote: begin again */
};

static enum round replace(struct locked_file *locked, const struct reading *reading,
                          const char *name, struct warnings *warnings, struct error *err)
{
    nlink_t names = locked->seen.fd >= 0 ? locked->seen.st.st_nlink : 1;
    enum round round = ROUND_FAILED;

    switch (locked_file_replace(locked, &reading->edited, err)) {
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
        warnings_add(warnings, "%s had other names (hard links), which keep the old text", name);
    return round;
}

/* A run that comes after will try to remove it again; nobody else will. */
static void warn_of_left(struct locked_file *locked, struct warnings *warnings)
{
    if (locked->left[0] != '\0')
        warnings_add(warnings, "'%s/%s' could not be removed, and holds a credential: remove it",
                     locked->dir, locked->left);
    locked->left[0] = '\0';
}

/* One round of read, change, replace. */
static enum round apply_once(struct locked_file *locked, const struct edit *edit, const char *name,
                             struct warnings *warnings, struct error *err)
{
    struct reading reading = READING_INIT;
    size_t warned = warnings->count;
    enum round round = ROUND_FAILED;

    if (read_and_judge(&reading, locked, edit, name, err) == 0)
        round = reading.is_due ? replace(locked, &reading, name, warnings, err) : ROUND_DONE;
    if (round == ROUND_STALE)
        warnings->count = warned; /* the next round says it */
    warn_of_left(locked, warnings);
    reading_clear(&reading);
    return round;
}

/*
 * A round counts only where the path still leads to what was read or written: else lock what it
 * leads to now, and begin again. Returns the round as it is then.
 */
static enum round follow(struct locked_file *locked, const struct edit *edit, enum round round,
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
    clock->sleep_ms(clock->ctx, 1 + clock->random_below(clock->ctx, STALE_PAUSE_MS));
}

int edit_apply(const struct edit *edit, bool *changed, struct warnings *warnings, struct error *err)
{
    struct path_quoted name = path_quoted(edit->path);
    struct locked_file locked = LOCKED_FILE_INIT;
    struct error fault = ERROR_INIT;
    enum round round;

    *changed = false;
    if (locked_file_open(&locked, edit->path, edit->clock, edit->deadline_ms, &fault) < 0) {
        /* What is there already needs no lock: a directory may be read-only. */
        if (is_done(edit, name.text))
            return 0;
        *err = fault;
        return -1;
    }
    do {
        round = apply_once(&locked, edit, name.text, warnings, err);
        *changed = *changed || round == ROUND_WROTE || round == ROUND_UNSURE;
        round = follow(&locked, edit, round, err);
        if (round == ROUND_STALE)
            pause_a_little(edit->clock);
        if (round == ROUND_STALE && clock_left(edit->clock, edit->deadline_ms) == 0) {
            (void)error_set(err, CLASS_AUTHFILE, "%s is changed by others again and again",
                            name.text);
            round = ROUND_FAILED;
        }
    } while (round == ROUND_WROTE || round == ROUND_STALE);
    locked_file_close(&locked);
    if (round == ROUND_DONE)
        return 0;
    return *changed ? error_wrap(err, "the change was written, but may not be there for good") : -1;
}
