/* store/mongo/mg_head.c - where many rooms stand. Rows that are behind their
 * logs are found by asking for the next event of all of them at once. */

#include <stdlib.h>

#include "base/failpoint.h"
#include "base/mem.h"
#include "store/mongo/mg_known.h"

/* What is asked about: n rooms, some of which have moved. */
struct probe {
	struct head *v;
	size_t n;
};

static struct head *
head_of(struct probe *p, const struct id *room)
{
	for (size_t i = 0; i < p->n; i++)
		if (id_eq(&p->v[i].room, room))
			return &p->v[i];
	return NULL;
}

static void
take_head(const bson_t *doc, void *arg)
{
	struct room r;
	struct head *h;

	mg_get_room(doc, &r);
	h = head_of(arg, &r.id);
	if (h == NULL)
		return;
	h->seq = r.seq;
	h->members = r.members;
	h->cid = r.cid;
}

static void
take_moved(const bson_t *doc, void *arg)
{
	struct mg_moved *l = arg;

	mg_get_id(doc, "room", &l->v[l->n++]);
}

int
mg_find_moved(struct mg *m, const struct head *v, size_t n, struct mg_moved *l,
    struct err *err)
{
	struct mg_pick nexts = { .a = bson_new() };

	l->v = mem_calloc(n, sizeof(*l->v));
	l->n = 0;
	for (size_t i = 0; i < n; i++)
		mg_pick_event(&nexts, &v[i].room, v[i].seq + 1);
	return mg_find(m, C_EVENTS, mg_doc("_id:{$in:a}", nexts.a),
	    mg_doc("projection:{_id:i room:+} limit:i", 0, (int)n), take_moved,
	    l, err);
}

static int
follow_moved(struct mg *m, struct probe *p, struct err *err)
{
	struct mg_moved l;
	int rc = mg_find_moved(m, p->v, p->n, &l, err);

	for (size_t i = 0; i < l.n && rc != -1; i++) {
		struct head *h = head_of(p, &l.v[i]);
		struct room r;

		rc = mg_read_log(m, &l.v[i], &r, err);
		if (rc != 1 || h == NULL)
			continue;
		h->seq = r.seq;
		h->members = r.members;
		h->cid = r.cid;
	}
	free(l.v);
	return rc == -1 ? -1 : 0;
}

static int
some_heads(struct mg *m, struct head *v, size_t n, struct err *err)
{
	struct probe p = { v, n };

	for (size_t i = 0; i < n; i++) {
		v[i].seq = 0;
		v[i].members = 0;
		v[i].cid = (struct cid){ 0 };
	}
	if (mg_find(m, C_ROOMS,
		mg_doc("_id:{$in:a}", mg_ids(&v->room, n, sizeof(*v))), NULL,
		take_head, &p, err) == -1)
		return -1;
	return follow_moved(m, &p, err);
}

/* Within a snapshot each room is what it was at first. */
static int
seen_head(struct mg *m, struct head *h, struct err *err)
{
	struct room r;
	int rc = mg_room_get(&m->db, &h->room, &r, err);

	h->seq = rc == 1 ? r.seq : 0;
	h->members = rc == 1 ? r.members : 0;
	h->cid = rc == 1 ? r.cid : (struct cid){ 0 };
	return rc == -1 ? -1 : 0;
}

int
mg_heads(struct db *db, struct head *v, size_t n, struct err *err)
{
	struct mg *m = (struct mg *)db;
	int rc = 0;

	if (m->reading > 0) {
		for (size_t i = 0; i < n && rc == 0; i++)
			rc = seen_head(m, &v[i], err);
		return rc;
	}
	for (size_t i = 0; i < n && rc == 0; i += MG_HEADS_AT_ONCE)
		rc = some_heads(m, v + i,
		    n - i < MG_HEADS_AT_ONCE ? n - i : MG_HEADS_AT_ONCE, err);
	return rc;
}

static void
take_place(const bson_t *doc, void *arg)
{
	struct head_list *l = arg;

	/* Doubles at each power of two. */
	if ((l->n & (l->n - 1)) == 0)
		l->v = mem_reallocarray(
		    l->v, l->n == 0 ? 1 : l->n * 2, sizeof(*l->v));
	l->v[l->n] = (struct head){ 0 };
	l->v[l->n].joined = mg_get_u64(doc, "joined");
	mg_get_id(doc, "room", &l->v[l->n++].room);
}

static int
places(
    struct mg *m, const struct id *user, struct head_list *l, struct err *err)
{
	return mg_find(m, C_MEMBERS,
	    mg_doc("user:b role:{$gt:i}", user, (int)ROLE_NONE),
	    mg_doc("projection:{room:+ joined:+}"), take_place, l, err);
}

static int
by_room(const void *a, const void *b)
{
	return id_cmp(
	    &((const struct head *)a)->room, &((const struct head *)b)->room);
}

