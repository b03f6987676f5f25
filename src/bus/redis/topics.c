/* bus/redis/topics.c - what a worker wants to hear, and on which channels. */
#include "bus/redis/topics.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/sip.h"

void
topics_init(struct map *topics)
{
	map_init(topics, struct topic, id);
}

void
topics_free(struct map *topics)
{
	struct topic *t;

	for (size_t i = 0; (t = map_next(topics, &i)) != NULL;)
		free(t);
	map_free(topics);
}

bool
topics_add(struct map *topics, const struct id *id)
{
	struct topic *t = map_get(topics, id);

	if (t != NULL) {
		t->count++;
		return false;
	}
	MEM_NEW(t);
	t->id = *id;
	t->count = 1;
	map_put(topics, t);
	return true;
}

bool
topics_drop(struct map *topics, const struct id *id)
{
	struct topic *t = map_get(topics, id);

	if (t == NULL || --t->count > 0)
		return false;
	map_remove(topics, id);
	free(t);
	return true;
}

size_t
channel_of(char out[CHANNEL_MAX], unsigned db, const struct id *topic)
{
	char hex[ID_HEX] = "all";

	if (!id_is_zero(topic))
		id_hex(topic, hex);
	return (size_t)snprintf(out, CHANNEL_MAX, "burung:%u:%s", db, hex);
}

size_t
channel_own(char out[CHANNEL_MAX], unsigned db, const struct id *host,
    unsigned worker, uint32_t generation)
{
	char hex[ID_HEX];

	return (size_t)snprintf(out, CHANNEL_MAX, "burung:%u:worker:%s:%u:%u",
	    db, id_hex(host, hex), worker, generation);
}

int
channel_topic(const char *channel, size_t len, struct id *topic_r)
{
	const char *colon = memrchr(channel, ':', len);

	if (colon == NULL)
		return -1;
	return id_parse(
	    colon + 1, len - (size_t)(colon + 1 - channel), topic_r);
}

/* Jump consistent hash (Lamping and Veach 2014, arXiv:1406.2294). */
static unsigned
jump(uint64_t key, unsigned n)
{
	int64_t b = -1, j = 0;

	while (j < (int64_t)n) {
		b = j;
		key = key * 2862933555777941757u + 1;
		j = (int64_t)((double)(b + 1) * (double)(1LL << 31) /
			      (double)((key >> 33) + 1));
	}
	return (unsigned)b;
}

unsigned
topic_server(const struct id *topic, unsigned n)
{
	static const struct sip_key key = { 0 }; /* the same everywhere */

	if (n < 2 || id_is_zero(topic))
		return 0;
	return jump(sip_hash(&key, topic->b, sizeof(topic->b), 2, 4), n);
}
