/*
 * docker and podman as readers of auth files: two values, and the only place that knows how they
 * differ. Pure: the environment is handed in.
 *
 * A file has an owner, in whose format it is, and one or two readers: $DOCKER_CONFIG makes podman
 * read Docker's file, each in its own way.
 *
 * Sources: docker/cli 28 (cli/config), containers/image 5 (pkg/docker/config),
 * containers-auth.json(5).
 */
#ifndef STORE_READER_H
#define STORE_READER_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"

/* The NAME of this program's own credential helper, docker-credential-NAME. */
#define READER_OWN_HELPER "ghcr-login"

/*
 * What a credential helper answers when it has nothing: to docker and podman no failure, and they
 * go on without a credential. It is errCredentialsNotFoundMessage of docker-credential-helpers.
 */
#define READER_NOT_FOUND "credentials not found in native keychain"

enum {
    READER_KEY_MAX = 1023,   /* bytes of a key of "auths" */
    READER_HELPER_MAX = 255, /* and of a helper's name */
    READER_FILES_MAX = 4,
};

struct reader;

/* A file, which need not be there. */
struct location {
    char path[PATH_MAX];
    const struct reader *owner;
    bool is_bare; /* ~/.dockercfg: the whole is what "auths" holds elsewhere */
};

#define LOCATION_ANYBODY ((uid_t)-1)

/* Where readers look; all of it borrowed. */
struct location_request {
    const char *config_dir;                                /* --config; NULL: not given */
    const char *authfile;                                  /* --authfile; NULL: not given */
    bool is_persistent;                                    /* --persistent */
    const char *(*environment)(const char *name);          /* as getenv() */
    bool (*is_own_directory)(const char *path, uid_t uid); /* it exists and is theirs, or anybody's
                                                              for LOCATION_ANYBODY */
    const char *passwd_home; /* the home directory of the user database; NULL: unknown */
    uid_t uid;
    bool is_docker_of_snap; /* the docker on PATH is: it reads a file of its own, unless told */
};

/* What a reader decodes a member of the file into. */
enum reader_type {
    READER_TEXT,
    READER_LIST,   /* an array of texts */
    READER_TEXTS,  /* an object of texts */
    READER_GROUPS, /* an object of such objects */
};

struct reader_member {
    const char *name;
    enum reader_type type;
    const char *const *looked_at; /* of an inner object's members; NULL: all of them */
};

struct reader {
    const char *name;     /* "docker" */
    const char *hub_key;  /* of Docker Hub's entry in its own file */
    const char *variable; /* of the environment, whose text goes before all files; NULL: none */

    /*
     * The file that it stores in. Returns 0 and fills *out, or -1 with *err set (CLASS_AUTHFILE).
     * Docker's: config.json in --config, else $DOCKER_CONFIG if it is not empty, else
     * $HOME/.docker, where an unset HOME is looked up in the user database; of a docker from snap
     * ~/snap/docker/current/.docker, once that docker has run. Podman's, as `podman
     * login` chooses it: --authfile; $REGISTRY_AUTH_FILE; $DOCKER_CONFIG/config.json, which is
     * Docker's; $XDG_RUNTIME_DIR/containers/auth.json (/run/containers/0 for root and
     * /run/user/UID for others if it is not set), which is gone after a reboot; or, with
     * --persistent, ${XDG_CONFIG_HOME:-$HOME/.config}/containers/auth.json.
     */
    int (*place)(struct location *out, const struct location_request *request, struct error *err);

    /*
     * The files that it looks into, one after the other, until one has the registry. Podman's: the
     * one above, the persistent one, Docker's, and ~/.dockercfg, which docker itself has given up;
     * or, where an option or a variable names one, that alone. Those for which there is no place
     * are left out. Returns 0 and fills out[] and *count, or -1 with *err set where the one named
     * has no place.
     */
    int (*files)(struct location out[READER_FILES_MAX], size_t *count,
                 const struct location_request *request, struct error *err);

    /*
     * Whether the entry under `key` serves `name` (reader_host()) if there is none under it:
     * docker's with that host, whatever its scheme and path; podman's with a scheme, or under
     * another of Docker Hub's names.
     */
    bool (*is_fallback)(const char *key, const char *name);

    bool serves_nerdctl;   /* nerdctl reads its file too, HOST:443 first */
    bool has_namespaces;   /* entries for HOST/OWNER too; the one that says most is taken */
    bool obeys_store;      /* "credsStore" is asked where "credHelpers" does not have the host */
    bool runs_empty_name;  /* "" in "credHelpers" is a helper's name, which fails; else: the file */
    bool marks_helped;     /* its file has {} for what a helper keeps */
    bool needs_every_auth; /* one "auth" that cannot be decoded spoils all; else it is ignored */
    bool takes_plain;      /* "username", "password" and a token without an "auth" are read */
    bool takes_all_or_none; /* a member of another type costs the whole file; else every "auth" */
    bool is_client; /* of a daemon whose socket not every user may open; the client may be old, or
                       from snap */
    const struct reader_member *members; /* the types that it wants; ends with a name of NULL */
};

extern const struct reader reader_docker;
extern const struct reader reader_podman;

enum { READER_COUNT = 2 };
extern const struct reader *const reader_all[READER_COUNT];

/*
 * What it calls a registry (`host` as reference.h has it), if nothing says more: the key of its
 * entry, and what helpers are named by and asked about. Docker Hub has two such names.
 */
const char *reader_host(const struct reader *reader, const char *host);

/* The key of the entry for a namespace ("": the whole registry), into key[READER_KEY_MAX + 1]. */
const char *reader_key(char *key, const struct reader *reader, const char *host,
                       const char *name_space);

/*
 * What a docker from snap reads, whether it is there or not. Returns 0 and fills *out, or -1 with
 * *err set (CLASS_AUTHFILE): no home.
 */
int reader_snap(struct location *out, const struct location_request *request, struct error *err)
    __attribute__((warn_unused_result));

/* Podman's persistent file alone, whatever is set: the second that it looks at. */
int reader_persistent(struct location *out, const struct location_request *request,
                      struct error *err) __attribute__((warn_unused_result));

/* The host of a key, as docker reduces it: scheme and path dropped. Into host[size]; returns it. */
const char *reader_key_host(char *host, size_t size, const char *key);

/*
 * Whether `key` is but another spelling of `wanted` in a file of that owner: with a scheme, in
 * another case, or another of Docker Hub's names; in Docker's file also HOST/ and HOST/v2/.
 * "ghcr.io/owner" is not a spelling of "ghcr.io": it is podman's, for a namespace.
 */
bool reader_is_spelling(const struct reader *owner, const char *key, const char *wanted);

#endif
