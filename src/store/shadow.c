#include "store/shadow.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/text/decode.h"
#include "store/text/syntax.h"
#include "store/file/preflight.h"
#include "store/look.h"
#include "store/lookup.h"
#include "store/path.h"
#include "store/registries_conf.h"

/* Whether `key` is for a part of what `above` is for: ghcr.io/owner of ghcr.io. */
static bool shadow_is_below(const char *key, const char *above)
{
    size_t len = strlen(above);

    return strncmp(key, above, len) == 0 && key[len] == '/';
}

/* A registry is one whatever the case of its host; to its readers it is two. */
static bool is_other_case(const char *key, const char *wanted)
{
    char host[READER_KEY_MAX + 1];
    char wanted_host[READER_KEY_MAX + 1];

    (void)reader_key_host(host, sizeof(host), key);
    (void)reader_key_host(wanted_host, sizeof(wanted_host), wanted);
    return strcmp(host, wanted_host) != 0 && strcasecmp(host, wanted_host) == 0;
}

static bool is_default_port(const char *key, const char *host)
{
    size_t len = strlen(host);

    return strncmp(key, host, len) == 0 && strcmp(key + len, ":443") == 0;
}

/* Which of the file's readers goes by namespaces; NULL: none. */
static const struct reader *shadow_by_namespace(const struct entry *entry)
{
    if (entry->reader->has_namespaces)
        return entry->reader;
    return entry->second != NULL && entry->second->has_namespaces ? entry->second : NULL;
}

static bool is_host(const struct reader *reader, const char *key, const char *host)
{
    return strcmp(key, host) == 0 || reader->is_fallback(key, host);
}

/* The very credential, with nothing in the entry that goes before it. */
static bool has_auth(const struct document *document, const char *key, const struct secret *auth)
{
    struct document_entry entry;

    return auth != NULL && document_find(&entry, document, key) && entry.identitytoken.len == 0 &&
           syntax_is(entry.auth, secret_text(auth), auth->len);
}

/*
 * Who goes by namespaces does so in Docker's file too, where docker takes the exact key; and for
 * Docker Hub, whose key is docker's there, by other keys first, or by chance.
 */
static void warn_of_namespace_neighbour(const struct document_member *member,
                                        const struct entry *entry, const struct reader *reader,
                                        struct warnings *warnings)
{
    const char *key = member->key;
    const char *host = reader_host(reader, entry->registry);
    bool is_whole = is_host(reader, entry->key, host); /* or the key has a namespace */

    if (shadow_is_below(key, is_whole ? host : entry->key))
        warnings_add(warnings, "'%s' also has an entry '%s', which %s uses for images below it",
                     entry_shown(entry), key, reader->name);
    else if (is_whole && strcmp(entry->key, host) != 0 && strcmp(key, entry->key) != 0 &&
             is_host(reader, key, host) && !has_auth(member->document, key, entry->auth))
        warnings_add(warnings, "'%s' also has an entry '%s', which %s may use first",
                     entry_shown(entry), key, reader->name);
}

static void warn_of_neighbour(const struct document_member *member, const struct entry *entry,
                              struct warnings *warnings)
{
    const char *key = member->key;
    const struct reader *reader = shadow_by_namespace(entry);

    if (entry->owner->serves_nerdctl && is_default_port(key, entry_host(entry)))
        warnings_add(warnings, "'%s' also has an entry '%s', which nerdctl uses first",
                     entry_shown(entry), key);
    if (is_other_case(key, entry->key))
        warnings_add(warnings,
                     "'%s' also has an entry '%s', which is used for images that spell the "
                     "registry that way",
                     entry_shown(entry), key);
    if (reader != NULL)
        warn_of_namespace_neighbour(member, entry, reader, warnings);
}

/* What readers cannot use: some then ignore the whole file, others a part of it. */
static void warn_of_the_rest(const struct document *document, const struct entry *entry,
                             bool is_all_or_none, struct warnings *warnings)
{
    const struct reader *readers[] = {entry->reader, entry->second};

    for (size_t i = 0; i < 2 && readers[i] != NULL; i++) {
        struct error unread = ERROR_INIT;

        if (readers[i]->takes_all_or_none == is_all_or_none &&
            holding_check_all(document, readers[i], &unread) < 0)
            warnings_add(warnings, "%s", unread.message);
    }
}

