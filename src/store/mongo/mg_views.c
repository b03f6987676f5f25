/* store/mongo/mg_views.c - what views of rooms lack: last messages and, in
 * direct rooms, the other one. The same few questions for as many views as
 * there are, of one user or of several. */

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "store/mongo/mg_known.h"

#define EVENTS_AT_ONCE 200
#define ROOMS_AT_ONCE  500

void
mg_pick_event(struct mg_pick *p, const struct id *room, uint64_t seq)
{
	uint8_t id[MG_EVENT_KEY];
	char index[16];
	const char *key;

	mg_event_key(room, seq, id);
	bson_uint32_to_string(p->n++, &key, index, sizeof(index));
	bson_append_binary(p->a, key, -1, BSON_SUBTYPE_BINARY, id, sizeof(id));
}

void
mg_pick_member(struct mg_pick *p, const struct id *room, const struct id *user)
{
	struct id key[2] = { *room, *user };
	char index[16];
	const char *name;

	bson_uint32_to_string(p->n++, &name, index, sizeof(index));
	bson_append_binary(p->a, name, -1, BSON_SUBTYPE_BINARY,
	    (const uint8_t *)key, sizeof(key));
}

void
mg_pick_id(struct mg_pick *p, const struct id *id)
{
	char index[16];
	const char *key;
	bson_oid_t oid;

	memcpy(oid.bytes, id->b, sizeof(oid.bytes));
	bson_uint32_to_string(p->n++, &key, index, sizeof(index));
	bson_append_oid(p->a, key, -1, &oid);
}

void
mg_pick_hash(struct mg_pick *p, const uint8_t *hash)
{
	char index[16];
	const char *key;

	bson_uint32_to_string(p->n++, &key, index, sizeof(index));
	bson_append_binary(
	    p->a, key, -1, BSON_SUBTYPE_BINARY, hash, TOKEN_HASH);
}

void
mg_views_add(struct mg_views *l, struct room_view *v)
{
	if (v->me.role == ROLE_NONE)
		return;
	if (l->n == l->cap) {
		l->cap = l->cap == 0 ? 32 : l->cap * 2;
		l->v = mem_reallocarray(l->v, l->cap, sizeof(l->v[0]));
	}
	l->v[l->n++] = v;
}

void
mg_views_free(struct mg_views *l)
{
	free(l->v);
	*l = (struct mg_views){ 0 };
}

static int
by_room(const void *a, const void *b)
{
	const struct room_view *x = *(const struct room_view *const *)a;
	const struct room_view *y = *(const struct room_view *const *)b;

	return id_cmp(&x->room.id, &y->room.id);
}

