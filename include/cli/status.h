/*
 * The status command: which credential is used, and whether the registry still accepts it.
 */
#ifndef CLI_STATUS_H
#define CLI_STATUS_H

#include "cli/options.h"

/*
 * Show which entry docker and podman would use (both, unless the options name one), and whether the
 * registry accepts it; return the exit status.
 */
int status_run(const struct options *options);

#endif
