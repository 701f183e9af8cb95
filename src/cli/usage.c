#include "cli/usage.h"

#include <string.h>

#include "cli/option_table.h"
#include "registry/http.h"

enum { HELP_COLUMN = 33 };

static const char head[] =
    "usage: ghcr-login [login] [OPTION...] [REGISTRY[/NAMESPACE]]\n"
    "       ghcr-login status  [OPTION...] [REGISTRY[/NAMESPACE]]\n"
    "       ghcr-login logout  [OPTION...] [REGISTRY[/NAMESPACE]]\n"
    "       ghcr-login exec    [OPTION...] [REGISTRY] -- COMMAND [ARG...]\n"
    "\n"
    "Prove a user name and a token to a container registry (ghcr.io unless another is named),\n"
    "and store them where docker or podman finds them. Never prompts. 'status' tells what they\n"
    "use and whether the registry takes it; 'logout' removes it; 'exec' stores only where one\n"
    "command finds it, and runs that.\n"
    "\n"
    "    echo $GHCR_TOKEN | ghcr-login -u $USER\n";

static const char tail[] =
    "\n"
    "For ghcr.io the token may also come from $GHCR_TOKEN or from the systemd credential\n"
    "'ghcr-token', the name from $GHCR_USERNAME or $GITHUB_ACTOR.\n"
    "\n"
    "Exit status: 0 done, 1 internal, 2 usage, 3 credential missing or unusable, 4 refused by the\n"
    "registry, 5 registry could not be asked, 6 nothing was proved, 7 may not pull the image,\n"
    "8 auth file, 9 credential helper. exec: that of its command; 125 where one of 1 to 9 kept it\n"
    "from running that, 126 where it cannot be run, 127 where there is none.\n";

static void print_option(FILE *out, const struct option_spec *spec)
{
    char left[64];
    int len =
        snprintf(left, sizeof(left), "  %c%c%s --%s%s%s", spec->letter ? '-' : ' ',
                 spec->letter ? spec->letter : ' ', spec->letter ? "," : " ", spec->name,
                 spec->argument != NULL ? " " : "", spec->argument != NULL ? spec->argument : "");

    (void)fprintf(out, "%-*s%s%s\n", HELP_COLUMN, left, len >= HELP_COLUMN ? "  " : "", spec->help);
}

void usage_print_help(FILE *out)
{
    const char *group = "";

    (void)fputs(head, out);
    for (size_t i = 0; i < option_table_len; i++) {
        if (option_table[i].group == NULL)
            continue;
        if (strcmp(group, option_table[i].group) != 0)
            (void)fprintf(out, "\n%s:\n", option_table[i].group);
        group = option_table[i].group;
        print_option(out, &option_table[i]);
    }
    (void)fputs(tail, out);
}

void usage_print_version(FILE *out)
{
    char libraries[128];

    http_libraries(libraries, sizeof(libraries));
    (void)fprintf(out, "ghcr-login " GHCR_LOGIN_VERSION " %s\n", libraries);
}
