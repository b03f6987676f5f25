/* chat/presence_private.h - what presence's files share. */
#ifndef CHAT_PRESENCE_PRIVATE_H
#define CHAT_PRESENCE_PRIVATE_H

#include "base/buf.h"
#include "base/map.h"
#include "chat/presence.h"

#define PEERS_MAX 64 /* workers whose people are remembered */

/* Somebody connected to other workers. */
struct elsewhere {
	struct id id;
	uint64_t peers; /* a bit for each worker */
};

/* Somebody whose last device here went a moment ago: a reload of the page is
 * no absence. */
struct lingering {
	struct id id;
	uint64_t due_ms;
	uint32_t nrooms;
	struct id *rooms; /* where it is told */
};

/* Another worker's people, as we believe: count and digest are compared with
 * what its beat says; when they differ it is asked for all. */
struct peer {
	bool known;
	uint32_t generation;
	uint32_t count;
	uint64_t digest;
	uint64_t beat_ms;
	struct id *former; /* those before a list began */
	size_t nformer;
};

struct presence {
	struct chat *chat;
	struct map elsewhere; /* struct elsewhere */
	struct map lingering; /* struct lingering */
	struct peer peers[PEERS_MAX];
	uint32_t count; /* of our own people, the lingering too */
	uint64_t digest;
	uint64_t nonce; /* names this process in an "ask" */
	struct loop_timer *tick;
	unsigned ticks;
	struct id *lost; /* went with a worker that died: [nlost] */
	uint64_t *lost_due;
	size_t nlost, lost_cap;
};

/* presence.c */
bool presence_here(struct presence *p, const struct id *user); /* or lingers */
bool presence_is_here(const struct hub_user *u);
uint64_t presence_mix(const struct id *id); /* its share of a digest */
void presence_tell(struct presence *p, const struct id *user, bool online,
    const struct id *rooms, size_t n);
void presence_publish(struct presence *p, const struct buf *data);

/* presence_peer.c: the other workers */
bool presence_elsewhere(struct presence *p, const struct id *user);
void presence_beat(struct presence *p);
void presence_peers_tick(struct presence *p, uint64_t now);
void presence_peers_free(struct presence *p);

/* The first byte of a BUS_PRESENCE message, and what follows it. */
enum {
	PRESENCE_CAME = 1, /* user 12, rooms 12 each */
	PRESENCE_WENT = 2, /* the same */
	PRESENCE_BEAT = 3, /* nonce 8, count 4, digest 8 */
	PRESENCE_ASK = 4,  /* nonce 8 of the one that is asked */
	PRESENCE_LIST = 5, /* flags 1 (1 first, 2 last), users 12 each */
};

#endif
