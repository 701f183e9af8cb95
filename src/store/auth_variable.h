/*
 * The text of $DOCKER_AUTH_CONFIG, judged as docker does. Pure.
 */
#ifndef STORE_AUTH_VARIABLE_H
#define STORE_AUTH_VARIABLE_H

#include <stdbool.h>

/*
 * Whether docker takes the entry of exactly `key` from there, before any file. It takes none where
 * one entry has no "auth" or one that it cannot decode, where there is any other member, or
 * anything behind the object: then it says so and goes on to the file (docker/cli's
 * cli/config/configfile/file.go).
 */
bool auth_variable_has(const char *text, const char *key);

#endif
