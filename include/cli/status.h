/*
 * The story of a look at what is stored.
 */
#ifndef CLI_STATUS_H
#define CLI_STATUS_H

#include "cli/options.h"

/*
 * Tell which entry docker and podman would use (both, unless the options name one), and whether the
 * registry accepts it; return the exit status.
 */
int status_run(const struct options *options);

#endif