/* The first reader may find the entry, and the second of the same file not. */
static void warn_of_second_view(const struct document *document, const struct entry *entry,
                                const char *helper, struct warnings *warnings)
{
    const struct reader *second = entry->second;
    const char *host = reader_host(second, entry->registry);
    char own[READER_HELPER_MAX + 1];

    (void)document_helper(own, document, second, host);
    if (strcmp(own, helper) == 0 && (helper[0] == '\0' || strcmp(host, entry_host(entry)) == 0))
        return;
    if (strcmp(own, DOCUMENT_NO_NAME) == 0)
        warnings_add(warnings,
                     "%s finds nothing for '%s' in '%s', because it takes the empty name in "
                     "\"credHelpers\" as a helper: give it its own file (--authfile FILE)",
                     second->name, host, entry_shown(entry));
    else if (own[0] == '\0')
        warnings_add(warnings,
                     "%s does not see what %s's credential helper '%s' stores for '%s': give it "
                     "its own file (--authfile FILE)",
                     second->name, entry->reader->name, helper, host);
    else
        warnings_add(warnings,
                     "%s asks the credential helper '%s' for '%s', as \"credHelpers\" in '%s' "
                     "says: give it its own file (--authfile FILE)",
                     second->name, own, host, entry_shown(entry));
}

void shadow_in_file(const struct document *document, const struct entry *entry, const char *helper,
                    struct warnings *warnings)
{
    struct document_member member = document_members(document, DOCUMENT_AUTHS);

    if (entry->second != NULL)
        warn_of_second_view(document, entry, helper, warnings);
    warn_of_the_rest(document, entry, true, warnings);
    if (helper[0] != '\0')
        return;
    obstacle_warn_of_readers(entry->path, warnings);
    while (document_next(&member))
        warn_of_neighbour(&member, entry, warnings);
    warn_of_the_rest(document, entry, false, warnings);
}

/* What cannot be read needs no warning: its next reader will fail, and say why. */
static bool shadow_look(struct document *out, const char *path)
{
    struct error ignored = ERROR_INIT;

    return look_at(out, path, false, &ignored) == 0;
}

/* Whether podman would stop at this file: for an entry, or for a helper that it asks first. */
static bool has_registry(const char *path, const struct entry *entry)
{
    struct document document = DOCUMENT_INIT;
    struct document_member member;
    char helper[READER_HELPER_MAX + 1];
    bool has = shadow_look(&document, path) &&
               document_helper(helper, &document, entry->reader, entry_host(entry))[0] != '\0';

    /* Podman takes the entry whose key says most of an image's name. */
    member = document_members(&document, DOCUMENT_AUTHS);
    while (!has && document_next(&member))
        has = strcmp(member.key, entry->key) == 0 || shadow_is_below(member.key, entry->key) ||
              shadow_is_below(entry->key, member.key);
    document_clear(&document);
    return has;
}

/* Docker from snap has not run yet, so that there is no place for its file. */
static void warn_of_snap(const struct entry *entry, const struct location_request *request,
                         struct warnings *warnings)
{
    const char *config = request->environment("DOCKER_CONFIG");
    struct error ignored = ERROR_INIT;
    struct location snap;
    char dir[PATH_MAX];

    if (!request->is_docker_of_snap || request->config_dir != NULL ||
        (config != NULL && config[0] != '\0') || reader_snap(&snap, request, &ignored) < 0 ||
        path_is_same(snap.path, entry->path))
        return;
    path_directory(dir, snap.path);
    warnings_add(warnings,
                 "the docker on PATH comes from snap and reads only '%s': run it once and log in "
                 "again, or log in with --config %s",
                 snap.path, dir);
}

/*
 * The socket that docker would open; NULL: another one, somewhere else. As docker has it,
 * DOCKER_HOST goes before DOCKER_CONTEXT, and that before the file's "currentContext".
 */
static const char *dockers_socket(const struct location_request *request)
{
    static const char scheme[] = "unix://";
    const char *host = request->environment("DOCKER_HOST");
    const char *context = request->environment("DOCKER_CONTEXT");

    if (host != NULL && host[0] != '\0')
        return strncmp(host, scheme, strlen(scheme)) == 0 ? host + strlen(scheme) : NULL;
    return context != NULL && context[0] != '\0' ? NULL : "/var/run/docker.sock";
}

/* The word alone is enough to keep a warning back; it need not be read as docker does. */
static bool names_context(const char *path)
{
    struct document document = DOCUMENT_INIT;
    bool names = shadow_look(&document, path) &&
                 strstr(secret_text(&document.text), "\"currentContext\"") != NULL;

    document_clear(&document);
    return names;
}

/* Who has to run docker with sudo has to log in with sudo. */
static void warn_of_socket(const struct entry *entry, const struct location_request *request,
                           struct warnings *warnings)
{
    const char *path = dockers_socket(request);
    struct stat st;

