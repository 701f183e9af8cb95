/*
 * The login command: read a credential, prove it, store it.
 */
#ifndef CLI_LOGIN_H
#define CLI_LOGIN_H

#include "base/error.h"
#include "base/redact.h"
#include "base/secret.h"
#include "cli/at_pull.h"
#include "cli/diagnosis.h"
#include "cli/options.h"
#include "cli/report.h"
#include "cli/run.h"
#include "cli/survey.h"
#include "cli/targets.h"
#include "credential/credential.h"

/* All that one login holds. */
struct login {
    struct run run;
    struct targets targets;
    struct credential credential;
    struct secret auth;
    struct redact redact; /* what no output may hold: the credential */
    struct diagnosis diagnosis;
    struct at_pull at_pull; /* if that was asked for */
    struct survey others;   /* images of other registries, if they are listed */
};

/* Log in as the options say, report it, and return the exit status. */
int login_run(const struct options *options);

/*
 * The same in two steps, for a caller that has more to do: read the credential, and nobody needs
 * standard input any more; then prove and store it. What is found out goes into *report, which
 * borrows from *login. Each returns 0, or -1 with *err set; login_clear() in either case.
 */
int login_begin(struct login *login, struct report *report, struct error *err)
    __attribute__((warn_unused_result));
int login_finish(struct login *login, struct report *report, struct error *err)
    __attribute__((warn_unused_result));

void login_init(struct login *login, const struct options *options);
void login_clear(struct login *login);

#endif