/* The first view of the room in the sorted list; l->n: none. */
static size_t
first_of(const struct mg_views *l, const struct id *room)
{
	size_t lo = 0, hi = l->n, mid;

	while (lo < hi) {
		mid = (lo + hi) / 2;
		if (id_cmp(&l->v[mid]->room.id, room) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* Is there a view of this room at i? */
static struct room_view *
view_at(const struct mg_views *l, size_t i, const struct id *room)
{
	return i < l->n && id_eq(&l->v[i]->room.id, room) ? l->v[i] : NULL;
}

static bool
repeats(const struct mg_views *l, size_t i)
{
	return i > 0 && id_eq(&l->v[i]->room.id, &l->v[i - 1]->room.id) &&
	       l->v[i]->room.last_message == l->v[i - 1]->room.last_message;
}

/* Last messages ------------------------------------------------------------ */

static void
take_last(const bson_t *doc, void *arg)
{
	const struct mg_views *l = arg;
	struct room_view *v;
	struct event ev;

	mg_get_event(doc, &ev);
	for (size_t i = first_of(l, &ev.room);
	     (v = view_at(l, i, &ev.room)) != NULL; i++) {
		if (v->last.seq > 0 || v->room.last_message != ev.seq)
			continue;
		v->last = ev;
		v->last.body = NULL;
		event_set_body(&v->last, ev.body, ev.body_len);
	}
	event_free_body(&ev);
}

static int
ask_last(struct mg *m, struct mg_views *l, struct mg_pick *p, struct err *err)
{
	bson_t *a = p->a;
	int rc = 0;

	if (p->n > 0)
		rc = mg_find(m, C_EVENTS, mg_doc("_id:{$in:a}", a), NULL,
		    take_last, l, err);
	else
		bson_destroy(a);
	*p = (struct mg_pick){ .a = NULL };
	return rc == -1 ? -1 : 0;
}

static int
get_last(struct mg *m, struct mg_views *l, struct err *err)
{
	struct mg_pick p = { .a = bson_new() };

	for (size_t i = 0; i < l->n; i++) {
		const struct room *r = &l->v[i]->room;

		if (r->last_message == 0 || repeats(l, i))
			continue;
		mg_pick_event(&p, &r->id, r->last_message);
		if (p.n < EVENTS_AT_ONCE)
			continue;
		if (ask_last(m, l, &p, err) == -1)
			return -1;
		p.a = bson_new();
	}
	return ask_last(m, l, &p, err);
}

/* Peers -------------------------------------------------------------------- */

struct peers {
	struct mg_views *l; /* of direct rooms */
	struct mg_pick ids;
};

static void
take_peer(const bson_t *doc, void *arg)
{
	struct peers *p = arg;
	struct room_view *v;
	struct member row;

	mg_get_member(doc, &row);
	for (size_t i = first_of(p->l, &row.room);
	     (v = view_at(p->l, i, &row.room)) != NULL; i++)
		if (!id_eq(&row.user, &v->me.user))
			v->peer.id = row.user;
	mg_pick_id(&p->ids, &row.user);
}

static void
take_peer_user(const bson_t *doc, void *arg)
{
	struct mg_views *l = arg;
	struct user u;

	mg_get_user(doc, &u);
	for (size_t i = 0; i < l->n; i++)
		if (id_eq(&l->v[i]->peer.id, &u.id))
			l->v[i]->peer = u;
}

static int
some_peers(struct mg *m, struct mg_views *l, struct err *err)
{
	struct peers p = { .l = l, .ids = { .a = bson_new() } };
	struct mg_pick rooms = { .a = bson_new() };
	int rc;

	for (size_t i = 0; i < l->n; i++)
		if (!repeats(l, i))
			mg_pick_id(&rooms, &l->v[i]->room.id);
	rc = mg_find(m, C_MEMBERS, mg_doc("room:{$in:a}", rooms.a), NULL,
	    take_peer, &p, err);
	if (rc != -1 && p.ids.n > 0)
		rc = mg_find(m, C_USERS, mg_doc("_id:{$in:a}", p.ids.a), NULL,
		    take_peer_user, l, err);
	else
		bson_destroy(p.ids.a);
	return rc == -1 ? -1 : 0;
}

static int
get_peers(struct mg *m, struct mg_views *l, struct err *err)
{
	struct mg_views direct = { 0 };
	int rc = 0;

	for (size_t i = 0; i < l->n && rc != -1; i++) {
		if (l->v[i]->room.kind == ROOM_DIRECT)
			mg_views_add(&direct, l->v[i]);
		if (direct.n > 0 &&
		    (direct.n == ROOMS_AT_ONCE || i + 1 == l->n)) {
			rc = some_peers(m, &direct, err);
			direct.n = 0;
		}
	}
	mg_views_free(&direct);
	return rc;
}

int
mg_views_complete(struct mg *m, struct mg_views *l, struct err *err)
{
	if (l->n == 0)
		return 0;
	qsort(l->v, l->n, sizeof(l->v[0]), by_room);
	return get_last(m, l, err) == -1 ? -1 : get_peers(m, l, err);
}
