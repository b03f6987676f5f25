/* store/mongo/mg_list.c - rooms as one user sees them. A page takes the same
 * few questions however long it is. */

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "model/text.h"
#include "store/mongo/mg_known.h"
#include "store/words.h"

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
	struct mg_pick p = { .a = bson_new() };

	for (size_t i = 0; i < l->n; i++) {
		struct room_view *v = &l->v[i];

		v->me = (struct member){ .room = v->room.id, .user = *user };
		mg_pick_member(&p, &v->room.id, user);
	}
	return mg_find(m, C_MEMBERS,
	    mg_members_query(m, p.a, &l->v->room.id, l->n, sizeof(*l->v)), NULL,
	    take_me, l, err);
}

/* What the views of rooms that the user is in lack besides. */
int
mg_complete(struct mg *m, const struct id *user, struct room_views *l,
    bool with_me, struct err *err)
{
	struct mg_views views = { 0 };
	int rc;

	if (l->n == 0)
		return 0;
	if (with_me && get_me(m, user, l, err) == -1)
		return -1;
	for (size_t i = 0; i < l->n; i++)
		mg_views_add(&views, &l->v[i]);
	rc = mg_views_complete(m, &views, err);
	mg_views_free(&views);
	return rc;
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
	struct mg_pick ids;
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
	mg_pick_id(&r->ids, &r->v[r->n++].room);
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
