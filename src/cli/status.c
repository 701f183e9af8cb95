#include "cli/status.h"

#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "cli/advice.h"
#include "cli/diagnosis.h"
#include "cli/environment.h"
#include "cli/hint.h"
#include "cli/proof.h"
#include "cli/report.h"
#include "cli/subject.h"
#include "cli/targets.h"
#include "store/lookup.h"

/* All that one look holds. */
struct look {
    const struct options *options;
    const struct clock *clock;
    int64_t deadline_ms;
    struct subject subject;
    struct location_request places;
    struct reader readers[TARGETS_MAX];
    size_t reader_count;
    struct diagnosis diagnosis;
    struct warnings warnings;
};

static int find_subject(struct look *look, struct report *report, struct error *err)
{
    report->subject = &look->subject;
    if (subject_find(&look->subject, look->options, err) < 0)
        return -1;
    look->places = targets_location_request(look->options, &look->subject.person);
    return person_become(&look->subject.person, err);
}

static int add_reader(struct look *look, const char *name, struct error *err)
{
    const struct reference *registry = &look->subject.registry;
    struct reader *reader = &look->readers[look->reader_count];
    char key[REFERENCE_KEY_MAX + 1];
    struct lookup_request request = {
        .key = key,
        .places = &look->places,
        .clock = look->clock,
        .deadline_ms = look->deadline_ms,
    };
    bool is_docker = strcmp(name, "docker") == 0;
    int ret;

    if (is_docker) {
        request.key = request.host = reference_docker_key(registry);
    } else {
        reference_podman_key(key, registry);
        request.host = registry->host;
    }
    *reader = (struct reader){.name = name, .found = LOOKUP_INIT};
    ret = is_docker ? lookup_docker(&reader->found, &request, err)
                    : lookup_podman(&reader->found, &request, err);
    look->reader_count += ret > 0;
    return ret;
}

/* Where nothing names one of them, both are looked at. */
static int find_readers(struct look *look, struct report *report, struct error *err)
{
    const struct options *o = look->options;
    bool podman = o->podman || o->authfile != NULL || o->persistent;
    bool docker = o->docker || o->config_dir != NULL;
    bool both = podman == docker;

    report->readers = look->readers;
    if (((docker || both) && add_reader(look, "docker", err) < 0) ||
        ((podman || both) && add_reader(look, "podman", err) < 0))
        return -1;
    report->reader_count = look->reader_count;
    if (look->reader_count > 0)
        return 0;
    (void)error_set(err, CLASS_CREDENTIAL, "%s finds no credential for '%s'",
                    both     ? "neither docker nor podman"
                    : docker ? "docker"
                             : "podman",
                    look->subject.registry.host);
    return error_hint(err, "store one: ghcr-login -u NAME %s", look->subject.registry.host);
}

static void diagnose(struct look *look, const struct reader *reader, struct report *report)
{
    struct diagnosis_request request = {
        .registry = &look->subject.registry,
        .username = secret_text(&reader->found.username),
        .token = &reader->found.token,
        .images = look->subject.images,
        .image_count = look->subject.image_count,
        .clock = look->clock,
        .deadline_ms = look->deadline_ms,
    };

    diagnosis_ask(&look->diagnosis, &request, look->options, &look->warnings);
    report->diagnosis = &look->diagnosis;
}

static int prove(struct look *look, struct reader *reader, struct report *report, struct error *err)
{
    struct proof proof = {
        .registry = &look->subject.registry,
        .username = secret_text(&reader->found.username),
        .token = &reader->found.token,
        .images = look->subject.images,
        .image_count = look->subject.image_count,
        .warnings = &look->warnings,
        .clock = look->clock,
        .deadline_ms = look->deadline_ms,
    };
    struct situation here = {.registry = &look->subject.registry,
                             .token = &reader->found.token,
                             .place = place_find(environment),
                             .diagnosis = &look->diagnosis};
    int ret = proof_ask(&proof, look->options, err);

    reader->verified = ret == 0 || err->cls == CLASS_FORBIDDEN;
    if (look->options->diagnose)
        diagnose(look, reader, report);
    if (ret < 0)
        hint_at_refusal(&here, err);
    return ret;
}

static bool is_same(const struct lookup *a, const struct lookup *b)
{
    return secret_is_equal(&a->username, &b->username) && secret_is_equal(&a->token, &b->token);
}

/* One credential that both use is proved once. */
static int prove_reader(struct look *look, size_t i, struct report *report, struct error *err)
{
    struct reader *reader = &look->readers[i];

    if (reader->found.is_identity_token)
        return error_set(err, CLASS_UNPROVED,
                         "%s has an identity token for '%s', which cannot be proved here",
                         reader->name, look->subject.registry.host);
    if (i > 0 && is_same(&look->readers[0].found, &reader->found)) {
        reader->verified = look->readers[0].verified;
        return 0;
    }
    if (prove(look, reader, report, err) == 0)
        return 0;
    return error_wrap(err, "the credential of %s", reader->name);
}

static void tell_of_token(struct look *look, struct report *report)
{
    struct situation here = {.registry = &look->subject.registry,
                             .token = &look->readers[0].found.token,
                             .place = place_find(environment),
                             .diagnosis = &look->diagnosis};

    report->username = secret_text(&look->readers[0].found.username);
    report->token_kind = advice_kind_name(&here);
    advice_on_token(&here, &look->warnings);
}

static int tell(struct look *look, struct report *report, struct error *err)
{
    if (find_subject(look, report, err) < 0 || find_readers(look, report, err) < 0)
        return -1;
    tell_of_token(look, report);
    for (size_t i = 0; i < look->reader_count && !look->options->no_verify; i++) {
        if (prove_reader(look, i, report, err) < 0)
            return -1;
    }
    report->verified = !look->options->no_verify;
    if (look->diagnosis.is_made)
        diagnosis_warn(&look->diagnosis, &look->warnings);
    return 0;
}

int status_run(const struct options *options)
{
    struct look look = {.options = options, .clock = clock_system()};
    struct report report = {.warnings = &look.warnings};
    struct error err = ERROR_INIT;
    int status;

    look.deadline_ms = clock_now(look.clock) + (int64_t)options->timeout_s * 1000;
    status = tell(&look, &report, &err) == 0 ? report_print(&report, options, NULL)
                                             : report_print(&report, options, &err);
    for (size_t i = 0; i < TARGETS_MAX; i++)
        lookup_clear(&look.readers[i].found);
    return status;
}
