/*
 * This program as a credential helper: docker, podman and their kin run it by the name
 * docker-credential-ghcr-login, with get, store, erase, list or version as its argument.
 *
 * It answers from the record (store/record.h): the token is read from the file, or printed by the
 * command, at that moment. No network is asked. A host without a record is none of ours, in the
 * protocol's own words, so that pulls of public images go on. Why a source is broken is told on
 * standard output, as the protocol has it, and with what to do on standard error, for docker shows
 * only the one and skopeo only the other.
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
