#include "cli/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/text.h"
#include "cli/image_list.h"
#include "cli/process.h"
#include "registry/realm.h"
#include "registry/trust.h"
#include "store/path.h"

void run_begin(struct run *run, const struct options *options)
{
    *run = (struct run){.options = options, .clock = clock_system()};
    /* One for the whole run: reading the token, asking, and waiting for locks share --timeout. */
    run->deadline_ms = clock_now(run->clock) + (int64_t)options->timeout_s * 1000;
    /* Who takes no token has no use for one, and may wait for long. */
    if (options->command != COMMAND_LOGIN && options->command != COMMAND_EXEC)
        environment_forget("GHCR_TOKEN");
}

void run_end(struct run *run)
{
    secret_clear(&run->ca_text);
}

static bool is_own_directory(const char *path, uid_t uid)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISDIR(st.st_mode) &&
           (uid == LOCATION_ANYBODY || st.st_uid == uid);
}

/*
 * Whether the docker that this PATH leads to is from snap: a link to the program of that name in a
 * directory for such links, or a link to that again.
 */
static bool is_docker_of_snap(void)
{
    static const char links[] = "/snap/bin/docker";
    const char *dir = environment("PATH");

    while (dir != NULL && dir[0] != '\0') {
        size_t len = strcspn(dir, ":");
        char path[PATH_MAX];
        char real[PATH_MAX];
        int made = snprintf(path, sizeof(path), "%.*s/docker", (int)len, dir);

        dir += len + (dir[len] == ':');
        if (made < 0 || (size_t)made >= sizeof(path) || access(path, X_OK) < 0)
            continue;
        if ((size_t)made >= strlen(links) &&
            strcmp(path + (size_t)made - strlen(links), links) == 0)
            return true;
        return realpath(path, real) != NULL && strcmp(path_base(real), "snap") == 0;
    }
    return false;
}

static void find_places(struct run *run)
{
    run->places = (struct location_request){
        .config_dir = run->options->config_dir,
        .authfile = run->options->authfile,
        .is_persistent = run->options->persistent,
        .environment = environment,
        .is_own_directory = is_own_directory,
        .passwd_home = run->subject.person.home,
        .uid = run->subject.person.uid,
        .is_docker_of_snap = is_docker_of_snap(),
    };
}

/* With or without a port. */
static bool is_loopback(const char *host)
{
    char name[REFERENCE_HOST_MAX + 1];
    char *port;

    (void)snprintf(name, sizeof(name), "%s", host);
    port = strrchr(name, ':');
    if (port != NULL && strchr(port, ']') == NULL)
        *port = '\0';
    return reference_is_loopback(name);
}

/* Those of `status --all` may be of any registry, and so may those of standard input: survey.h. */
static int find_images(struct subject *subject, const struct options *o, struct error *err)
{
    const struct option_list *named = &o->images;
    bool are_any = o->command == COMMAND_STATUS && (o->all || image_list_is_wanted(o));

    for (size_t i = 0; i < named->count && !are_any; i++) {
        if (strcmp(named->items[i], IMAGE_LIST_STDIN) == 0)
            continue;
        if (image_parse(&subject->images[subject->image_count], named->items[i], &subject->registry,
                        err) < 0)
            return -1;
        subject->image_count++;
    }
    return 0;
}

/* What cannot be a registry is quoted, but not if a password may stand in it. */
static int run_parse_registry(struct run *run, const char *text, struct error *err)
{
    struct reference *registry = &run->subject.registry;
    enum command command = run->options->command;
    const char *host;

    if (reference_parse(registry, text, err) < 0)
        return strchr(text, '@') == NULL || strchr(text, '/') < strchr(text, '@')
                   ? error_wrap(err, "'%s'", text_shown(text).text)
                   : -1;
    if ((command == COMMAND_LOGIN || command == COMMAND_EXEC) &&
        reference_check_no_website(registry, err) < 0)
        return -1;
    host = registry->host;
    if (registry->is_lowered)
        warnings_add(&run->warnings,
                     "the registry is used in lower case, '%s': docker looks credentials up by the "
                     "exact spelling in an image's name",
                     host);
    if (registry->says_http && !run->options->plain_http && !is_loopback(host))
        warnings_add(&run->warnings,
                     "'http://' is ignored, and https is used for '%s': use --plain-http for a "
                     "registry without TLS",
                     host);
    return 0;
}

