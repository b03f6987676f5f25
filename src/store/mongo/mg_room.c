/* store/mongo/mg_room.c - single rooms and pages of a log. A row may be behind
 * its log (its writer was killed, or is about to raise it), so what follows the
 * row is asked for too. */

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "store/mongo/mg_known.h"

/* A room as it was when the snapshot first saw it. */
struct mg_seen {
	struct room room;
	bool there;
};

static void
take_event(const bson_t *doc, void *arg)
{
	mg_get_event(doc, arg);
}

int
mg_event_at(struct mg *m, const struct id *room, uint64_t seq,
    struct event *ev_r, struct err *err)
{
	*ev_r = (struct event){ 0 };
	return mg_get(m, C_EVENTS, mg_doc("room:b seq:u", room, seq),
	    take_event, ev_r, err);
}

int
mg_event_by_cid(
    struct mg *m, const struct event *like, struct event *ev_r, struct err *err)
{
	*ev_r = (struct event){ 0 };
	return mg_get(m, C_EVENTS,
	    mg_doc("room:b from:b cid:c", &like->room, &like->from, &like->cid),
	    take_event, ev_r, err);
}

/* Snapshots ---------------------------------------------------------------- */

int
mg_snapshot(struct db *db, struct err *err)
{
	struct mg *m = (struct mg *)db;

	if (m->reading++ == 0)
		map_init(&m->seen, struct mg_seen, room.id);
	return 0;
}

void
mg_snapshot_end(struct db *db)
{
	struct mg *m = (struct mg *)db;
	struct mg_seen *s;

	if (m->reading == 0 || --m->reading > 0)
		return;
	for (size_t i = 0; (s = map_next(&m->seen, &i)) != NULL;)
		free(s);
	map_free(&m->seen);
}

static struct mg_seen *
seen(struct mg *m, const struct id *room)
{
	return m->reading > 0 ? map_get(&m->seen, room) : NULL;
}

void
mg_see(struct mg *m, const struct room *room, bool there)
{
	struct mg_seen *s;

	if (m->reading == 0 || seen(m, &room->id) != NULL)
		return;
	MEM_NEW(s);
	s->room = *room;
	s->there = there;
	map_put(&m->seen, s);
}

/* Rooms -------------------------------------------------------------------- */

int
mg_read_log(struct mg *m, const struct id *id, struct room *r, struct err *err)
{
	struct known *k;
	bool there;

	mg_forget(m, id);
	if (mg_need_indexes(m, err) == -1 || (k = mg_known(m, id, err)) == NULL)
		return -1;
	*r = k->room;
	there = k->there;
	if (there && mg_settle(m, err) == -1)
		return -1;
	mg_forget(m, id);
	return there;
}

static void
take_room(const bson_t *doc, void *arg)
{
	mg_get_room(doc, arg);
}

int
mg_room_get(struct db *db, const struct id *id, struct room *r, struct err *err)
{
	struct mg *m = (struct mg *)db;
	struct mg_seen *s = seen(m, id);
	struct room row = { .id = *id };
	int rc, behind;

	if (s != NULL) {
		*r = s->room;
		return s->there;
	}
	rc = mg_get(m, C_ROOMS, mg_doc("_id:b", id), take_room, &row, err);
	if (rc == -1)
		return -1;
	behind =
	    mg_any(m, C_EVENTS, mg_doc("room:b seq:u", id, row.seq + 1), err);
	if (behind == 1)
		rc = mg_read_log(m, id, &row, err);
	if (behind == -1 || rc == -1)
		return -1;
	mg_see(m, &row, rc == 1);
	*r = row;
	return rc;
}

/* Logs --------------------------------------------------------------------- */

struct page {
	struct event_list *l;
	size_t bytes, max;
};

static void
take_page(const bson_t *doc, void *arg)
{
	struct page *p = arg;
	struct event ev;

	if (p->max > 0 && p->bytes >= p->max)
		return;
	mg_get_event(doc, &ev);
	p->bytes += ev.body_len;
	event_list_push(p->l, &ev);
}

/* There are no holes, so a page ends limit numbers behind its begin. */
int
mg_events(struct db *db, const struct id *room, const struct event_range *range,
    struct event_list *l_r, struct err *err)
{
	struct mg *m = (struct mg *)db;
	uint64_t to = range->to;
	struct page p = { .l = l_r, .max = range->max_bytes };
	struct mg_seen *s = seen(m, room);

	*l_r = (struct event_list){ 0 };
	if (range->limit == 0)
		return 0;
	if (s != NULL && to > s->room.seq)
		to = s->room.seq;
	if (to - range->from >= range->limit && to >= range->from)
		to = range->from + range->limit - 1;
	if (mg_find(m, C_EVENTS,
		mg_doc("room:b seq:{$gte:u $lte:u}", room, range->from, to),
		mg_doc("sort:{seq:+} limit:u", (uint64_t)range->limit),
		take_page, &p, err) != -1)
		return 0;
	event_list_free(l_r);
	return -1;
}
