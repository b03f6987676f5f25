/* store/sqlite/sq_append.c - a batch of appends in one transaction: right,
 * number, insert, fold. */

#include "base/failpoint.h"
#include "store/asked.h"
#include "store/sqlite/sq_batch.h"

static int
check_target(struct sq *s, const struct batch_room *r, const struct event *ev,
    struct err *err)
{
	sqlite3_stmt *stmt;
	bool found = false;
	int rc = 0;

	if (ev->target == 0)
		return 0;
	if (ev->target <= r->room.seq) {
		stmt =
		    sq_query(s, Q_EVENT_GET, err, "bu", &ev->room, ev->target);
		if (stmt == NULL)
			return -1;
		rc = sq_step(s, stmt, err);
		found = rc == 1 && sqlite3_column_int(stmt, 3) == EV_MESSAGE;
		sq_done(stmt);
	}
	if (rc == -1 || found)
		return rc == -1 ? -1 : 0;
	return err_set(err, ERR_BAD_REQUEST,
	    "reply: is not the seq of a message of this room");
}

static int
check_messages(struct sq *s, struct change *c, struct err *err)
{
	struct append *a = c->a;

	for (size_t i = 0; i < a->n; i++) {
		if (a->ev[i].seq > 0)
			continue;
		if (room_may(&c->room->room, &c->actor->m, &c->target->m,
			&a->ev[i], &c->s, err) == -1 ||
		    check_target(s, c->room, &a->ev[i], err) == -1)
			return -1;
	}
	return room_same_membership(&c->actor->m, a->joined, err);
}

/* ev gets the next number, or those it was stored with: 0, or -1 *err, also
 * when its cid was used for something else. */
static int
put_message(struct sq *s, struct change *c, size_t i, struct err *err)
{
	struct event *ev = &c->a->ev[i];
	int rc = sq_batch_try(s, c->room, ev, err);

	if (rc == 1) {
		c->actor->m.read_seq = ev->seq;
		c->actor->m.read_no = ev->no;
		c->actor->dirty = true;
	} else if (rc == 0) {
		rc = sq_find_repeat(s, ev, err);
		if (rc == 1)
			append_set_repeated(c->a, i);
		else if (rc == 0)
			rc = err_set(
			    err, ERR_INTERNAL, "A cid is and is not there.");
	}
	return rc == -1 ? -1 : 0;
}

static int
put_or_twin(struct sq *s, struct change *c, size_t i, struct err *err)
{
	struct event *ev = &c->a->ev[i], *twin = append_twin(c->a, i);

	if (ev->seq > 0)
		return 0;
	if (twin == NULL)
		return put_message(s, c, i, err);
	if (append_same_event(ev, twin, err) == -1)
		return -1;
	ev->seq = twin->seq;
	ev->no = twin->no;
	ev->at = twin->at;
	append_set_repeated(c->a, i);
	return 0;
}

/* All, or none and -1 *err. */
static int
put_messages(struct sq *s, struct change *c, struct err *err)
{
	struct batch_member actor;
	struct batch_room room;
	struct append *a = c->a;

	if (a->n == 1)
		return put_or_twin(s, c, 0, err);
	room = *c->room;
	actor = *c->actor;
	for (size_t i = 0; i < a->n; i++) {
		if (put_or_twin(s, c, i, err) == 0)
			continue;
		*c->room = room;
		*c->actor = actor;
		if (!sq_is_failure(err) &&
		    sq_run(s, Q_EVENTS_BACK, err, "bu", &room.room.id,
			room.room.seq) != -1)
			append_renumber(a);
		return -1;
	}
	return 0;
}

/* Most are new: the insert finds out. Only when it, or a right, says no is
 * looked for what was stored before. */
static int
do_messages(struct sq *s, struct change *c, struct err *err)
{
	struct err why = { 0 };
	int fresh;

	c->s.user = c->ev->from;
	c->target = c->actor;
	if (check_messages(s, c, &why) == 0 && put_messages(s, c, &why) == 0)
		return 0;
	if (sq_is_failure(&why)) {
		*err = why;
		return -1;
	}
	fresh = sq_find_repeats(s, c->a, err);
	if (fresh <= 0)
		return fresh;
	return check_messages(s, c, err) == -1 ? -1 : put_messages(s, c, err);
}

static int
do_join(struct sq *s, struct change *c, struct err *err)
{
	if (sq_need_user(s, &c->s.user, err) == -1)
		return -1;
	if (sq_batch_put(s, c->room, c->ev, err) == -1 ||
	    sq_batch_join(s, c->room, c->target, c->ev, c->s.role, err) == -1)
		return -1;
	return sq_batch_follow(s, c->ev, &c->s.user, NULL, &c->a->more, err);
}

/* When the owner leaves: who inherits. Zero: nobody is left. */
static int
find_heir(struct sq *s, struct change *c, struct id *heir_r, struct err *err)
{
	sqlite3_stmt *stmt;
	int rc;

	*heir_r = (struct id){ 0 };
	if (c->target->m.role != ROLE_OWNER)
		return 0;
	stmt = sq_query(s, Q_HEIR, err, "bb", &c->ev->room, &c->s.user);
	if (stmt == NULL)
		return -1;
	rc = sq_step(s, stmt, err);
	if (rc == 1)
		sq_get_id(stmt, 0, heir_r);
	sq_done(stmt);
	return rc == -1 ? -1 : 0;
}

