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
#define LIST_PIECE 4000

/* Who is where --------------------------------------------------------------
 */

bool
presence_elsewhere(struct presence *p, const struct id *user)
{
	return whereabouts_anywhere(&p->elsewhere, user);
}

/* True: it was offline everywhere else before. */
static bool
peer_add(struct presence *p, struct peer *peer, const struct id *id)
{
	bool first = !presence_elsewhere(p, id);

	if (whereabouts_add(&p->elsewhere, id, peer->number)) {
		peer->count++;
		peer->digest ^= id_mix(id);
	}
	return first;
}

/* True: it is offline everywhere else now. */
static bool
peer_remove(struct presence *p, struct peer *peer, const struct id *id)
{
	if (!whereabouts_remove(&p->elsewhere, id, peer->number))
		return false;
	peer->count--;
	peer->digest ^= id_mix(id);
	return !presence_elsewhere(p, id);
}

static void
peer_clear(struct presence *p, struct peer *peer)
{
	size_t n;
	struct id *ids = whereabouts_at(&p->elsewhere, peer->number, &n);

	for (size_t i = 0; i < n; i++)
		if (peer_remove(p, peer, &ids[i]))
			presence_lost(p, &ids[i]);
	free(ids);
}

/* Workers -------------------------------------------------------------------
 */

static struct peer_key
key_of(const struct bus_from *from)
{
	return (struct peer_key){ from->host, from->worker };
}

/* NULL: too many, or what a predecessor left behind. */
static struct peer *
peer_of(struct presence *p, const struct bus_from *from)
{
	struct peer_key key = key_of(from);
	struct peer *peer = map_get(&p->peers, &key);

	if (peer == NULL && p->peers.count == PEERS_MAX)
		return NULL;
	if (peer == NULL) {
		MEM_NEW(peer);
		peer->key = key;
		peer->number = ++p->numbers;
		peer->generation = from->generation;
		map_put(&p->peers, peer);
	}
	if ((int32_t)(from->generation - peer->generation) < 0)
		return NULL;
	if (peer->generation != from->generation) {
		peer_clear(p, peer);
		peer->generation = from->generation;
	}
	return peer;
}

static void
peer_free(struct presence *p, struct peer *peer)
{
	map_remove(&p->peers, &peer->key);
	free(peer->former);
	free(peer);
}

void
presence_peers_tick(struct presence *p, uint64_t now)
{
	struct peer *peer;

	for (size_t i = 0; (peer = map_next(&p->peers, &i)) != NULL;) {
		if (peer->beat_ms + SILENT_MS > now)
			continue;
		peer_clear(p, peer);
		peer_free(p, peer);
		i--;
	}
}

void
presence_peers_init(struct presence *p)
{
	map_init(&p->peers, struct peer, key);
}

void
presence_peers_free(struct presence *p)
{
	struct peer *peer;

	for (size_t i = 0; (peer = map_next(&p->peers, &i)) != NULL;) {
		free(peer->former);
		free(peer);
	}
	whereabouts_free(&p->elsewhere);
	map_free(&p->peers);
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
on_beat(
    struct presence *p, const struct peer *peer, const uint8_t *d, size_t len)
{
	struct buf b = { 0 };

	if (len != 20)
		return;
	if (get_be32(d + 8) == peer->count && get_be64(d + 12) == peer->digest)
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
			presence_lost(p, &peer->former[i]);
	free(peer->former);
	peer->former = NULL;
	peer->nformer = 0;
}

static void
on_list(struct presence *p, struct peer *peer, const uint8_t *d, size_t len)
{
	struct id id;

	if (len < 1 || (len - 1) % sizeof(id.b) != 0)
		return;
	if (d[0] & 1) {
		free(peer->former);
		peer->former =
		    whereabouts_at(&p->elsewhere, peer->number, &peer->nformer);
		for (size_t i = 0; i < peer->nformer; i++)
			peer_remove(p, peer, &peer->former[i]);
	}
	for (size_t at = 1; at < len; at += sizeof(id.b)) {
		memcpy(id.b, d + at, sizeof(id.b));
		if (peer_add(p, peer, &id))
			presence_found(p, &id);
	}
	if (d[0] & 2)
		list_end(p, peer);
}

static void
on_change(struct presence *p, struct peer *peer, bool came, const uint8_t *d,
    size_t len)
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
		changed = peer_add(p, peer, &user) && changed;
	else
		changed = peer_remove(p, peer, &user) && changed;
	if (came)
		presence_not_absent(p, &user);
	if (changed)
		teller_add(p->teller, &user, came, rooms, n);
}

void
presence_on_msg(
    struct presence *p, const struct bus_from *who, const struct bus_msg *m)
{
	struct peer *peer;

	if (m->len < 1 || (peer = peer_of(p, who)) == NULL)
		return;
	peer->beat_ms = clock_mono_ms();
	if (m->data[0] == PRESENCE_CAME || m->data[0] == PRESENCE_WENT)
		on_change(p, peer, m->data[0] == PRESENCE_CAME, m->data + 1,
		    m->len - 1);
	else if (m->data[0] == PRESENCE_BEAT)
		on_beat(p, peer, m->data + 1, m->len - 1);
	else if (m->data[0] == PRESENCE_ASK)
		on_ask(p, m->data + 1, m->len - 1);
	else if (m->data[0] == PRESENCE_LIST)
		on_list(p, peer, m->data + 1, m->len - 1);
}
