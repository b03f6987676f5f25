/* store/mongo/mg_self.c - what people set for themselves about a room: entries
 * of the self room that move the member's row. The insert behind the last entry
 * that is known proves that no other entry came between. */

#include "store/mongo/mg_known.h"

/* The room that the entry is about, and the row in it as it is now. */
struct place {
	struct known *r;
	struct member m;
};

static void
take_member(const bson_t *doc, void *arg)
{
	mg_get_member(doc, arg);
}

static int
find_place(struct mg *m, struct change *c, struct place *p, struct err *err)
{
	p->m = (struct member){ .room = c->s.room, .user = c->ev->from };
	if (mg_get(m, C_MEMBERS, mg_member_query(m, &c->s.room, &c->ev->from),
		take_member, &p->m, err) == -1)
		return -1;
	p->r = mg_known(m, &c->s.room, err);
	if (p->r == NULL)
		return -1;
	if (!p->r->there)
		return err_set(err, ERR_NOT_FOUND, "There is no such room.");
	if (p->r->room.kind == ROOM_SELF || p->m.role == ROLE_NONE)
		return room_may_read(&p->r->room, &(struct member){ 0 }, err);
	return 0;
}

/* The entry as it is now to be stored. */
static int
put(struct change *c, const struct place *p, uint64_t archived)
{
	struct wish w = { .room = c->s.room,
		.user = c->ev->from,
		.kind = c->ev->kind,
		.seq = c->room->room.seq + 1,
		.read_seq = c->s.seq,
		.read_no = c->s.no,
		.muted = c->s.until,
		.archived = archived };
	struct buf body = { 0 };

	event_body_self(&body, c->ev->kind, &c->s);
	event_set_body(c->ev, body.data, body.len);
	buf_free(&body);
	if (c->room->planned == 0)
		c->room->base_wishes = c->room->nwishes;
	mg_add_wish(c->room, &w);
	return 1;
}

/* no at the event seq <= head. */
static int
no_at(struct mg *m, const struct known *r, uint64_t seq, uint64_t *no_r,
    struct err *err)
{
	struct event ev;
	int rc;

	*no_r = r->room.no;
	if (seq == r->room.seq)
		return 0;
	rc = mg_event_at(m, &r->room.id, seq, &ev, err);
	if (rc != 1)
		return rc;
	*no_r = ev.no;
	event_free_body(&ev);
	return 0;
}

static int
check_read(struct mg *m, struct change *c, struct place *p, struct err *err)
{
	if (c->s.seq > p->r->room.seq && mg_refresh(m, p->r, err) == -1)
		return -1;
	if (c->s.seq > p->r->room.seq)
		c->s.seq = p->r->room.seq;
	if (c->s.seq <= p->m.read_seq)
		return 0;
	if (no_at(m, p->r, c->s.seq, &c->s.no, err) == -1)
		return -1;
	return put(c, p, 0);
}

/* Is the room in its member's archive? 1, 0, -1. */
static int
is_archived(struct mg *m, const struct room *room, const struct member *me,
    struct err *err)
{
	struct event last = { 0 };

	if (me->archived == 0)
		return 0;
	if (room->last_message > 0) {
		if (mg_event_at(m, &room->id, room->last_message, &last, err) ==
		    -1)
			return -1;
		event_free_body(&last);
	}
	return room_archived(room, me, last.at);
}

/* What is in the archive then is so as of now: what came under the old mute
 * does not bring it back later. */
static int
check_mute(struct mg *m, struct change *c, struct place *p, struct err *err)
{
	uint64_t until = p->m.muted > c->now ? p->m.muted : 0;
	int archived;

	if (c->s.until <= c->now)
		c->s.until = 0;
	if (c->s.until == until)
		return 0;
	archived = is_archived(m, &p->r->room, &p->m, err);
	if (archived == -1)
		return -1;
	c->s.no = p->r->room.no;
	c->s.on = archived;
	return put(c, p, archived ? c->s.no + 1 : 0);
}

static int
check_archive(struct mg *m, struct change *c, struct place *p, struct err *err)
{
	int archived = is_archived(m, &p->r->room, &p->m, err);

	if (archived == -1)
		return -1;
	if (c->s.on == archived)
		return 0;
	c->s.no = p->r->room.no;
	return put(c, p, c->s.on ? c->s.no + 1 : 0);
}

int
mg_check_self(struct mg *m, struct change *c, struct err *err)
{
	static const struct member nobody;
	struct place p;
	int rc;

	if (event_subject(c->ev, &c->s, err) == -1)
		return -1;
	rc = room_may(&c->room->room, &nobody, &nobody, c->ev, &c->s, err);
	if (rc != 1)
		return rc;
	if (find_place(m, c, &p, err) == -1)
		return -1;
	/* As it is now: the archive depends on what others wrote. */
	if (c->ev->kind != EV_READ && mg_refresh(m, p.r, err) == -1)
		return -1;
	if (mg_check_since(m, c, p.r, err) == -1)
		return -1;
	switch (c->ev->kind) {
	case EV_READ:
		return check_read(m, c, &p, err);
	case EV_MUTE:
		return check_mute(m, c, &p, err);
	default:
		return check_archive(m, c, &p, err);
	}
}
