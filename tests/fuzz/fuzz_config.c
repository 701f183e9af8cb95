/*
 * The whole program, with any bytes as its auth files, of which one is changed. A run that fails or
 * has nothing to do leaves them as they are; what a login wrote is JSON that the program itself
 * reads, finds its entry in and finds nothing more to do in; and what was there beside the
 * registry's entry is there afterwards.
 */
#include "program.h"

#define REGISTRY "ghcr.io"
#define TOKEN    "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"

/* An auth file, and the words of a command line that choose it. */
struct place {
    const char *path;
    const char *option;
    const char *key;
};

static struct program_end run(const char *command, const struct place *place, const char *option)
{
    static char token[] = "GHCR_TOKEN=" TOKEN;
    const char *words[12] = {command, place->option, place->key};
    size_t count = 3;
    struct program_end done;

    if (strcmp(command, "logout") != 0)
        words[count++] = "--no-verify";
    if (strcmp(command, "login") == 0) {
        words[count++] = "-u";
        words[count++] = "octocat";
        memcpy(strchr(token, '=') + 1, TOKEN, sizeof(TOKEN)); /* the last login wiped it */
        must(putenv(token) == 0);
    }
    if (option != NULL)
        words[count++] = option;
    done = program_run(words);
    must(strstr(done.said, TOKEN) == NULL && strstr(done.printed, TOKEN) == NULL);
    must(done.status == CLASS_NONE || done.status == CLASS_AUTHFILE ||
         done.status == CLASS_HELPER ||
         (strcmp(command, "status") == 0 && done.status == CLASS_CREDENTIAL));
    return done;
}

/* The same, where the bytes must stay. Returns its status. */
static enum exit_class run_idle(const char *command, const struct place *place, const char *option)
{
    struct secret before = read_file(place->path);
    struct program_end done = run(command, place, option);
    enum exit_class status = done.status;

    must(has_text(place->path, &before));
    run_clear(&done);
    secret_clear(&before);
    return status;
}

static json_t *load(const struct secret *text)
{
    size_t flags = JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL;
    json_t *json = json_loadb(secret_text(text), text->len, flags, NULL);

    return json != NULL ? json : json_object(); /* blank: nothing was there yet */
}

static bool is_ours(const char *key)
{
    return strcasecmp(key, "auths") == 0 || strcasecmp(key, "credHelpers") == 0;
}

static bool is_registrys(const char *key)
{
    return strcasestr(key, REGISTRY) != NULL; /* logout finds it in any case */
}

/* Whether each member of `before` is in `after`, but for those that may change. */
static void check_kept(json_t *before, json_t *after, bool (*may_change)(const char *))
{
    const char *key;
    json_t *value;

    json_object_foreach(before, key, value)
    {
        must(may_change(key) || json_equal(value, json_object_get(after, key)));
        if (is_ours(key))
            check_kept(value, json_object_get(after, key), is_registrys);
    }
}

static void check_written(const struct secret *given, const struct place *place)
{
    struct secret text = read_file(place->path);
    json_t *before = load(given);
    json_t *after = load(&text);

    must(json_object_size(after) > 0);
    check_kept(before, after, is_ours);
    json_decref(before);
    json_decref(after);
    secret_clear(&text);
}

/*
 * A change is made or refused; and where it was made, it is not made again. (With the entry gone,
 * --if-user may look at one that is not to be read.)
 */
static enum exit_class change(const char *command, const struct secret *given,
                              const struct place *place, const char *option)
{
    struct program_end done;
    enum exit_class status;

    write_file(place->path, given);
    done = run(command, place, option);
    status = done.status;
    if (run_is(&done, "stored") || run_is(&done, "removed"))
        check_written(given, place);
    else
        must(has_text(place->path, given));
    run_clear(&done);
    if (status == CLASS_NONE)
        must(run_idle(command, place, option) == CLASS_NONE || strstr(option, "--if-user") != NULL);
    return status;
}

static void check(const struct secret *given, const struct place *place)
{
    (void)run_idle("status", place, NULL);
    (void)run_idle("login", place, "--dry-run");
    (void)run_idle("logout", place, "--dry-run");
    (void)change("logout", given, place, "--quiet");
    (void)change("logout", given, place, "--if-user=octocat");
    (void)change("login", given, place, "--no-helper");
    if (change("login", given, place, "--verbose") == CLASS_NONE)
        must(run_idle("status", place, NULL) != CLASS_CREDENTIAL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct place places[] = {{docker_file, "--docker", REGISTRY},
                                          {podman_file, "--podman", REGISTRY "/octo/cat"},
                                          {persistent_file, "--persistent", REGISTRY "/octo"}};
    enum { PLACES = sizeof(places) / sizeof(places[0]) };
    size_t one = size % PLACES; /* a blank more, and it is the next */
    struct secret given = secret_of(data, size);

    enter_home();
    for (size_t i = 0; i < PLACES; i++)
        write_file(places[i].path, &given);
    check(&given, &places[one]);
    for (size_t i = 0; i < PLACES; i++)
        must(i == one || has_text(places[i].path, &given));
    tidy_home();
    secret_clear(&given);
    return 0;
}
