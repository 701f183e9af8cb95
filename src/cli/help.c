#include "cli/help.h"

#include <string.h>

#include "cli/option_table.h"
#include "registry/http.h"

enum { HELP_COLUMN = 33 };
enum { COMMANDS_EVERY = ~0U };

/* In the order of the usage. The completions read these lines. */
static const struct {
    enum command command;
    const char *usage;
    const char *purpose;
} helped[] = {
    {COMMAND_LOGIN, "[login] [OPTION...] [REGISTRY[/NAMESPACE]]",
     "Check a user name and a token with the registry (default: ghcr.io), and store them where\n"
     "docker or podman finds them. Nothing is stored unless the registry accepts them. The word\n"
     "'login' may be left out.\n"},
    {COMMAND_STATUS, "status [OPTION...] [REGISTRY[/NAMESPACE]]",
     "Show which stored credential docker and podman use for the registry (default: ghcr.io), and\n"
     "ask the registry whether it still accepts it. Nothing is changed. With --all: every "
     "registry\n"
     "that they have a credential for.\n"},
    {COMMAND_LOGOUT, "logout [OPTION...] [REGISTRY[/NAMESPACE]]",
     "Remove the stored credential for the registry (default: ghcr.io). It is not an error if\n"
     "there is none.\n"},
    {COMMAND_EXEC, "exec [OPTION...] [REGISTRY[/NAMESPACE]] -- COMMAND [ARG...]",
     "Log in as 'login' does, run one command with that login, and keep nothing.\n"},
};

enum { HELPED_COUNT = sizeof(helped) / sizeof(helped[0]) };

static const char *const needed[] = {"username", "password-stdin", "token-file", "podman",
                                     "can-pull"};

static const char examples[] =
    "\n"
    "Examples:\n"
    "  echo \"$GHCR_TOKEN\" | ghcr-login -u octocat --password-stdin\n"
    "  ghcr-login status\n"
    "  ghcr-login exec -u octocat --token-env GHCR_TOKEN -- docker compose pull\n";

static const char sources[] =
    "\n"
    "For ghcr.io the token may also come from $GHCR_TOKEN or from the systemd credential\n"
    "'ghcr-token', and the user name from $GHCR_USERNAME or $GITHUB_ACTOR.\n";

static const char statuses[] =
    "\n"
    "Exit status: 0 done, 1 internal error, 2 usage, 3 credential missing or unusable, 4 refused "
    "by\n"
    "the registry, 5 registry unreachable, 6 nothing was proved, 7 may not pull the image, 8 auth\n"
    "file, 9 credential helper, 10 token expires too soon. exec: the command's own status; 125 if\n"
    "ghcr-login itself failed, 126 if the command cannot be run, 127 if it is not found.\n";

static const char more[] =
    "\n"
    "More: 'ghcr-login help COMMAND' (its options), 'ghcr-login help all', 'man ghcr-login'.\n";

static void print_option(FILE *out, const struct option_spec *spec)
{
    char left[64];
    int len =
        snprintf(left, sizeof(left), "  %c%c%s --%s%s%s", spec->letter ? '-' : ' ',
                 spec->letter ? spec->letter : ' ', spec->letter ? "," : " ", spec->name,
                 spec->argument != NULL ? " " : "", spec->argument != NULL ? spec->argument : "");

    (void)fprintf(out, "%-*s%s%s\n", HELP_COLUMN, left, len >= HELP_COLUMN ? "  " : "", spec->help);
}

static void print_options(FILE *out, unsigned commands)
{
    const char *group = "";

    for (size_t i = 0; i < option_table_len; i++) {
        if (option_table[i].group == NULL || (option_table[i].commands & commands) == 0)
            continue;
        if (strcmp(group, option_table[i].group) != 0)
            (void)fprintf(out, "\n%s:\n", option_table[i].group);
        group = option_table[i].group;
        print_option(out, &option_table[i]);
    }
}

static void print_usage(FILE *out)
{
    for (size_t i = 0; i < HELPED_COUNT; i++)
        (void)fprintf(out, "%s ghcr-login %s\n", i == 0 ? "usage:" : "      ", helped[i].usage);
    (void)fputs(
        "       ghcr-login help [COMMAND | all]\n"
        "       ghcr-login version\n"
        "\n"
        "Log in to a container registry (default: ghcr.io) for docker or podman. The registry\n"
        "must accept the credential before it is stored. There are no prompts.\n",
        out);
}

static void print_command(FILE *out, size_t which)
{
    enum command command = helped[which].command;

    (void)fprintf(out, "usage: ghcr-login %s\n\n%s", helped[which].usage, helped[which].purpose);
    print_options(out, command);
    if (command == COMMAND_LOGIN || command == COMMAND_EXEC)
        (void)fputs(sources, out);
    (void)fputs(statuses, out);
}

static void print_all(FILE *out)
{
    print_usage(out);
    print_options(out, COMMANDS_EVERY);
    (void)fputs(sources, out);
    (void)fputs(statuses, out);
}

static void print_screen(FILE *out)
{
    print_usage(out);
    (void)fputs("\nCommon options:\n", out);
    for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
        print_option(out, option_table_long(needed[i], strlen(needed[i])));
    (void)fputs(examples, out);
    (void)fputs(statuses, out);
    (void)fputs(more, out);
}

void help_print(FILE *out, const char *topic)
{
    enum command command = COMMAND_LOGIN;
    size_t which = 0;

    if (topic != NULL && strcmp(topic, "all") == 0) {
        print_all(out);
    } else if (topic != NULL && option_table_command(topic, &command)) {
        while (which < HELPED_COUNT - 1 && helped[which].command != command)
            which++;
        print_command(out, which);
    } else {
        print_screen(out);
    }
}

void help_print_version(FILE *out)
{
    char libraries[128];

    http_libraries(libraries, sizeof(libraries));
    (void)fprintf(out, "ghcr-login " GHCR_LOGIN_VERSION " %s\n", libraries);
}