    if (request->config_dir != NULL || entry->shown != NULL || path == NULL ||
        stat(path, &st) < 0 || !S_ISSOCK(st.st_mode) ||
        faccessat(AT_FDCWD, path, R_OK | W_OK, AT_EACCESS) == 0 || errno != EACCES ||
        names_context(entry->path))
        return;
    warnings_add(warnings,
                 "this user cannot open docker's socket '%s', and 'sudo docker' reads root's file, "
                 "not '%s': log in with sudo, or as root with --for-user root",
                 path, entry->path);
}

static void shadow_check_docker(const struct entry *entry, const struct location_request *request,
                                struct warnings *warnings)
{
    const struct reader *owner = entry->owner;
    const char *config = request->environment(owner->variable);

    if (config != NULL && lookup_variable_has(owner, config, entry->key))
        warnings_add(warnings,
                     "%s is set and has an entry '%s': docker 28.3 and newer use it before any "
                     "file, and older versions use '%s'",
                     owner->variable, entry->key, entry_shown(entry));
    if (entry->reader->is_client) {
        warn_of_snap(entry, request, warnings);
        warn_of_socket(entry, request, warnings);
    }
}

/* Whether podman would take the very credential from Docker's file, by whatever spelling. */
static bool has_same(const struct document *document, const struct entry *entry)
{
    struct document_member member;
    bool is_found = false;

    if (document_get(&member, document, DOCUMENT_AUTHS, entry_host(entry)))
        return has_auth(document, member.key, entry->auth);
    member = document_members(document, DOCUMENT_AUTHS);
    while (document_next(&member)) {
        if (!is_host(entry->reader, member.key, entry_host(entry)))
            continue;
        is_found = has_auth(document, member.key, entry->auth);
        if (!is_found)
            return false;
    }
    return is_found;
}

/* The same run may have put it there. */
static bool file_has_same(const char *path, const struct entry *entry)
{
    struct document document = DOCUMENT_INIT;
    bool is_same = shadow_look(&document, path) && has_same(&document, entry);

    document_clear(&document);
    return is_same;
}

/* Whether podman looks at the file unasked, if at nothing before: it is its persistent one. */
static bool is_persistent(const struct entry *entry, const struct location_request *request)
{
    struct error ignored = ERROR_INIT;
    struct location persistent;

    return reader_persistent(&persistent, request, &ignored) == 0 &&
           path_is_same(persistent.path, entry->path);
}

/* Podman looks at the default file, then at the persistent one; the first that knows it wins. */
static void check_podman(const struct entry *entry, const struct location_request *request,
                         struct warnings *warnings)
{
    struct location_request plain = *request;
    struct error ignored = ERROR_INIT;
    struct location first;
    const char *named = request->environment("REGISTRY_AUTH_FILE");
    bool is_on_the_way = request->authfile == NULL || is_persistent(entry, request);

    plain.authfile = NULL;
    plain.is_persistent = false;
    if (entry->reader->place(&first, &plain, &ignored) < 0 || path_is_same(first.path, entry->path))
        return;
    if (named != NULL && named[0] != '\0') {
        warnings_add(warnings, "REGISTRY_AUTH_FILE is set: podman reads '%s' and no other file",
                     first.path);
    } else if (is_on_the_way && first.owner != entry->owner) {
        if (!file_has_same(first.path, entry))
            warnings_add(warnings, "DOCKER_CONFIG is set: podman reads '%s' and no other file",
                         first.path);
    } else if (is_on_the_way && has_registry(first.path, entry)) {
        warnings_add(warnings, "podman reads '%s' first, which also covers '%s'", first.path,
                     entry_host(entry));
    }
}

/*
 * A helper that podman asks for every registry, whatever its auth files have: "credential-helpers"
 * of registries.conf, which only a distribution or an administrator sets.
 */
static void warn_of_registries_conf(const struct location_request *request,
                                    struct warnings *warnings)
{
    struct registries_conf conf;

    if (registries_conf_find(&conf, request))
        warnings_add(warnings,
                     "podman asks the credential helper '%s' before its auth files, as "
                     "\"credential-helpers\" in '%s' says",
                     conf.helper, conf.path);
}

void shadow_elsewhere(const struct entry *entry, const struct location_request *request,
                      struct warnings *warnings)
{
    if (entry->owner->variable != NULL)
        shadow_check_docker(entry, request, warnings);
    else
        check_podman(entry, request, warnings);
    if (shadow_by_namespace(entry) != NULL)
        warn_of_registries_conf(request, warnings);
}

void shadow_of(const struct entry *entry, const struct location_request *request,
               struct warnings *warnings)
{
    struct document document = DOCUMENT_INIT;
    struct document_entry ignored;

    if (shadow_look(&document, entry->path) && document_find(&ignored, &document, entry->key)) {
        shadow_in_file(&document, entry, "", warnings);
        shadow_elsewhere(entry, request, warnings);
    }
    document_clear(&document);
}
