/* store/mongo/mg_list.c - rooms as one user sees them. A page takes the same
 * few questions however long it is. */

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "model/text.h"
#include "store/mongo/mg_known.h"
#include "store/words.h"

/* A bson array of those of v that match. */
struct pick {
	bson_t *a;
	uint32_t n;
};

static void
pick_doc(struct pick *p, bson_t *doc)
{
	char index[16];
	const char *key;

	bson_uint32_to_string(p->n++, &key, index, sizeof(index));
	bson_append_document(p->a, key, -1, doc);
	bson_destroy(doc);
}

static void
pick_id(struct pick *p, const struct id *id)
{
	char index[16];
	const char *key;
	bson_oid_t oid;

	memcpy(oid.bytes, id->b, sizeof(oid.bytes));
	bson_uint32_to_string(p->n++, &key, index, sizeof(index));
	bson_append_oid(p->a, key, -1, &oid);
}

/* The key of a member. */
static void
pick_key(struct pick *p, const struct id *room, const struct id *user)
{
	struct id key[2] = { *room, *user };
	char index[16];
	const char *name;

	bson_uint32_to_string(p->n++, &name, index, sizeof(index));
	bson_append_binary(p->a, name, -1, BSON_SUBTYPE_BINARY,
	    (const uint8_t *)key, sizeof(key));
}

static struct room_view *
view_of(struct room_views *l, const struct id *room)
{
	for (size_t i = 0; i < l->n; i++)
		if (id_eq(&l->v[i].room.id, room))
			return &l->v[i];
	return NULL;
}

/* The user's place in each room ------------------------------------------- */

static void
take_me(const bson_t *doc, void *arg)
{
	struct room_view *v;
	struct member row;

	mg_get_member(doc, &row);
	v = view_of(arg, &row.room);
	if (v != NULL && row.role != ROLE_NONE)
		v->me = row;
}

static int
get_me(
    struct mg *m, const struct id *user, struct room_views *l, struct err *err)
{
	struct pick p = { .a = bson_new() };

	for (size_t i = 0; i < l->n; i++) {
		struct room_view *v = &l->v[i];

		v->me = (struct member){ .room = v->room.id, .user = *user };
		pick_key(&p, &v->room.id, user);
	}
	return mg_find(m, C_MEMBERS,
	    mg_doc("_id:{$in:a} room:{$in:a}", p.a,
		mg_ids(&l->v->room.id, l->n, sizeof(*l->v))),
	    NULL, take_me, l, err);
}

/* Last messages ------------------------------------------------------------ */

static void
take_last(const bson_t *doc, void *arg)
{
	struct room_view *v;
	struct event ev;

	mg_get_event(doc, &ev);
	v = view_of(arg, &ev.room);
	if (v == NULL || v->last.seq > 0) {
		event_free_body(&ev);
		return;
	}
	v->last = ev;
}

static int
get_last(struct mg *m, struct room_views *l, struct err *err)
{
	struct pick p = { .a = bson_new() };

	for (size_t i = 0; i < l->n; i++) {
		struct room_view *v = &l->v[i];

		if (v->me.role != ROLE_NONE && v->room.last_message > 0)
			pick_doc(&p, mg_doc("room:b seq:u", &v->room.id,
					 v->room.last_message));
	}
	if (p.n == 0) {
		bson_destroy(p.a);
		return 0;
	}
	return mg_find(
	    m, C_EVENTS, mg_doc("$or:a", p.a), NULL, take_last, l, err);
}

/* Peers -------------------------------------------------------------------- */

struct peers {
	struct room_views *l;
	const struct id *user;
	struct pick ids;
};

static void
take_peer(const bson_t *doc, void *arg)
{
	struct peers *p = arg;
	struct room_view *v;
	struct member row;

	mg_get_member(doc, &row);
	v = view_of(p->l, &row.room);
	if (v == NULL || id_eq(&row.user, p->user))
		return;
	v->peer.id = row.user;
	pick_id(&p->ids, &row.user);
}

static void
take_peer_user(const bson_t *doc, void *arg)
{
	struct room_views *l = arg;
	struct user u;

	mg_get_user(doc, &u);
	for (size_t i = 0; i < l->n; i++)
		if (id_eq(&l->v[i].peer.id, &u.id))
			l->v[i].peer = u;
}

static int
get_peers(
    struct mg *m, const struct id *user, struct room_views *l, struct err *err)
{
	struct pick rooms = { .a = bson_new() };
	struct peers p = { .l = l, .user = user, .ids = { .a = bson_new() } };
	int rc = 0;

	for (size_t i = 0; i < l->n; i++)
		if (l->v[i].room.kind == ROOM_DIRECT &&
		    l->v[i].me.role != ROLE_NONE)
			pick_id(&rooms, &l->v[i].room.id);
	if (rooms.n > 0)
		rc = mg_find(m, C_MEMBERS, mg_doc("room:{$in:a}", rooms.a),
		    NULL, take_peer, &p, err);
	else
		bson_destroy(rooms.a);
	if (rc != -1 && p.ids.n > 0)
		rc = mg_find(m, C_USERS, mg_doc("_id:{$in:a}", p.ids.a), NULL,
		    take_peer_user, l, err);
	else
		bson_destroy(p.ids.a);
	return rc;
}

int
mg_complete(struct mg *m, const struct id *user, struct room_views *l,
    bool with_me, struct err *err)
{
	if (l->n == 0)
		return 0;
	if ((with_me && get_me(m, user, l, err) == -1) ||
	    get_last(m, l, err) == -1 || get_peers(m, user, l, err) == -1)
		return -1;
	return 0;
}