static int
raise_heir(struct sq *s, struct change *c, struct err *err)
{
	struct batch_member *heir;

	if (id_is_zero(&c->s.heir))
		return 0;
	heir = sq_batch_member(s, &c->ev->room, &c->s.heir, err);
	return heir == NULL ? -1 : sq_batch_role(s, heir, ROLE_OWNER, err);
}

static int
do_leave(struct sq *s, struct change *c, struct err *err)
{
	struct buf *body;

	if (find_heir(s, c, &c->s.heir, err) == -1)
		return -1;
	body = sq_batch_tmp(s);
	event_body_leave(body, &c->s);
	event_set_body(c->ev, body->data, body->len);
	if (sq_batch_put(s, c->room, c->ev, err) == -1 ||
	    sq_batch_leave(s, c->room, c->target, err) == -1 ||
	    raise_heir(s, c, err) == -1)
		return -1;
	return sq_batch_follow(s, c->ev, &c->s.user, NULL, &c->a->more, err);
}

/* One owner at a time: who hands the room over becomes admin. */
static int
do_role(struct sq *s, struct change *c, struct err *err)
{
	if (sq_batch_put(s, c->room, c->ev, err) == -1 ||
	    sq_batch_role(s, c->target, c->s.role, err) == -1)
		return -1;
	if (c->s.role != ROLE_OWNER)
		return 0;
	return sq_batch_role(s, c->actor, ROLE_ADMIN, err);
}

/* A group's label, topic or visibility. */
static int
do_describe(struct sq *s, struct change *c, struct err *err)
{
	room_describe(&c->room->room, c->ev->kind, &c->s);
	if (sq_batch_put(s, c->room, c->ev, err) == -1)
		return -1;
	return sq_batch_describe(s, c->room, err);
}

/* An event that is not a message; one at a time. */
static int
do_change(struct sq *s, struct change *c, struct err *err)
{
	int rc;

	if (event_subject(c->ev, &c->s, err) == -1)
		return -1;
	c->target = sq_batch_member(s, &c->ev->room, &c->s.user, err);
	if (c->target == NULL)
		return -1;
	rc = room_may(
	    &c->room->room, &c->actor->m, &c->target->m, c->ev, &c->s, err);
	if (rc != 1) {
		c->a->nothing = rc == 0;
		return rc;
	}
	if (c->room->room.kind != ROOM_SELF &&
	    sq_check_since(s, c, c->room, err) == -1)
		return -1;
	switch (c->ev->kind) {
	case EV_JOIN:
		return do_join(s, c, err);
	case EV_LEAVE:
		return do_leave(s, c, err);
	case EV_ROLE:
		return do_role(s, c, err);
	case EV_RENAME:
	case EV_TOPIC:
	case EV_VISIBILITY:
		return do_describe(s, c, err);
	case EV_READ:
	case EV_MUTE:
	case EV_ARCHIVE:
		return sq_self_change(s, c, err);
	default:
		return err_set(err, ERR_BAD_REQUEST, "Unknown event.");
	}
}

/* Checks all before it writes anything, so that a refusal leaves nothing
 * behind. 0, or -1 *err: refused, or the database failed. */
int
sq_append_one(struct sq *s, struct append *a, struct err *err)
{
	struct change c = { .a = a, .ev = a->ev };
	bool message = a->ev->kind == EV_MESSAGE;
	int fresh;

	if (!append_well_formed(a))
		return err_set(
		    err, ERR_BAD_REQUEST, "These events do not go together.");
	c.room = sq_batch_room(s, &c.ev->room, err);
	if (c.room == NULL)
		return -1;
	if (!c.room->there)
		return err_set(err, ERR_NOT_FOUND, "There is no such room.");
	if (!message) {
		fresh = sq_find_repeats(s, a, err);
		if (fresh <= 0)
			return fresh;
	}
	c.actor = sq_batch_member(s, &c.ev->room, &c.ev->from, err);
	if (c.actor == NULL)
		return -1;
	return message ? do_messages(s, &c, err) : do_change(s, &c, err);
}

static int
append_all(struct sq *s, struct append **ops, size_t n, struct err *err)
{
	sq_batch_start(s);
	for (size_t i = 0; i < n; i++) {
		append_reset(ops[i]);
		if (sq_append_one(s, ops[i], &ops[i]->err) == 0)
			continue;
		if (sq_is_failure(&ops[i]->err)) {
			*err = ops[i]->err;
			return -1;
		}
	}
	return sq_batch_flush(s, err);
}

static int
append_commit(struct sq *s, struct append **ops, size_t n, struct err *err)
{
	if (sq_begin(s, err) == -1)
		return -1;
	if (append_all(s, ops, n, err) == -1) {
		sq_rollback(s);
		return -1;
	}
	FAILPOINT("append.before_commit");
	if (sq_commit(s, err) == -1)
		return -1;
	FAILPOINT("append.after_commit");
	return 0;
}

void
sq_append(struct db *db, struct append **ops, size_t n)
{
	struct sq *s = (struct sq *)db;
	struct err err = { 0 };

	if (append_commit(s, ops, n, &err) == 0)
		return;
	/* What the database cannot digest must not spoil the others. */
	if (err.code == ERR_INTERNAL && n > 1) {
		for (size_t i = 0; i < n; i++)
			sq_append(db, &ops[i], 1);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		append_reset(ops[i]);
		ops[i]->err = err;
	}
}