int run_find_subject(struct run *run, struct error *err)
{
    const struct options *o = run->options;
    struct subject *subject = &run->subject;
    const char *registry = o->registry != NULL ? o->registry : REFERENCE_DEFAULT;

    /* Places are looked for as the person sees them: the environment changes before. */
    if (run_parse_registry(run, registry, err) < 0 ||
        person_find(&subject->person, o->for_user, err) < 0 ||
        person_enter_environment(&subject->person, err) < 0)
        return -1;
    find_places(run);
    for (size_t i = 0; i < o->allowed_realms.count; i++) {
        if (realm_check_allowed(o->allowed_realms.items[i], err) < 0)
            return -1;
    }
    return find_images(subject, o, err);
}

size_t run_choose_readers(const struct reader *out[RUN_READERS_MAX], const struct options *options)
{
    bool podman = options_name_podman(options);
    bool docker = options->docker || options->config_dir != NULL;
    bool both = podman == docker && options->command == COMMAND_STATUS;
    size_t count = 0;

    if (docker || both || !podman)
        out[count++] = &reader_docker;
    if (podman || both)
        out[count++] = &reader_podman;
    return count;
}

/* A descriptor of ours, such as /dev/stdin, which the sandbox does not have. */
static bool run_is_descriptor(const char *path)
{
    return strncmp(path, "/dev/", strlen("/dev/")) == 0 ||
           strncmp(path, "/proc/", strlen("/proc/")) == 0;
}

/* A pipe, such as the shell's <(command), and what else may not be there for a second reader. */
static bool can_be_read_once(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 &&
           (S_ISFIFO(st.st_mode) || S_ISCHR(st.st_mode) || run_is_descriptor(path));
}

int run_read_trust(struct run *run, struct error *err)
{
    const char *path = run->options->ca_file;
    char name[PATH_MAX + 3];
    struct io_input input = {.name = name,
                             .cls = CLASS_UNREACHABLE,
                             .max = TRUST_FILE_MAX,
                             .clock = run->clock,
                             .deadline_ms = run->deadline_ms};

    if (path == NULL || !trust_takes_roots() || !can_be_read_once(path))
        return 0;
    (void)snprintf(name, sizeof(name), "'%s'", path);
    return io_read_path(&run->ca_text, path, &input, NULL, err) < 0
               ? error_hint(err, "check the file given with --cacert")
               : 0;
}

/*
 * A short secret, or one that stands in the name of the user or the registry, would be found in
 * innocent words: then every message would be hidden.
 */
bool run_can_hide(const struct redact *redact, const struct reference *registry,
                  const char *username, const struct secret *token)
{
    return token->len >= REDACT_RUN && !redact_finds(redact, username, strlen(username)) &&
           !redact_finds(redact, registry->host, strlen(registry->host));
}

struct question run_question_at(const struct run *run, const struct reference *registry,
                                const char *username, const struct secret *token)
{
    const struct options *o = run->options;
    /* What loosens the rules, or waits, is meant for the registry that the command line names. */
    bool is_named = strcmp(registry->host, run->subject.registry.host) == 0;

    return (struct question){
        .registry = registry,
        .username = username,
        .token = token,
        .realms = {.registry = registry->api_host,
                   .allow_plain_http = (o->plain_http && is_named) ||
                                       (registry->says_http && is_loopback(registry->host)),
                   .allowed = o->allowed_realms.items,
                   .allowed_count = is_named ? o->allowed_realms.count : 0},
        .trust = {.host = registry->host, /* podman's directory is certs.d/docker.io */
                  .ca_file = o->ca_file,
                  .ca_text = run->ca_text.data != NULL ? &run->ca_text : NULL, /* may be empty */
                  .cert_dir = o->cert_dir,
                  .is_insecure = o->insecure && is_named,
                  .environment = environment},
        .limits = {.clock = run->clock,
                   .deadline_ms = run->deadline_ms,
                   .timeout_ms = (int64_t)o->timeout_s * 1000,
                   .connect_timeout_ms = (int64_t)o->connect_timeout_s * 1000,
                   .wait_ms = is_named ? (int64_t)o->wait_for_token_s * 1000 : 0,
                   .retries = o->retries},
    };
}

struct question run_question(struct run *run, const char *username, const struct secret *token,
                             const struct secret *auth)
{
    struct subject *subject = &run->subject;
    struct question question = run_question_at(run, &subject->registry, username, token);

    question.auth = auth;
    question.images = subject->images;
    question.image_count = subject->image_count;
    return question;
}
