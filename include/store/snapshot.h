/*
 * What docker and podman have, as it was when it was first looked at: several look-ups (lookup.h,
 * inventory.h) that are handed the same snapshot read each file, and the variable, once.
 */
#ifndef STORE_SNAPSHOT_H
#define STORE_SNAPSHOT_H

struct snapshot_text;

/* It holds credentials: to be cleared once the last of them is done. */
struct snapshot {
    struct snapshot_text *texts;
};

#define SNAPSHOT_INIT ((struct snapshot){.texts = NULL})

void snapshot_clear(struct snapshot *snapshot);

#endif
