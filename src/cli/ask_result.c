#include "cli/ask_result.h"

#include <string.h>

#include "base/text.h"

enum { SHOWN_MAX = 1024 }; /* longer than any text of a diagnosis */

/* Any other byte would be no value of a bool at all. */
static bool is_flag(const bool *flag)
{
    return *(const unsigned char *)flag <= 1;
}

static bool result_is_text(const char *text, size_t size)
{
    return memchr(text, '\0', size) != NULL;
}

#define IS_TEXT(array) result_is_text(array, sizeof(array))

/* It is printed as it is: it has nothing that a terminal or a runner of jobs would obey. */
static bool result_is_shown(const char *text, size_t size)
{
    char shown[SHOWN_MAX];

    return result_is_text(text, size) &&
           strcmp(text_printable(shown, sizeof(shown), text, strlen(text)), text) == 0;
}

#define IS_SHOWN(array) (sizeof(array) < SHOWN_MAX && result_is_shown(array, sizeof(array)))

/* The classes above are of files, helpers and dates: who asks a registry sees none of these. */
static bool is_error(const struct error *err, int ret)
{
    bool has_class = ret == 0 ? err->cls == CLASS_NONE
                              : ret == -1 && err->cls > CLASS_NONE && err->cls <= CLASS_FORBIDDEN;

    return has_class && IS_TEXT(err->message) && IS_TEXT(err->hint);
}

static bool are_warnings(const struct warnings *warnings)
{
    if (warnings->count > WARNINGS_MAX)
        return false;
    for (size_t i = 0; i < warnings->count; i++) {
        if (!IS_TEXT(warnings->items[i]))
            return false;
    }
    return true;
}

/* In seconds or days; far beyond any date that is written with four digits of a year. */
static bool is_time(int64_t time)
{
    static const int64_t limit = INT64_C(1) << 40;

    return time >= -limit && time <= limit;
}

static bool is_diagnosis(const struct diagnosis *diagnosis)
{
    const struct github_findings *findings = &diagnosis->findings;

    return is_flag(&diagnosis->is_made) && (unsigned)diagnosis->expiry <= EXPIRY_KNOWN &&
           IS_SHOWN(diagnosis->expires_at) && (unsigned)findings->verdict <= GITHUB_INVALID &&
           IS_TEXT(findings->trouble) && IS_SHOWN(findings->owner) &&
           is_flag(&findings->has_scopes) && IS_SHOWN(findings->scopes) &&
           is_time(findings->expires_at) && is_time(diagnosis->days_left) &&
           is_flag(&findings->has_odd_expiry) && is_flag(&findings->needs_sso) &&
           IS_SHOWN(findings->sso_url) && is_flag(&findings->forbids_classic);
}

static bool is_status(int status)
{
    return status >= 0 && status <= 999;
}

static bool is_outcome(const struct outcome *outcome)
{
    return (unsigned)outcome->phase < OUTCOME_PHASE_COUNT && is_status(outcome->status) &&
           (unsigned)outcome->code < OUTCOME_CODE_COUNT && outcome->phrases <= OUTCOME_PHRASES &&
           is_flag(&outcome->is_good);
}

/* The deadline moves by what was waited, which is no more than has passed since `began_ms`. */
static bool is_deadline(int64_t deadline_ms, const struct question_limits *limits, int64_t began_ms)
{
    return deadline_ms >= limits->deadline_ms &&
           deadline_ms - limits->deadline_ms <= clock_now(limits->clock) - began_ms;
}

bool ask_result_is_sound(const struct ask_result *result, const struct question_limits *limits,
                         int64_t began_ms)
{
    for (size_t i = 0; i < OPTIONS_IMAGES_MAX; i++) {
        if (!is_flag(&result->images[i].can_pull) || !is_status(result->images[i].status))
            return false;
    }
    return is_error(&result->err, result->ret) && are_warnings(&result->warnings) &&
           is_deadline(result->deadline_ms, limits, began_ms) && is_outcome(&result->outcome) &&
           is_diagnosis(&result->diagnosis);
}
