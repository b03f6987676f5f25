/* store/mongo/mg_prefetch.c - what a batch will ask for, read together. After a
 * start or a fail-over a thousand rooms are written to that nobody knows; one
 * by one each of them would take three round trips. */

#include <stdlib.h>

#include "base/mem.h"
#include "store/mongo/mg_plan.h"

#define AT_ONCE MG_HEADS_AT_ONCE

static int
by_id(const void *a, const void *b)
{
	return id_cmp(a, b);
}

/* The rooms that are not known, each once. How many. */
static size_t
unknown_rooms(struct mg *m, const struct op *ops, size_t n, struct id *rooms)
{
	size_t found = 0, kept = 0;

	for (size_t i = 0; i < n; i++)
		if (mg_known_already(m, &ops[i].a->ev->room) == NULL)
			rooms[found++] = ops[i].a->ev->room;
	qsort(rooms, found, sizeof(*rooms), by_id);
	for (size_t i = 0; i < found; i++)
		if (kept == 0 || !id_eq(&rooms[kept - 1], &rooms[i]))
			rooms[kept++] = rooms[i];
	return kept;
}

/* Rooms that were read: as of when. */
struct heads {
	struct mg *m;
	struct head v[AT_ONCE];
	size_t n;
};

static void
take_room(const bson_t *doc, void *arg)
{
	struct heads *l = arg;
	struct room blank = { 0 };
	struct known *k;

	mg_get_id(doc, "_id", &blank.id);
	k = mg_known_new(l->m, &blank);
	mg_known_as_row(k, doc);
	l->v[l->n++] = (struct head){ .room = blank.id, .seq = k->row };
}

/* The rows first, then which of them are behind their logs. */
static int
read_rooms(struct mg *m, const struct id *rooms, size_t n, struct err *err)
{
	struct heads l = { .m = m };
	struct mg_moved moved;
	int rc;

	if (mg_find(m, C_ROOMS,
		mg_doc("_id:{$in:a}", mg_ids(rooms, n, sizeof(*rooms))), NULL,
		take_room, &l, err) == -1)
		return -1;
	if (l.n == 0)
		return 0;
	rc = mg_find_moved(m, l.v, l.n, &moved, err);
	for (size_t i = 0; i < l.n && rc != -1; i++)
		mg_known_already(m, &l.v[i].room)->checked = m->batch;
	for (size_t i = 0; i < moved.n && rc != -1; i++)
		rc = mg_refresh(m, mg_known_already(m, &moved.v[i]), err);
	free(moved.v);
	return rc == -1 ? -1 : 0;
}

static void
take_writer(const bson_t *doc, void *arg)
{
	struct mg *m = arg;
	struct member row;
	struct known *k;

	mg_get_member(doc, &row);
	k = mg_known_already(m, &row.room);
	if (k != NULL)
		mg_known_member_as_row(mg_known_place(m, k, &row.user), doc);
}

/* Is the row of who writes still to be read? */
static bool
is_unread(struct mg *m, const struct event *ev)
{
	struct known *k = mg_known_already(m, &ev->room);
	struct known_member *w;

	if (k == NULL || !k->there || ev->kind != EV_MESSAGE)
		return false;
	w = map_get(&k->members, &ev->from);
	return w == NULL || !w->loaded;
}

static int
read_writers(struct mg *m, const struct op *ops, size_t n, struct err *err)
{
	struct mg_pick keys = { .a = bson_new() };
	struct id rooms[AT_ONCE];
	size_t found = 0;

	for (size_t i = 0; i < n; i++) {
		const struct event *ev = ops[i].a->ev;

		if (!is_unread(m, ev))
			continue;
		mg_pick_member(&keys, &ev->room, &ev->from);
		rooms[found++] = ev->room;
	}
	if (found == 0) {
		bson_destroy(keys.a);
		return 0;
	}
	return mg_find(m, C_MEMBERS,
	    mg_members_query(m, keys.a, rooms, found, sizeof(*rooms)), NULL,
	    take_writer, m, err);
}

int
mg_prefetch(struct mg *m, const struct op *ops, size_t n, struct err *err)
{
	struct id *rooms = mem_calloc(n, sizeof(*rooms));
	size_t unknown = unknown_rooms(m, ops, n, rooms);
	int rc = 0;

	for (size_t i = 0; i < unknown && rc != -1; i += AT_ONCE)
		rc = read_rooms(m, rooms + i,
		    unknown - i < AT_ONCE ? unknown - i : AT_ONCE, err);
	for (size_t i = 0; i < n && rc != -1; i += AT_ONCE)
		rc = read_writers(
		    m, ops + i, n - i < AT_ONCE ? n - i : AT_ONCE, err);
	free(rooms);
	return rc == -1 ? -1 : 0;
}
