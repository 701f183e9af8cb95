#include "base/hub.h"

#include <stddef.h>
#include <string.h>

static const struct {
    const char *host;
    enum hub_use use;
} names[] = {
    {HUB_HOST, HUB_IN_IMAGE},
    {"index.docker.io", HUB_IN_IMAGE},
    {HUB_API_HOST, HUB_IN_KEY},
    {"registry.hub.docker.com", HUB_AS_TYPED},
};

bool hub_is_name(const char *host, enum hub_use use)
{
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (names[i].use <= use && strcmp(names[i].host, host) == 0)
            return true;
    }
    return false;
}