/* Without those that are not in now. */
static void
keep_places(struct head_list *l, struct head_list *now)
{
	const struct head *place;
	size_t n = 0;

	if (now->n > 0)
		qsort(now->v, now->n, sizeof(*now->v), by_room);
	for (size_t i = 0; i < l->n && now->n > 0; i++) {
		place =
		    bsearch(&l->v[i], now->v, now->n, sizeof(*now->v), by_room);
		if (place == NULL)
			continue;
		l->v[n] = l->v[i];
		l->v[n++].joined = place->joined;
	}
	l->n = n;
}

/* Who was removed after the places were read, but before the heads were, is no
 * member as of those heads, and would not hear of it again. The rows are as new
 * as the heads, so they are read behind them once more. */
int
mg_heads_of(struct db *db, const struct id *user, struct head_list *l_r,
    struct err *err)
{
	struct mg *m = (struct mg *)db;
	struct head_list now = { 0 };
	int rc;

	*l_r = (struct head_list){ 0 };
	rc = places(m, user, l_r, err);
	FAILPOINT("mongo.before_heads");
	if (rc != -1)
		rc = mg_heads(db, l_r->v, l_r->n, err);
	if (rc != -1)
		rc = places(m, user, &now, err);
	if (rc != -1)
		keep_places(l_r, &now);
	else
		head_list_free(l_r);
	head_list_free(&now);
	return rc == -1 ? -1 : 0;
}

static void
take_row(const bson_t *doc, void *arg)
{
	struct room_rows *l = arg;

	mg_get_room(doc, &l->v[l->n++]);
}

/* Rows that are behind are read from their logs. */
static int
bring_up(struct mg *m, struct room_rows *l, struct err *err)
{
	struct head *v = mem_calloc(l->n, sizeof(*v));
	struct mg_moved moved;
	int rc;

	for (size_t i = 0; i < l->n; i++) {
		v[i].room = l->v[i].id;
		v[i].seq = l->v[i].seq;
	}
	rc = mg_find_moved(m, v, l->n, &moved, err);
	for (size_t i = 0; i < moved.n && rc != -1; i++)
		for (size_t j = 0; j < l->n; j++)
			if (id_eq(&l->v[j].id, &moved.v[i]))
				rc = mg_read_log(m, &moved.v[i], &l->v[j], err);
	for (size_t i = 0; i < l->n && rc != -1; i++)
		mg_see(m, &l->v[i], true);
	free(moved.v);
	free(v);
	return rc == -1 ? -1 : 0;
}

int
mg_rooms_scan(struct db *db, const struct id *after, bool self, size_t limit,
    struct room_rows *l_r, struct err *err)
{
	static const struct id start;
	struct mg *m = (struct mg *)db;
	int rc;

	*l_r = (struct room_rows){ 0 };
	if (limit == 0)
		return 0;
	l_r->v = mem_calloc(limit, sizeof(*l_r->v));
	rc = mg_find(m, C_ROOMS,
	    mg_doc("_id:{$gt:b} kind:{$lte:i}", after != NULL ? after : &start,
		(int)(self ? ROOM_SELF : ROOM_DIRECT)),
	    mg_doc("sort:{_id:+} limit:u", (uint64_t)limit), take_row, l_r,
	    err);
	if (rc > 0)
		rc = bring_up(m, l_r, err);
	if (rc == -1)
		room_rows_free(l_r);
	return rc == -1 ? -1 : 0;
}

/* Last events -------------------------------------------------------------- */

struct cids {
	struct event_at *v;
	size_t n;
};

static void
take_cid(const bson_t *doc, void *arg)
{
	struct cids *l = arg;
	uint64_t seq = mg_get_u64(doc, "seq");
	struct id room;

	mg_get_id(doc, "room", &room);
	for (size_t i = 0; i < l->n; i++)
		if (l->v[i].seq == seq && id_eq(&l->v[i].room, &room))
			mg_get_cid(doc, "cid", &l->v[i].cid);
}

static int
some_cids(struct mg *m, struct event_at *v, size_t n, struct err *err)
{
	struct mg_pick p = { .a = bson_new() };
	struct cids l = { v, n };

	for (size_t i = 0; i < n; i++) {
		v[i].cid = (struct cid){ 0 };
		mg_pick_event(&p, &v[i].room, v[i].seq);
	}
	return mg_find(m, C_EVENTS, mg_doc("_id:{$in:a}", p.a),
	    mg_doc("projection:{_id:i room:+ seq:+ cid:+}", 0), take_cid, &l,
	    err);
}

int
mg_cids(struct db *db, struct event_at *v, size_t n, struct err *err)
{
	int rc = 0;

	for (size_t i = 0; i < n && rc != -1; i += MG_HEADS_AT_ONCE)
		rc = some_cids((struct mg *)db, v + i,
		    n - i < MG_HEADS_AT_ONCE ? n - i : MG_HEADS_AT_ONCE, err);
	return rc == -1 ? -1 : 0;
}
