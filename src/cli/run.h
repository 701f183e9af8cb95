/*
 * What every command has in common: what was asked, until when, whose files, which registry, which
 * images, and what is worth a warning.
 */
#ifndef CLI_RUN_H
#define CLI_RUN_H

#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/redact.h"
#include "base/secret.h"
#include "cli/options.h"
#include "cli/person.h"
#include "registry/image.h"
#include "registry/question.h"
#include "registry/reference.h"
#include "store/reader.h"

enum { RUN_READERS_MAX = 2 };

struct subject {
    struct person person;
    struct reference registry; /* its host is "" until it is known */
    struct image images[OPTIONS_IMAGES_MAX];
    size_t image_count;
};

struct run {
    const struct options *options; /* borrowed */
    const struct clock *clock;
    int64_t deadline_ms; /* of all of it: waits for input and for other runs are in it */
    struct subject subject;
    struct location_request places; /* where docker and podman have their files */
    struct secret ca_text;          /* what --cacert had, where it was read beforehand */
    struct warnings warnings;
};

/* Begin one, to be ended with run_end(): from here on time counts. */
void run_begin(struct run *run, const struct options *options);

/* Accepts one that is zeroed, or was ended. */
void run_end(struct run *run);

/*
 * Find out what it is about, from options and environment. What is known when something is wrong is
 * filled in. Returns 0, or -1 with *err set: CLASS_USAGE, or CLASS_INTERNAL.
 */
int run_find_subject(struct run *run, struct error *err) __attribute__((warn_unused_result));

/* The readers whose credentials the options mean: for `status`, both if they name neither. */
size_t run_choose_readers(const struct reader *out[RUN_READERS_MAX], const struct options *options);

/*
 * Where servers will be asked, before this process is another person's, and after standard input is
 * read: read a --cacert that can be read but once, for there may be several connections. (Before
 * libcurl 7.77 the first has it.) Returns 0, or -1 with *err set (CLASS_UNREACHABLE,
 * CLASS_INTERNAL).
 */
int run_read_trust(struct run *run, struct error *err) __attribute__((warn_unused_result));

/*
 * Whether all that is said can be kept from repeating a token: not where it is a password of a few
 * letters, or made of the names that every message has: it would hide what is no secret. What
 * comes from outside is kept from it in any case.
 */
bool run_can_hide(const struct redact *redact, const struct reference *registry,
                  const char *username, const struct secret *token);

/* The same at another registry, and for no images; a token of NULL is nobody's. */
struct question run_question_at(const struct run *run, const struct reference *registry,
                                const char *username, const struct secret *token);

/*
 * The question whether the registry takes this credential, and gives the images for it. `auth` is
 * its base64, or NULL.
 */
struct question run_question(struct run *run, const char *username, const struct secret *token,
                             const struct secret *auth);

#endif
