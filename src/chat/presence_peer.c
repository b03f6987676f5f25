/* chat/presence_peer.c - who is connected to the other workers.
 *
 * They say who comes and goes; what gets lost shows in the count and digest of
 * their beat, and the whole list is asked for then. A worker that falls silent
 * takes its people with it. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "chat/presence_private.h"
#include "store/rooms.h"

#define SILENT_MS  8000
#define LOST_MS    5000 /* for those to come back whose worker died */
#define LOST_TICK  50   /* of them looked after in one second */
#define LIST_PIECE 4000
#define ROOM_MAX   100

bool
presence_elsewhere(struct presence *p, const struct id *user)
{
	return map_get(&p->elsewhere, user) != NULL;
}

/* True: it was offline everywhere else before. */
static bool
peer_add(struct presence *p, unsigned from, const struct id *id)
{
	struct elsewhere *e = map_get(&p->elsewhere, id);
	bool first = e == NULL;

	if (first) {
		MEM_NEW(e);
		e->id = *id;
		map_put(&p->elsewhere, e);
	}
	if (!(e->peers & (1ull << from))) {
		e->peers |= 1ull << from;
		p->peers[from].count++;
		p->peers[from].digest ^= presence_mix(id);
	}
	return first;
}

/* True: it is offline everywhere else now. */
static bool
peer_remove(struct presence *p, unsigned from, const struct id *id)
{
	struct elsewhere *e = map_get(&p->elsewhere, id);

	if (e == NULL || !(e->peers & (1ull << from)))
		return false;
	e->peers &= ~(1ull << from);
	p->peers[from].count--;
	p->peers[from].digest ^= presence_mix(id);
	if (e->peers != 0)
		return false;
	map_remove(&p->elsewhere, id);
	free(e);
	return true;
}

/* All that from has; caller frees. */
static struct id *
peer_ids(struct presence *p, unsigned from, size_t *n_r)
{
	struct id *ids = mem_calloc(p->elsewhere.count + 1, sizeof(*ids));
	struct elsewhere *e;

	*n_r = 0;
	for (size_t i = 0; (e = map_next(&p->elsewhere, &i)) != NULL;)
		if (e->peers & (1ull << from))
			ids[(*n_r)++] = e->id;
	return ids;
}

/* Not told at once: most come back to another worker in a moment. */
static void
lost_add(struct presence *p, const struct id *id)
{
	if (p->nlost == p->lost_cap) {
		p->lost_cap = p->lost_cap == 0 ? 16 : p->lost_cap * 2;
		p->lost =
		    mem_reallocarray(p->lost, p->lost_cap, sizeof(p->lost[0]));
		p->lost_due = mem_reallocarray(
		    p->lost_due, p->lost_cap, sizeof(p->lost_due[0]));
	}
	p->lost[p->nlost] = *id;
	p->lost_due[p->nlost++] = clock_mono_ms() + LOST_MS;
}

static void
peer_clear(struct presence *p, unsigned from)
{
	size_t n;
	struct id *ids = peer_ids(p, from, &n);

	for (size_t i = 0; i < n; i++)
		if (peer_remove(p, from, &ids[i]))
			lost_add(p, &ids[i]);
	free(ids);
}

/* The rooms of somebody lost have to be read: the worker that knew them is no
 * more. */
struct lost {
	struct presence *p;
	struct id user;
	struct head_list heads;
};

static void
lost_work(struct db *db, void *arg)
{
	struct lost *l = arg;
	struct err err;

	db_heads_of(db, &l->user, &l->heads, &err);
}

static void
lost_done(void *arg)
{
	struct lost *l = arg;
	struct id *rooms = mem_calloc(l->heads.n + 1, sizeof(*rooms));
	size_t n = 0;

	for (size_t i = 0; i < l->heads.n; i++)
		if (l->heads.v[i].members <= ROOM_MAX)
			rooms[n++] = l->heads.v[i].room;
	if (!presence_online(l->p, &l->user))
		presence_tell(l->p, &l->user, false, rooms, n);
	head_list_free(&l->heads);
	free(rooms);
	free(l);
}

static void
lost_tick(struct presence *p, uint64_t now)
{
	struct lost *l;
	size_t i;

	for (i = 0; i < p->nlost && i < LOST_TICK; i++) {
		if (p->lost_due[i] > now)
			break;
		if (presence_online(p, &p->lost[i]))
			continue;
		MEM_NEW(l);
		l->p = p;
		l->user = p->lost[i];
		store_read(p->chat->store, lost_work, lost_done, l);
	}
	p->nlost -= i;
	if (i == 0)
		return;
	memmove(p->lost, p->lost + i, p->nlost * sizeof(p->lost[0]));
	memmove(
	    p->lost_due, p->lost_due + i, p->nlost * sizeof(p->lost_due[0]));
}

void
presence_peers_tick(struct presence *p, uint64_t now)
{
	for (unsigned i = 0; i < PEERS_MAX; i++) {
		struct peer *peer = &p->peers[i];

		if (!peer->known || peer->beat_ms + SILENT_MS > now)
			continue;
		peer->known = false;
		peer_clear(p, i);
	}
	lost_tick(p, now);
}

