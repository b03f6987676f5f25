/* store/sqlite/sq_self.c - what people set for themselves about a room: entries
 * of the self room that move the member's row. */

#include "store/sqlite/sq_batch.h"

/* The room that the entry is about, and the row in it. */
struct place {
	struct batch_room *r;
	struct batch_member *m;
};

static int
find_place(struct sq *s, struct change *c, struct place *p, struct err *err)
{
	p->r = sq_batch_room(s, &c->s.room, err);
	if (p->r == NULL)
		return -1;
	p->m = sq_batch_member(s, &c->s.room, &c->ev->from, err);
	if (p->m == NULL)
		return -1;
	if (!p->r->there)
		return err_set(err, ERR_NOT_FOUND, "There is no such room.");
	if (p->r->room.kind == ROOM_SELF || p->m->m.role == ROLE_NONE)
		return room_may_read(&p->r->room, &(struct member){ 0 }, err);
	return 0;
}

/* The entry as it is now to be stored. */
static int
put(struct sq *s, struct change *c, struct err *err)
{
	struct buf *body = sq_batch_tmp(s);

	event_body_self(body, c->ev->kind, &c->s);
	event_set_body(c->ev, body->data, body->len);
	return sq_batch_put(s, c->room, c->ev, err);
}

/* no at the event seq <= head of r. */
static int
no_at(struct sq *s, const struct batch_room *r, uint64_t seq, uint64_t *no_r,
    struct err *err)
{
	sqlite3_stmt *stmt;
	int rc;

	*no_r = r->room.no;
	if (seq == r->room.seq)
		return 0;
	stmt = sq_query(s, Q_EVENT_GET, err, "bu", &r->room.id, seq);
	if (stmt == NULL)
		return -1;
	rc = sq_step(s, stmt, err);
	if (rc == 1)
		*no_r = sq_get_u64(stmt, 2);
	sq_done(stmt);
	return rc == -1 ? -1 : 0;
}

static int
do_read(struct sq *s, struct change *c, struct place *p, struct err *err)
{
	struct member *m = &p->m->m;

	if (c->s.seq > p->r->room.seq)
		c->s.seq = p->r->room.seq;
	c->a->nothing = c->s.seq <= m->read_seq;
	if (c->a->nothing)
		return 0;
	if (no_at(s, p->r, c->s.seq, &c->s.no, err) == -1)
		return -1;
	m->read_seq = c->s.seq;
	m->read_no = c->s.no;
	p->m->dirty = true;
	return put(s, c, err);
}

/* Is the room in its member's archive? 1, 0, -1. */
static int
is_archived(struct sq *s, const struct place *p, struct err *err)
{
	const struct room *room = &p->r->room;
	uint64_t last_at = 0;
	sqlite3_stmt *stmt;
	int rc;

	if (p->m->m.archived == 0)
		return 0;
	stmt =
	    sq_query(s, Q_EVENT_GET, err, "bu", &room->id, room->last_message);
	if (stmt == NULL)
		return -1;
	rc = sq_step(s, stmt, err);
	if (rc == 1)
		last_at = sq_get_u64(stmt, 6);
	sq_done(stmt);
	if (rc == -1)
		return -1;
	return room_archived(room, &p->m->m, last_at);
}

/* What is in the archive then is so as of now: what came under the old mute
 * does not bring it back later. */
static int
do_mute(struct sq *s, struct change *c, struct place *p, struct err *err)
{
	struct member *m = &p->m->m;
	uint64_t now = sq_batch_now(s);
	uint64_t until = m->muted > now ? m->muted : 0;
	int archived;

	if (c->s.until <= now)
		c->s.until = 0;
	c->a->nothing = c->s.until == until;
	if (c->a->nothing)
		return 0;
	archived = is_archived(s, p, err);
	if (archived == -1)
		return -1;
	c->s.no = p->r->room.no;
	c->s.on = archived;
	m->muted = c->s.until;
	m->archived = archived ? c->s.no + 1 : 0;
	return sq_batch_wish(s, p->m, err) == -1 ? -1 : put(s, c, err);
}

static int
do_archive(struct sq *s, struct change *c, struct place *p, struct err *err)
{
	int archived = is_archived(s, p, err);

	if (archived == -1)
		return -1;
	c->a->nothing = c->s.on == archived;
	if (c->a->nothing)
		return 0;
	c->s.no = p->r->room.no;
	p->m->m.archived = c->s.on ? c->s.no + 1 : 0;
	return sq_batch_wish(s, p->m, err) == -1 ? -1 : put(s, c, err);
}

int
sq_self_change(struct sq *s, struct change *c, struct err *err)
{
	struct place p;

	if (find_place(s, c, &p, err) == -1)
		return -1;
	if (sq_check_since(s, c, p.r, err) == -1)
		return -1;
	if (c->ev->kind == EV_READ)
		return do_read(s, c, &p, err);
	if (c->ev->kind == EV_MUTE)
		return do_mute(s, c, &p, err);
	return do_archive(s, c, &p, err);
}
