/*
 * Which certificates the connections to one registry rest on, as docker and podman have it.
 *
 * The system's roots: those that the TLS library was built for, or, if this system lacks them (a
 * static executable was built elsewhere), what common systems have; or what SSL_CERT_FILE and
 * SSL_CERT_DIR name, read as Go reads them (crypto/x509/root_unix.go: a named file that cannot be
 * read is skipped, and the directories are read all the same). Beside them those of the registry's
 * own directory: --cert-dir DIR, else the first that exists of ~/.config/containers,
 * /etc/containers and /etc/docker, each with certs.d/HOST[:PORT] (containers-certs.d(5), docker's
 * "Verify repository client with certificates"). In it *.crt are roots, and NAME.cert with NAME.key
 * is a client certificate. A file given with --cacert is trusted alone. With --insecure no root is
 * of any use, but the client certificate is.
 */
#ifndef REGISTRY_TRUST_H
#define REGISTRY_TRUST_H

#include <limits.h>
#include <stdbool.h>

#include "base/error.h"
#include "base/secret.h"

enum { TRUST_FILE_MAX = 1024 * 1024 }; /* bytes of one file of roots, the system's aside */

struct trust_request {
    const char *host;             /* HOST[:PORT] as the user gave it */
    const char *ca_file;          /* --cacert; NULL: not given */
    const struct secret *ca_text; /* what that had, if it can be read but once; NULL: read it */
    const char *cert_dir;         /* --cert-dir; NULL: not given */
    bool is_insecure;             /* --insecure */
    const char *system_file;      /* the TLS library's defaults; NULL: unknown */
    const char *system_dir;
    const char *system_root; /* what stands before the common systems' paths; NULL: nothing */
    const char *(*environment)(const char *name); /* SSL_CERT_FILE, SSL_CERT_DIR, HOME, … */
};

struct trust {
    bool is_insecure;           /* any server is trusted */
    char file[PATH_MAX];        /* bundle of roots; "": none */
    char dir[PATH_MAX];         /* hashed directory of roots; "": none */
    bool is_dir_named;          /* by SSL_CERT_DIR: directories with ':' between, hashed or not */
    bool is_file_unread;        /* SSL_CERT_FILE's cannot be read: each file in dir counts */
    const char *named_by;       /* the option or variable that named them, a constant; NULL: none */
    struct secret extra;        /* PEM text of more roots; empty: none */
    char client_cert[PATH_MAX]; /* "": none */
    char client_key[PATH_MAX];
};

#define TRUST_INIT ((struct trust){.is_insecure = false})

/*
 * Find them. Returns 0 and fills *out (release with trust_clear()), or -1 with *err set
 * (CLASS_UNREACHABLE): a directory or file that cannot be read, a client certificate without a key,
 * a path that is too long to lead anywhere.
 */
int trust_find(struct trust *out, const struct trust_request *request, struct error *err)
    __attribute__((warn_unused_result));

void trust_clear(struct trust *trust);

/* Whether libcurl takes roots as a text (7.77), and not from files alone. */
bool trust_takes_roots(void);

#endif
