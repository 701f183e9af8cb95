/*
 * Many credentials, each proved once: all that docker and podman would log in with
 * (status --all), and what they have for the registries of images (--can-pull -).
 *
 * An item is what one of them finds for a registry. Several items may have the same credential:
 * what is asked is a unit, one credential at one registry with all images that are pulled with it,
 * over one connection. If nothing is stored for an image's registry, a unit is nobody's.
 *
 * Order: survey_begin(); survey_collect() as the person whose files these are; survey_prove();
 * survey_sum_up(); survey_clear() in any case.
 */
#ifndef CLI_SURVEY_H
#define CLI_SURVEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "cli/advice.h"
#include "cli/ask.h"
#include "cli/diagnosis.h"
#include "cli/findings.h"
#include "cli/image_list.h"
#include "cli/run.h"
#include "registry/outcome.h"
#include "registry/reference.h"
#include "store/snapshot.h"

enum { SURVEY_ITEMS_MAX = 1024 };

struct survey_unit {
    struct reference registry;
    const struct holding *held; /* NULL: nobody's */
    struct image *images;       /* copies of what is listed */
    size_t image_count;

    /* What came of it. */
    enum verdict verdict;
    struct outcome outcome;
    struct error err;
    struct warnings warnings;
    struct diagnosis diagnosis;
    bool is_diagnosed;
};

struct survey_item {
    struct reference registry;   /* its host is "" for a file that cannot be read */
    struct finding finding;      /* VERDICT_NONE: nothing is stored, for an image */
    const struct reader *second; /* who finds the very same; NULL: nobody */
    const char *kind;            /* of the token, a constant; NULL: not known */
    struct survey_unit *unit;    /* NULL: it is not asked about */
};

struct survey {
    struct run *run; /* borrowed */
    const struct reader *readers[RUN_READERS_MAX];
    size_t reader_count;
    struct image_list images;
    struct snapshot snapshot;                    /* of what is looked into, while it is */
    struct survey_item *items[SURVEY_ITEMS_MAX]; /* by registry, once they are collected */
    size_t count;
    struct survey_unit *units;
    size_t unit_count;
    const struct survey_item *blamed;  /* whose fault is the run's; NULL: nobody's, as yet */
    void (*forget_more)(void *holder); /* what the caller has of secrets; NULL: nothing */
    void *holder;
    int64_t told_ms; /* when it was said last that it takes a while */
    bool has_told;
};

void survey_begin(struct survey *survey, struct run *run);

/*
 * Look up what is stored: with --all everything, else what the command line names of registries,
 * and what the listed images want. Returns 0, or -1 with *err set; what goes wrong with one of them
 * is that item's.
 */
int survey_collect(struct survey *survey, struct error *err) __attribute__((warn_unused_result));

/*
 * What survey_collect() is made of. Each returns -1 with *err set if memory or room is short.
 *
 * survey_item_new() makes an empty item, or returns NULL with *err set; survey_add() takes it, and
 * gives it, or its twin that is there already, in *out (may be NULL).
 */
struct survey_item *survey_item_new(const struct reference *registry, const struct reader *by,
                                    struct error *err);
int survey_add(struct survey *survey, struct survey_item *item, struct survey_item **out,
               struct error *err);

/*
 * What a reader uses for a registry. Returns 1 with the item in *out (may be NULL), which may be a
 * fault, or 0 if it finds none. survey_look_twice() also looks for what an older docker uses,
 * which knows no variable: the entry in the file.
 */
int survey_look(struct survey *survey, const struct reference *registry, const struct reader *by,
                bool is_older, struct survey_item **out, struct error *err)
    __attribute__((warn_unused_result));
int survey_look_twice(struct survey *survey, const struct reference *registry,
                      const struct reader *by, struct error *err)
    __attribute__((warn_unused_result));

/*
 * Gives an item the unit that is asked on its behalf, with others of the same credential. What is
 * no password cannot be asked about; an older docker's entry is told, and no more.
 */
int survey_assign_unit(struct survey *survey, struct survey_item *item, struct error *err)
    __attribute__((warn_unused_result));

/* Helpers are asked one by one; if one of them hangs, there is still time for the registries. */
int64_t survey_helper_deadline(const struct run *run);

/* Whether both are of the same path (if of none, of the same reader), key, helper and entry. */
bool survey_is_same_place(const struct finding *a, const struct finding *b);

/* Whether host and namespace are the same. */
bool survey_is_same_registry(const struct reference *a, const struct reference *b);

/* Have the registries asked, each credential once. Returns 0, or -1 with *err set (no memory). */
int survey_prove(struct survey *survey, struct error *err) __attribute__((warn_unused_result));

/*
 * For a credential that is stored, and not what ssh-action hands over now. survey_situation() is
 * what advice needs of it. survey_judge() is the verdict on what ask_registry() set *err to: advice
 * is added there, and what GitHub says of the token, which may end too soon.
 */
struct situation survey_situation(const struct reference *registry, const struct secret *token,
                                  const struct github_findings *findings);
enum verdict survey_judge(const struct ask *ask, struct error *err);

/*
 * What has become of all: -1 with *err set to the worst (exit_class_is_worse()), or 0. *verified
 * tells whether every credential was accepted. The images join those of the run.
 */
int survey_sum_up(struct survey *survey, bool *verified, struct error *err)
    __attribute__((warn_unused_result));

/* The error of an item, its own or that of its unit. */
const struct error *survey_error(const struct survey_item *item);

/* Whether an item's fault is neither the one that survey_sum_up() blames, nor an earlier item's. */
bool survey_is_untold(const struct survey *survey, size_t i);

enum verdict survey_verdict(const struct survey_item *item);

/* These as warnings. */
void survey_warn(const struct survey *survey, struct warnings *warnings);

/* Wipes every credential; also in a sandbox. */
void survey_forget(void *survey);

void survey_clear(struct survey *survey);

#endif
