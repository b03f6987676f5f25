/* bus/redis/topics.h - what a worker wants to hear from one server, and what
 * the channels are called. Private to src/bus/redis. */
#ifndef BUS_REDIS_TOPICS_H
#define BUS_REDIS_TOPICS_H

#include <stdbool.h>

#include "base/id.h"
#include "base/map.h"

#define CHANNEL_MAX 80

struct topic {
	struct id id;
	uint32_t count; /* of those who want it */
};

void topics_init(struct map *topics);
void topics_free(struct map *topics);
/* Whether it is the first interest; the last. */
bool topics_add(struct map *topics, const struct id *id);
bool topics_drop(struct map *topics, const struct id *id);

/* A room's channel, or with the zero topic the one that all hear. Its length.
 */
size_t channel_of(char out[CHANNEL_MAX], unsigned db, const struct id *topic);
/* The one that only this worker hears. */
size_t channel_own(char out[CHANNEL_MAX], unsigned db, const struct id *host,
    unsigned worker, uint32_t generation);
/* The topic of a room's channel. 0, or -1: it is no room's. */
int channel_topic(const char *channel, size_t len, struct id *topic_r);

/* Which of n servers has the topic: adding one behind the others moves 1/n of
 * them, to the new one. The zero topic is on the first. */
unsigned topic_server(const struct id *topic, unsigned n);

#endif
