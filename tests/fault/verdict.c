#include "verdict.h"

#include <stddef.h>
#include <string.h>
#include <sys/wait.h>

#include "base/error.h"

static bool shows_secret(const char *text)
{
    static const char *const secrets[] = {REGISTRY_TOKEN, REGISTRY_BEARER,
                                          "b2N0b2NhdDpnaHBfTTdINGp4VUREV0hQ"};

    for (size_t i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++) {
        if (strstr(text, secrets[i]) != NULL)
            return true;
    }
    return false;
}

static bool has_option(const struct scene *scene, const char *option)
{
    return strstr(scene->start.arguments, option) != NULL;
}

/* Root's half-given identity must not be gone on with: that ends the program. */
static bool may_abort(const struct inject_fault *fault)
{
    return fault->call == INJECT_seteuid || fault->call == INJECT_setegid ||
           fault->call == INJECT_setgroups;
}

/* Words, or the scopes of a token. */
static bool hides_something(const char *out)
{
    return strstr(out, "is not shown") != NULL || strstr(out, "\"scopes\":null") != NULL;
}

static const char *judge_end(const struct scene *scene, const struct verdict_norm *norm,
                             const struct inject_fault *fault, const struct program_end *end)
{
    bool is_exec = has_option(scene, "exec ");
    int status;

    if (end->is_late)
        return "it does not end";
    if (end->has_left_process)
        return "it leaves a process";
    if (!WIFEXITED(end->status))
        return WTERMSIG(end->status) == SIGABRT && may_abort(fault) ? NULL : "it crashes";
    status = WEXITSTATUS(end->status);
    if (status > CLASS_HELPER && (!is_exec || status < 125 || status > 127))
        return "its status is none of the documented ones";
    if ((shows_secret(end->out) && !scene->gives_token) || shows_secret(end->err))
        return "it shows a secret";
    if (status == 0 && WEXITSTATUS(norm->end.status) != 0)
        return "what cannot succeed succeeds";
    /* A diagnosis may know less, and says so; stat() chooses between places, as podman does; and
     * without memory nobody can tell what repeats the credential, so that it is not shown. */
    if (status == 0 && strcmp(end->out, norm->end.out) != 0 &&
        strcmp(end->err, norm->end.err) == 0 && fault->call != INJECT_stat &&
        (fault->call != INJECT_malloc || !hides_something(end->out)))
        return "success says something else than ever";
    return NULL;
}

/* That it is waited for something is no error yet. */
static bool is_error(const char *line, size_t len)
{
    static const char begin[] = "ghcr-login: ";
    static const char waiting[] = "; trying again ";

    return len >= strlen(begin) && strncmp(line, begin, strlen(begin)) == 0 &&
           memmem(line, len, waiting, strlen(waiting)) == NULL;
}

static unsigned count_errors(const char *text)
{
    unsigned count = 0;

    for (size_t len; *text != '\0'; text += len + (text[len] == '\n')) {
        len = strcspn(text, "\n");
        count += is_error(text, len);
    }
    return count;
}

static bool is_quiet(const struct scene *scene)
{
    return scene->start.is_closed;
}

/* Then what was said may have come out, or not. */
static bool is_output(enum inject_call call)
{
    return call == INJECT_fflush || call == INJECT_ferror;
}

/* A failure is told in one line, beside what was told while all went well. */
static const char *judge_words(const struct scene *scene, const struct inject_fault *fault,
                               const struct program_end *end)
{
    bool is_told = has_option(scene, "-v") || has_option(scene, "--wait-for-token");
    unsigned count = count_errors(end->err);

    if (!WIFEXITED(end->status) || WEXITSTATUS(end->status) == 0 || is_quiet(scene))
        return NULL;
    if (count == 0)
        return "it fails without a word";
    if (count > 1 && !is_told && !is_output(fault->call))
        return "it fails with more than one word";
    if (has_option(scene, "--json") && end->out[0] != '\0' && !is_output(fault->call) &&
        strstr(end->out, "\"result\":\"failed\"") == NULL)
        return "its object tells of success";
    return NULL;
}

static bool is_removal(enum inject_call call)
{
    return call == INJECT_unlinkat || call == INJECT_rmdir;
}

/* Where nobody knows that the file system is local, the lock stays for other hosts. */
static bool is_lock(const char *path, enum inject_call call)
{
    static const char tail[] = ".ghcr-login-lock";
    size_t len = strlen(path);

    return call == INJECT_fstatfs && len >= sizeof(tail) &&
           strcmp(path + len - (sizeof(tail) - 1), tail) == 0;
}

/* A record of logins is looked for in a place of its own where nobody can tell that there is none.
 */
static bool is_place_of_record(const char *path, enum inject_call call)
{
    return call == INJECT_access && strncmp(path, "./home/.config", strlen("./home/.config")) == 0;
}

static const char *judge_files(const struct verdict_norm *norm, const struct inject_fault *fault,
                               const struct program_end *end, const char **path)
{
    static struct snapshot now;
    bool is_done = WIFEXITED(end->status) && WEXITSTATUS(end->status) == 0;
    bool is_extra;

    snapshot_take(&now);
    *path = snapshot_stray(&now, &norm->before, &norm->after, &is_extra);
    if (*path != NULL && is_extra &&
        (is_removal(fault->call) || is_lock(*path, fault->call) ||
         is_place_of_record(*path, fault->call) || strstr(end->err, "cannot remove") != NULL))
        return NULL;
    if (*path != NULL)
        return is_extra ? "it leaves something" : "a file is neither the old nor the new one";
    if (is_done)
        *path = snapshot_stray(&now, &norm->after, &norm->after, &is_extra);
    return *path != NULL ? "it succeeds, but a file is not as it should be" : NULL;
}

const char *verdict_of(const struct scene *scene, const struct verdict_norm *norm,
                       const struct inject_fault *fault, const struct program_end *end,
                       const char **path)
{
    const char *wrong = judge_end(scene, norm, fault, end);

    *path = NULL;
    if (wrong == NULL)
        wrong = judge_words(scene, fault, end);
    return wrong != NULL ? wrong : judge_files(norm, fault, end, path);
}
