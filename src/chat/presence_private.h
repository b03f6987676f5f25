/* chat/presence_private.h - what presence's files share. */
#ifndef CHAT_PRESENCE_PRIVATE_H
#define CHAT_PRESENCE_PRIVATE_H

#include "base/buf.h"
#include "base/map.h"
#include "chat/presence.h"
#include "chat/whereabouts.h"

#define PEERS_MAX 16384 /* workers whose people are remembered */

/* Somebody whose absence was told because a worker died or was not heard; to be
 * told when that turns out wrong. */
struct absent {
	struct id id;
};

/* Which worker. */
struct peer_key {
	struct id host;
	uint32_t worker;
};
_Static_assert(sizeof(struct peer_key) == 16, "it is hashed as a whole");

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
	struct peer_key key;
	uint32_t number; /* never again another's */
	uint32_t generation;
	uint32_t count;
	uint64_t digest;
	uint64_t beat_ms;
	struct id *former; /* those before a list began */
	size_t nformer;
};

struct teller; /* presence_tell.c */

struct presence {
	struct chat *chat;
	struct teller *teller;
	struct whereabouts elsewhere; /* by peer.number */
	struct map lingering;         /* struct lingering */
	struct map peers;             /* struct peer */
	uint32_t numbers;             /* given to peers */
	struct map absent;            /* struct absent */
	uint32_t count;               /* of our own people, the lingering too */
	uint64_t digest;              /* id_mix of each, xored */
	uint64_t nonce;               /* names this process in an "ask" */
	struct loop_timer *tick;
	unsigned ticks;
	struct id *lost; /* went with a worker, or came back: [nlost] */
	uint64_t *lost_due;
	size_t nlost, lost_cap;
};

/* presence.c */
bool presence_here(struct presence *p, const struct id *user); /* or lingers */
bool presence_is_here(const struct hub_user *u);
void presence_publish(struct presence *p, const struct buf *data);

/* presence_lost.c: people of workers that are not heard */
void presence_lost_init(struct presence *p);
void presence_lost_free(struct presence *p);
void presence_lost_tick(struct presence *p, uint64_t now);
/* Perhaps gone: most come back to another worker in a moment. */
void presence_lost(struct presence *p, const struct id *user);
/* There after all, as a list says; told if the absence was. */
void presence_found(struct presence *p, const struct id *user);
/* It was told that they are online. */
void presence_not_absent(struct presence *p, const struct id *user);

/* presence_peer.c: the other workers */
void presence_peers_init(struct presence *p);
bool presence_elsewhere(struct presence *p, const struct id *user);
void presence_beat(struct presence *p);
void presence_peers_tick(struct presence *p, uint64_t now);
void presence_peers_free(struct presence *p);

/* presence_tell.c: the devices here, told within half a second */
struct teller *teller_new(struct chat *chat);
void teller_free(struct teller **t);
/* user came or went: to all that are here in those rooms, which are copied. */
void teller_add(struct teller *t, const struct id *user, bool online,
    const struct id *rooms, size_t n);

/* The first byte of a BUS_PRESENCE message, and what follows it. */
enum {
	PRESENCE_CAME = 1, /* user 12, rooms 12 each */
	PRESENCE_WENT = 2, /* the same */
	PRESENCE_BEAT = 3, /* nonce 8, count 4, digest 8 */
	PRESENCE_ASK = 4,  /* nonce 8 of the one that is asked */
	PRESENCE_LIST = 5, /* flags 1 (1 first, 2 last), users 12 each */
};

#endif