/* Views -------------------------------------------------------------------- */

int
mg_room_view(struct db *db, const struct id *room, const struct id *user,
    struct room_view *v_r, struct err *err)
{
	struct mg *m = (struct mg *)db;
	struct room_views l = { v_r, 1 };
	int rc;

	*v_r = (struct room_view){ 0 };
	rc = mg_room_get(db, room, &v_r->room, err);
	if (rc == 1 && mg_complete(m, user, &l, true, err) == -1)
		rc = -1;
	if (rc != 1)
		event_free_body(&v_r->last);
	return rc;
}

struct rooms {
	struct pick ids;
	struct member *v; /* the user's places */
	size_t n;
};

static void
take_place(const bson_t *doc, void *arg)
{
	struct rooms *r = arg;

	if ((r->n & (r->n - 1)) == 0)
		r->v = mem_reallocarray(
		    r->v, r->n == 0 ? 1 : r->n * 2, sizeof(*r->v));
	mg_get_member(doc, &r->v[r->n]);
	pick_id(&r->ids, &r->v[r->n++].room);
}

static void
take_view(const bson_t *doc, void *arg)
{
	struct room_views *l = arg;

	mg_get_room(doc, &l->v[l->n++].room);
}

static void
set_places(struct room_views *l, const struct rooms *r)
{
	for (size_t i = 0; i < l->n; i++)
		for (size_t j = 0; j < r->n; j++)
			if (id_eq(&l->v[i].room.id, &r->v[j].room))
				l->v[i].me = r->v[j];
}

/* What of the page moved since its rows were written. */
static int
bring_up(struct mg *m, struct room_views *l, struct err *err)
{
	struct head *v = mem_calloc(l->n > 0 ? l->n : 1, sizeof(*v));
	int rc;

	for (size_t i = 0; i < l->n; i++)
		v[i].room = l->v[i].room.id;
	rc = mg_heads(&m->db, v, l->n, err);
	for (size_t i = 0; i < l->n && rc == 0; i++)
		if (v[i].seq > l->v[i].room.seq)
			rc = mg_room_get(
				 &m->db, &v[i].room, &l->v[i].room, err) == -1
				 ? -1
				 : 0;
	free(v);
	return rc;
}

static bson_t *
page_query(struct rooms *r, const struct room_pos *after)
{
	bson_t *ids = r->ids.a;

	r->ids.a = NULL;
	if (after == NULL || after->at == 0)
		return mg_doc("_id:{$in:a}", ids);
	return mg_doc("_id:{$in:a} $or:[ { at:{$lt:u} } { at:u _id:{$lt:b} } ]",
	    ids, after->at, after->at, &after->id);
}

int
mg_rooms_of(struct db *db, const struct id *user, const struct room_pos *after,
    size_t limit, struct room_views *l_r, struct err *err)
{
	struct mg *m = (struct mg *)db;
	struct rooms r = { .ids = { .a = bson_new() } };
	int rc;

	*l_r = (struct room_views){ 0 };
	rc = mg_find(m, C_MEMBERS,
	    mg_doc("user:b role:{$gt:i}", user, (int)ROLE_NONE), NULL,
	    take_place, &r, err);
	if (rc > 0 && limit > 0) {
		l_r->v = mem_calloc(limit < r.n ? limit : r.n, sizeof(*l_r->v));
		rc = mg_find(m, C_ROOMS, page_query(&r, after),
		    mg_doc("sort:{at:- _id:-} limit:u", (uint64_t)limit),
		    take_view, l_r, err);
	}
	set_places(l_r, &r);
	if (rc > 0)
		rc = bring_up(m, l_r, err);
	if (rc != -1)
		rc = mg_complete(m, user, l_r, false, err);
	if (r.ids.a != NULL)
		bson_destroy(r.ids.a);
	free(r.v);
	if (rc == -1)
		room_views_free(l_r);
	return rc == -1 ? -1 : 0;
}

int
mg_groups_prefix(struct db *db, const struct id *user, const char *prefix,
    const struct room *after, size_t limit, struct room_views *l_r,
    struct err *err)
{
	struct mg *m = (struct mg *)db;
	struct buf from = { 0 }, to = { 0 }, behind = { 0 };
	bson_t *query;
	int rc;

	*l_r = (struct room_views){ 0 };
	if (limit == 0)
		return 0;
	l_r->v = mem_calloc(limit, sizeof(*l_r->v));
	words_prefix(&from, &to, prefix);
	query = mg_doc("kind:i folded:{$gte:s $lt:s}", (int)ROOM_PUBLIC,
	    buf_cstr(&from), buf_cstr(&to));
	if (after != NULL && after->label[0] != '\0') {
		bson_destroy(query);
		text_fold(&behind, after->label);
		query = mg_doc("kind:i folded:{$gte:s $lt:s} $or:[ { "
			       "folded:{$gt:s} } { folded:s _id:{$gt:b} } ]",
		    (int)ROOM_PUBLIC, buf_cstr(&from), buf_cstr(&to),
		    buf_cstr(&behind), buf_cstr(&behind), &after->id);
	}
	rc = mg_find(m, C_ROOMS, query,
	    mg_doc("sort:{folded:+ _id:+} limit:u", (uint64_t)limit), take_view,
	    l_r, err);
	if (rc != -1)
		rc = mg_complete(m, user, l_r, true, err);
	if (rc == -1)
		room_views_free(l_r);
	buf_free(&from);
	buf_free(&to);
	buf_free(&behind);
	return rc == -1 ? -1 : 0;
}
