#include "cli/at_pull.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/child.h"
#include "base/scan.h"
#include "base/text.h"
#include "cli/person.h"
#include "cli/process.h"

#define HELPER_PROGRAM "docker-credential-" READER_OWN_HELPER

enum { DOCKER_VERSION_MS = 2000 }; /* it asks no daemon, and is only worth a warning */

/* Where sudo, cron and services look. */
static const char usual_directories[] = "/usr/local/bin:/usr/bin:/bin";

/* The source. */

static bool is_descriptor(const char *path)
{
    return strcmp(path, "/dev/stdin") == 0 || strncmp(path, "/dev/fd/", 8) == 0 ||
           strncmp(path, "/proc/", 6) == 0;
}

/* Other processes work in other directories. */
static int make_absolute(char out[PATH_MAX], const char *path, const char *what,
                         enum exit_class cls, struct error *err)
{
    char here[PATH_MAX] = "";
    bool is_absolute = path[0] == '/';

    if (!is_absolute && realpath(".", here) == NULL)
        return error_set(err, cls, "%s is a relative path, and the working directory is unknown",
                         what);
    if (snprintf(out, PATH_MAX, "%s%s%s", here, is_absolute ? "" : "/", path) >= PATH_MAX)
        return error_set(err, cls, "the path of %s is too long", what);
    return 0;
}

/* It is read from elsewhere, later: what is only there for this run is no source. */
static int take_file(struct record *record, const char *path, struct error *err)
{
    struct stat st;

    if (make_absolute(record->file, path, "--token-file", CLASS_CREDENTIAL, err) < 0)
        return -1;
    if (is_descriptor(record->file) || (stat(record->file, &st) == 0 && !S_ISREG(st.st_mode)))
        return error_set_hint(
            err, CLASS_CREDENTIAL, "name a permanent file, or use --token-command CMD",
            "--token-file is not a regular file, so --at-pull cannot read it again at each pull");
    return 0;
}

static int take_source(struct record *record, const struct options *options, struct error *err)
{
    const char *command = options->token_command;

    *record = (struct record){.username = ""};
    if (options->token_file != NULL)
        return take_file(record, options->token_file, err);
    if (strlen(command) > RECORD_COMMAND_MAX)
        return error_set(err, CLASS_CREDENTIAL, "--token-command is longer than %d bytes",
                         RECORD_COMMAND_MAX);
    (void)snprintf(record->command, sizeof(record->command), "%s", command);
    return 0;
}

/* What would fail later. */

static int check_helper(struct warnings *warnings, struct error *err)
{
    char path[PATH_MAX];
    enum child_found found = child_find(path, HELPER_PROGRAM, getenv("PATH"));

    if (found == CHILD_ABSENT)
        return error_set_hint(
            err, CLASS_HELPER,
            "create a link to this program: ln -s ghcr-login /usr/local/bin/" HELPER_PROGRAM,
            "'" HELPER_PROGRAM "' is not on PATH, so docker would pull without a credential");
    if (found == CHILD_NOT_EXECUTABLE)
        return error_set_hint(err, CLASS_HELPER, "make it executable (chmod +x)",
                              "'%s' is not executable", path);
    if (child_find(path, HELPER_PROGRAM, usual_directories) != CHILD_FOUND)
        warnings_add(warnings,
                     "'%s' is not in /usr/local/bin, /usr/bin or /bin: under sudo, cron and "
                     "services docker does not find it and pulls without a credential",
                     path);
    return 0;
}

static bool is_below(const char *path, const char *directory)
{
    return strncmp(path, directory, strlen(directory)) == 0;
}

/* "Docker version 28.2.2, build …" */
static bool read_version(const char *text, uint64_t *major, uint64_t *minor)
{
    static const char before[] = "Docker version ";
    struct scan s = scan_over(text, strlen(text));

    if (!is_below(text, before))
        return false;
    s.p += sizeof(before) - 1;
    return scan_number(&s, 1000, major) && scan_char(&s, '.') && scan_number(&s, 1000, minor);
}

/* Docker has "credHelpers" since 1.13. */
static void check_docker_version(const char *path, const struct run *run, struct warnings *warnings)
{
    const char *const argv[] = {"docker", "--version", NULL};
    char **variables = child_environment("GHCR_TOKEN");
    struct child child = {
        .path = path,
        .argv = argv,
        .environment = variables,
        .ends_all = true,
        .clock = run->clock,
        .deadline_ms = clock_now(run->clock) + DOCKER_VERSION_MS,
        .cls = CLASS_HELPER,
    };
    struct child_result result = CHILD_RESULT_INIT;
    struct error ignored = ERROR_INIT;
    uint64_t major;
    uint64_t minor;

    if (variables != NULL && child_run(&result, &child, &ignored) == 0 &&
        read_version(secret_text(&result.output), &major, &minor) && major == 1 && minor < 13)
        warnings_add(warnings,
                     "'%s' is older than docker 1.13, the first version with \"credHelpers\": it "
                     "will pull without a credential",
                     path);
    child_result_clear(&result);
    free(variables);
}

static void check_docker(const struct run *run, struct warnings *warnings)
{
    char path[PATH_MAX];

    if (run->places.is_docker_of_snap)
        warnings_add(warnings,
                     "the docker on PATH comes from snap, which cannot run programs of the host: "
                     "it will not find " HELPER_PROGRAM ", and pulls without a credential");
    else if (child_find(path, "docker", getenv("PATH")) == CHILD_FOUND)
        check_docker_version(path, run, warnings);
}