void
presence_peers_free(struct presence *p)
{
	struct elsewhere *e;
	size_t i;

	while (i = 0, (e = map_next(&p->elsewhere, &i)) != NULL) {
		map_remove(&p->elsewhere, &e->id);
		free(e);
	}
	map_free(&p->elsewhere);
	for (i = 0; i < PEERS_MAX; i++)
		free(p->peers[i].former);
	free(p->lost);
	free(p->lost_due);
}

/* --- messages --- */

void
presence_beat(struct presence *p)
{
	struct buf b = { 0 };

	buf_addc(&b, PRESENCE_BEAT);
	buf_add_be64(&b, p->nonce);
	buf_add_be32(&b, p->count);
	buf_add_be64(&b, p->digest);
	presence_publish(p, &b);
	buf_free(&b);
}

static void
on_beat(struct presence *p, unsigned from, const uint8_t *d, size_t len)
{
	struct buf b = { 0 };

	if (len != 20)
		return;
	if (get_be32(d + 8) == p->peers[from].count &&
	    get_be64(d + 12) == p->peers[from].digest)
		return;
	buf_addc(&b, PRESENCE_ASK);
	buf_add(&b, d, 8);
	presence_publish(p, &b);
	buf_free(&b);
}

struct listing {
	struct presence *p;
	struct buf b;
};

static void
list_send(struct listing *l, uint8_t flags)
{
	l->b.data[1] |= flags;
	presence_publish(l->p, &l->b);
	buf_clear(&l->b);
	buf_addc(&l->b, PRESENCE_LIST);
	buf_addc(&l->b, 0);
}

static void
list_add(struct listing *l, const struct id *id)
{
	buf_add(&l->b, id->b, sizeof(id->b));
	if (l->b.len > LIST_PIECE * sizeof(id->b))
		list_send(l, 0);
}

static void
list_user(struct hub_user *u, void *arg)
{
	struct listing *l = arg;

	/* one that came back while it lingered is in one list only */
	if (presence_is_here(u))
		list_add(l, &u->log.id);
}

static void
on_ask(struct presence *p, const uint8_t *d, size_t len)
{
	struct listing l = { .p = p };
	struct lingering *gone;

	if (len != 8 || get_be64(d) != p->nonce)
		return;
	buf_addc(&l.b, PRESENCE_LIST);
	buf_addc(&l.b, 1);
	hub_each_user(p->chat->hub, list_user, &l);
	for (size_t i = 0; (gone = map_next(&p->lingering, &i)) != NULL;)
		list_add(&l, &gone->id);
	list_send(&l, 2);
	buf_free(&l.b);
}

static void
list_end(struct presence *p, struct peer *peer)
{
	for (size_t i = 0; i < peer->nformer; i++)
		if (!presence_elsewhere(p, &peer->former[i]))
			lost_add(p, &peer->former[i]);
	free(peer->former);
	peer->former = NULL;
	peer->nformer = 0;
}

static void
on_list(struct presence *p, unsigned from, const uint8_t *d, size_t len)
{
	struct peer *peer = &p->peers[from];
	struct id id;

	if (len < 1 || (len - 1) % sizeof(id.b) != 0)
		return;
	if (d[0] & 1) {
		free(peer->former);
		peer->former = peer_ids(p, from, &peer->nformer);
		for (size_t i = 0; i < peer->nformer; i++)
			peer_remove(p, from, &peer->former[i]);
	}
	for (size_t at = 1; at < len; at += sizeof(id.b)) {
		memcpy(id.b, d + at, sizeof(id.b));
		peer_add(p, from, &id);
	}
	if (d[0] & 2)
		list_end(p, peer);
}

static void
on_change(
    struct presence *p, unsigned from, bool came, const uint8_t *d, size_t len)
{
	struct id user, rooms[256];
	size_t n = (len - sizeof(user.b)) / sizeof(user.b);
	bool changed;

	if (len < sizeof(user.b) || len % sizeof(user.b) != 0 || n > 256)
		return;
	memcpy(user.b, d, sizeof(user.b));
	memcpy(rooms, d + sizeof(user.b), n * sizeof(rooms[0]));
	changed = !presence_here(p, &user);
	if (came)
		changed = peer_add(p, from, &user) && changed;
	else
		changed = peer_remove(p, from, &user) && changed;
	if (changed)
		presence_tell(p, &user, came, rooms, n);
}

void
presence_on_msg(
    struct presence *p, const struct bus_from *who, const struct bus_msg *m)
{
	unsigned from = who->worker;
	uint32_t generation = who->generation;
	struct peer *peer = &p->peers[from % PEERS_MAX];

	if (m->len < 1 || from >= PEERS_MAX)
		return;
	if (peer->known && (int32_t)(generation - peer->generation) < 0)
		return; /* left behind by one that died */
	if (!peer->known || peer->generation != generation) {
		peer_clear(p, from);
		peer->known = true;
		peer->generation = generation;
	}
	peer->beat_ms = clock_mono_ms();
	if (m->data[0] == PRESENCE_CAME || m->data[0] == PRESENCE_WENT)
		on_change(p, from, m->data[0] == PRESENCE_CAME, m->data + 1,
		    m->len - 1);
	else if (m->data[0] == PRESENCE_BEAT)
		on_beat(p, from, m->data + 1, m->len - 1);
	else if (m->data[0] == PRESENCE_ASK)
		on_ask(p, m->data + 1, m->len - 1);
	else if (m->data[0] == PRESENCE_LIST)
		on_list(p, from, m->data + 1, m->len - 1);
}
