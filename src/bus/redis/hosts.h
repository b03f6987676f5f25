/* bus/redis/hosts.h - which other hosts are heard, and since when not. Private
 * to src/bus/redis. */
#ifndef BUS_REDIS_HOSTS_H
#define BUS_REDIS_HOSTS_H

#include <stdbool.h>

#include "base/map.h"
#include "bus/redis/datagram.h"

/* A host is silent after that; what it published last may be lost. */
#define HOST_SILENT_MS 4000

struct hosts {
	struct map heard;
	unsigned servers; /* in our list */
};

void hosts_init(struct hosts *h, unsigned servers);
void hosts_free(struct hosts *h);

/* A datagram came from server. */
void hosts_hear(
    struct hosts *h, unsigned server, const struct datagram *d, uint64_t now);

/* Once a second; true: one more has fallen silent. */
bool hosts_tick(struct hosts *h, uint64_t now);

/* What bus_heard_ms promises. */
uint64_t hosts_heard_ms(
    const struct hosts *h, const struct id *id, uint64_t now);

#endif
