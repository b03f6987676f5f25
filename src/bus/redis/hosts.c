/* bus/redis/hosts.c - which other hosts are heard, and since when not. */
#include "bus/redis/hosts.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "bus/redis/conf.h"

#define FORGET_MS 600000

struct heard {
	struct id id;
	uint64_t at[REDIS_SERVERS_MAX]; /* 0: never, on that server */
	uint64_t last;                  /* on any */
	bool silent;
	bool differs; /* its list is another one; said once */
};

void
hosts_init(struct hosts *h, unsigned servers)
{
	map_init(&h->heard, struct heard, id);
	h->servers = servers;
}

void
hosts_free(struct hosts *h)
{
	struct heard *one;

	for (size_t i = 0; (one = map_next(&h->heard, &i)) != NULL;)
		free(one);
	map_free(&h->heard);
}

static void
say_differs(struct heard *one, unsigned server, const struct datagram *d)
{
	char hex[ID_HEX];

	if (one->differs)
		return;
	one->differs = true;
	log_error("another host lists other Redis servers",
	    "host=%s its_number=%u of=%u our_number=%u "
	    "action=\"write the same servers in the same order on all hosts\"",
	    id_hex(&one->id, hex), d->server + 1, d->servers, server + 1);
}

void
hosts_hear(
    struct hosts *h, unsigned server, const struct datagram *d, uint64_t now)
{
	struct heard *one = map_get(&h->heard, &d->from.host);

	if (one == NULL) {
		MEM_NEW(one);
		one->id = d->from.host;
		map_put(&h->heard, one);
	}
	one->last = now;
	one->silent = false;
	if (d->server == server && d->servers == h->servers)
		one->at[server] = now;
	else
		say_differs(one, server, d);
}

bool
hosts_tick(struct hosts *h, uint64_t now)
{
	struct heard *one;
	bool fell = false;

	for (size_t i = 0; (one = map_next(&h->heard, &i)) != NULL;) {
		if (!one->silent && now > one->last + HOST_SILENT_MS)
			fell = one->silent = true;
		if (now <= one->last + FORGET_MS)
			continue;
		map_remove(&h->heard, &one->id);
		free(one);
		i--;
	}
	return fell;
}

uint64_t
hosts_heard_ms(const struct hosts *h, const struct id *id, uint64_t now)
{
	const struct heard *one = map_get(&h->heard, id);
	uint64_t oldest = now;

	if (one == NULL)
		return UINT64_MAX;
	for (unsigned i = 0; i < h->servers; i++) {
		if (one->at[i] == 0)
			return UINT64_MAX;
		if (one->at[i] < oldest)
			oldest = one->at[i];
	}
	return now - oldest;
}