/* A service, a cron job and `sudo docker` have a home, but not the variables of a session. */
static void warn_of_place(const struct at_pull *at_pull, struct run *run)
{
    const char *config = environment("XDG_CONFIG_HOME");
    const char *home = environment("HOME");
    char usual[PATH_MAX];

    if (config == NULL || config[0] != '/' || home == NULL ||
        (snprintf(usual, sizeof(usual), "%s/.config/ghcr-login/logins.json", home) <
             (int)sizeof(usual) &&
         strcmp(usual, at_pull->path) == 0))
        return;
    warnings_add(&run->warnings,
                 "set XDG_CONFIG_HOME=%s for every process that pulls: without it (services, cron "
                 "jobs), docker-credential-ghcr-login looks for its record in ~/.config",
                 config);
}

/* Setting up, checking and removing. */

static struct record_edit edit_of(const struct at_pull *at_pull, const struct run *run,
                                  const struct targets *targets, const char **files)
{
    for (size_t i = 0; i < targets->count; i++)
        files[i] = at_pull->files[i];
    return (struct record_edit){
        .path = at_pull->path,
        .host = run->subject.registry.host,
        .record = &at_pull->record,
        .files = files,
        .count = targets->count,
        .clock = run->clock,
        .deadline_ms = run->deadline_ms,
    };
}

int at_pull_begin(struct at_pull *out, struct run *run, const struct targets *targets,
                  struct error *err)
{
    bool is_for_client = false;

    if (take_source(&out->record, run->options, err) < 0 ||
        record_path(out->path, &run->places, err) < 0 || check_helper(&run->warnings, err) < 0)
        return -1;
    for (size_t i = 0; i < targets->count; i++) {
        const struct target *target = &targets->items[i];

        if (make_absolute(out->files[i], target->location.path, "the auth file", CLASS_AUTHFILE,
                          err) < 0)
            return -1;
        is_for_client = is_for_client || target->reader->is_client;
    }
    warn_of_place(out, run);
    if (is_for_client)
        check_docker(run, &run->warnings);
    return 0;
}

int at_pull_check(struct at_pull *at_pull, const struct run *run, const struct targets *targets,
                  const struct credential *credential, struct error *err)
{
    const char *files[TARGETS_MAX];
    struct record_edit edit = edit_of(at_pull, run, targets, files);

    if (!text_is_utf8(secret_text(&credential->token), credential->token.len))
        return error_set(
            err, CLASS_CREDENTIAL,
            "the token from %s is not UTF-8 text, which docker requires from a credential helper",
            credential->source);
    (void)snprintf(at_pull->record.username, sizeof(at_pull->record.username), "%s",
                   credential->username);
    return record_check(&edit, &at_pull->is_changed, err);
}

int at_pull_store(struct at_pull *at_pull, struct run *run, const struct targets *targets,
                  struct error *err)
{
    const char *files[TARGETS_MAX];
    struct record_edit edit = edit_of(at_pull, run, targets, files);
    bool changed = false;

    /* With the files that name the helper, so that the record goes with the last of them. */
    if (!run->options->dry_run && record_put(&edit, &changed, &run->warnings, err) < 0)
        return -1;
    at_pull->is_changed = at_pull->is_changed || changed;
    return 0;
}

int at_pull_forget(struct run *run, struct error *err)
{
    char path[PATH_MAX];
    struct error no_place = ERROR_INIT;
    struct record_edit edit = {
        .path = path,
        .host = run->options->all ? NULL : run->subject.registry.host,
        .clock = run->clock,
        .deadline_ms = run->deadline_ms,
    };
    bool kept = false;

    if (record_path(path, &run->places, &no_place) < 0)
        return 0; /* nor was there one for a record */
    if (record_drop(&edit, &kept, &run->warnings, err) < 0)
        return error_wrap(err, "the auth files were changed, but the record of --at-pull was not");
    if (kept && !run->options->all)
        warnings_add(&run->warnings,
                     "another auth file still names ghcr-login as the helper for '%s', and "
                     "pulls with it still get the token: '%s' lists the file",
                     edit.host, path);
    return 0;
}

/* Docker starts the helper with no option: the record is where the environment alone says. */
int at_pull_path(char path[PATH_MAX], struct error *err)
{
    struct person person;
    struct location_request places = {.environment = environment};

    if (person_find(&person, NULL, err) < 0)
        return -1;
    places.passwd_home = person.home;
    return record_path(path, &places, err);
}

int at_pull_find(struct record *out, const char *host, struct error *err)
{
    char path[PATH_MAX];

    return at_pull_path(path, err) < 0 ? -1 : record_find(out, path, host, err);
}

int at_pull_follow(struct record *out, const struct lookup *found, const char *host,
                   struct error *err)
{
    return strcmp(found->helper, READER_OWN_HELPER) == 0 ? at_pull_find(out, host, err) : 0;
}

/* The same request as a login's, so that a source is read by one set of rules. */
int at_pull_read(struct credential *out, const struct record *record,
                 const struct reference *registry, const struct clock *clock, int64_t deadline_ms,
                 struct error *err)
{
    bool is_file = record->file[0] != '\0';
    struct credential_request request = {
        .username = record->username,
        .token_file = is_file ? record->file : NULL,
        .token_command = is_file ? NULL : record->command,
        .directory = AT_PULL_DIRECTORY,
        .is_default_registry = reference_is_default(registry),
        .is_github = reference_is_github(registry),
        .stdin_fd = STDIN_FILENO,
        .environment = environment,
        .clock = clock,
        .deadline_ms = deadline_ms,
    };

    return credential_read(out, &request, err);
}
