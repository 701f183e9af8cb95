/*
 * This program as a credential helper: docker, podman and their kin run it by the name
 * docker-credential-ghcr-login, with get, store, erase, list or version as its argument.
 *
 * It answers from the record (store/record.h): the token is read from the file, or printed by the
 * command, at that moment. The network is not used. For a host without a record the answer is the
 * protocol's own "credentials not found", so that pulls of public images go on. The reason why a
 * source is broken goes to standard output, as the protocol requires, and with a hint to standard
 * error: docker shows only the former, and skopeo only the latter.
 *
 * Source: docker/docker-credential-helpers, credentials/credentials.go and error.go.
 */
#ifndef CLI_HELPER_VERBS_H
#define CLI_HELPER_VERBS_H

#include <stdbool.h>

/* Whether argv[0] is that name; NULL is not. */
bool helper_verbs_are_meant(const char *program);

/* Do it, and return the exit status: 0, or 1. json_init() before. */
int helper_verbs_run(int argc, char *const argv[]);

/* Have this program's own look-ups answered by the record, too, instead of running it. */
void helper_verbs_serve(void);

#endif
