/* store/mongo/mg_plan.c - which events of a batch can be stored together, with
 * which numbers, and what may not be: all as of the rooms that are known. */

#include "store/mongo/mg_plan.h"

#include "base/mem.h"
#include "store/asked.h"

#define WAIT 2 /* first store what is planned */

static void
plan_event(struct run *r, struct op *op, struct known *k, struct event *ev)
{
	if (k->planned++ == 0) {
		k->base = (struct room_head){ k->room.seq, k->room.no,
			k->room.at, k->room.last_message, k->room.cid };
		k->base_wishes = k->nwishes;
	}
	ev->seq = k->room.seq + 1;
	ev->no = k->room.no + (ev->kind == EV_MESSAGE);
	ev->at = r->now;
	if (r->nslots == r->cap) {
		r->cap = r->cap == 0 ? 64 : r->cap * 2;
		r->slots =
		    mem_reallocarray(r->slots, r->cap, sizeof(*r->slots));
	}
	r->slots[r->nslots++] = (struct slot){ op, ev };
	op->left++;
}

void
mg_unplan(struct known *k)
{
	struct room *o = &k->room;

	o->seq = k->base.seq;
	o->no = k->base.no;
	o->at = k->base.at;
	o->last_message = k->base.last_message;
	o->cid = k->base.cid;
	k->nwishes = k->base_wishes;
	k->planned = 0;
	k->closed = false;
}

static int
check_target(struct mg *m, const struct known *k, const struct event *ev,
    struct err *err)
{
	struct event target = { 0 };
	int rc = 0;

	if (ev->target == 0)
		return 0;
	if (ev->target <= k->room.seq)
		rc = mg_event_at(m, &ev->room, ev->target, &target, err);
	event_free_body(&target);
	if (rc == -1 || (rc == 1 && target.kind == EV_MESSAGE))
		return rc == -1 ? -1 : 0;
	return err_set(err, ERR_BAD_REQUEST,
	    "reply: is not the seq of a message of this room");
}

/* May all that are new be? 0, or -1 *err. */
static int
check_messages(struct run *r, struct change *c, struct err *err)
{
	struct append *a = c->a;

	c->s.user = c->ev->from;
	c->actor = mg_known_member(r->m, c->room, &c->ev->from, err);
	if (c->actor == NULL)
		return -1;
	for (size_t i = 0; i < a->n; i++) {
		if (a->ev[i].seq > 0)
			continue;
		if (room_may(&c->room->room, &c->actor->m, &c->actor->m,
			&a->ev[i], &c->s, err) == -1 ||
		    check_target(r->m, c->room, &a->ev[i], err) == -1)
			return -1;
	}
	return room_same_membership(&c->actor->m, a->joined, err);
}

/* Each twin must be the same as the first. */
static int
check_twins(struct append *a, struct err *err)
{
	for (size_t i = 1; i < a->n; i++) {
		struct event *twin = append_twin(a, i);

		if (twin != NULL &&
		    append_same_event(&a->ev[i], twin, err) == -1)
			return -1;
	}
	return 0;
}

static bool
is_stored(const struct append *a)
{
	for (size_t i = 0; i < a->n; i++)
		if (a->ev[i].seq == 0)
			return false;
	return true;
}

/* Most are new, so for a single one the store is asked for repeats only when an
 * insert or a right says no. Of several none may be stored before it is known
 * that all can be. */
static int
may_messages(struct run *r, struct op *op, struct change *c, struct err *err)
{
	int fresh;

	if (!op->looked && op->a->n == 1) {
		if (check_messages(r, c, err) == 0)
			return 0;
		if (mg_is_failure(err))
			return -1;
		err_clear(err);
	}
	if (!op->looked) {
		op->looked = true;
		fresh = mg_find_repeats(r->m, op->a, err);
		if (fresh <= 0)
			return fresh;
	}
	return is_stored(op->a) ? 0 : check_messages(r, c, err);
}

static int
plan_messages(struct run *r, struct op *op, struct change *c, struct err *err)
{
	struct append *a = op->a;

	if (check_twins(a, err) == -1 || may_messages(r, op, c, err) == -1)
		return -1;
	for (size_t i = 0; i < a->n; i++) {
		struct event *ev = &a->ev[i];

		if (ev->seq > 0 || append_twin(a, i) != NULL)
			continue;
		plan_event(r, op, c->room, ev);
		if (mg_fold(r->m, c->room, ev, true, err) == -1)
			return -1;
	}
	return 0;
}

/* When an owner leaves, the rows are asked who inherits. */
static bool
needs_rows(const struct run *r, struct change *c)
{
	struct known_member *w;
	struct event_subject s;

	if (c->ev->kind != EV_LEAVE || r->nslots == 0 ||
	    event_subject(c->ev, &s, NULL) == -1)
		return false;
	w = mg_known_member(r->m, c->room, &s.user, NULL);
	return w == NULL || w->m.role == ROLE_OWNER;
}

/* An event that is not a message. */
static int
plan_change(struct run *r, struct op *op, struct change *c, struct err *err)
{
	int rc = 1;

	/* An entry that follows is mostly new. */
	if (!op->internal || op->looked)
		rc = mg_find_repeats(r->m, op->a, err);
	if (rc <= 0)
		return rc;
	if (needs_rows(r, c))
		return WAIT;
	rc = op->internal                      ? 1
	     : c->room->room.kind == ROOM_SELF ? mg_check_self(r->m, c, err)
					       : mg_check_change(r->m, c, err);
	if (rc == -1)
		return -1;
	op->a->nothing = rc == 0;
	if (rc == 0)
		return 0;
	plan_event(r, op, c->room, c->ev);
	c->room->closed = !op->internal;
	return mg_fold(r->m, c->room, c->ev, true, err);
}

/* Is a cid of a planned already? */
static bool
is_planned(const struct run *r, const struct append *a)
{
	for (size_t i = 0; i < r->nslots; i++) {
		const struct event *ev = r->slots[i].ev;

		if (!id_eq(&ev->room, &a->ev->room) ||
		    !id_eq(&ev->from, &a->ev->from))
			continue;
		for (size_t j = 0; j < a->n; j++)
			if (cid_eq(&ev->cid, &a->ev[j].cid))
				return true;
	}
	return false;
}

/* What changes who may do what is looked at with everything before it in its
 * room stored, and everything behind it with that stored. Several messages are
 * stored all or none, so it must be known which of them are. */
static bool
must_wait(const struct run *r, const struct op *op, struct known *k)
{
	bool change = !op->internal && op->a->ev->kind != EV_MESSAGE;

	if (k->planned > 0 &&
	    (change || (op->a->n > 1 && is_planned(r, op->a))))
		k->closed = true;
	return k->closed;
}

/* 0: planned, or answered already (nothing left to store); WAIT: what is
 * planned must be stored first; -1 *err. */
static int
plan(struct run *r, struct op *op, struct err *err)
{
	struct change c = { .a = op->a, .ev = op->a->ev, .now = r->now };

	if (!append_well_formed(op->a))
		return err_set(
		    err, ERR_BAD_REQUEST, "These events do not go together.");
	c.room = mg_known(r->m, &c.ev->room, err);
	if (c.room == NULL)
		return -1;
	if (!c.room->there)
		return err_set(err, ERR_NOT_FOUND, "There is no such room.");
	if (must_wait(r, op, c.room))
		return WAIT;
	return c.ev->kind == EV_MESSAGE ? plan_messages(r, op, &c, err)
					: plan_change(r, op, &c, err);
}

void
mg_plan_finish(struct op *op)
{
	struct append *a = op->a;

	op->done = true;
	for (size_t i = 0; i < a->n; i++) {
		struct event *twin = append_twin(a, i);

		if (twin == NULL || a->ev[i].seq > 0)
			continue;
		a->ev[i].seq = twin->seq;
		a->ev[i].no = twin->no;
		a->ev[i].at = twin->at;
		append_set_repeated(a, i);
	}
}

enum sure { SURE, AGAIN, LATER, FAILED };

/* "No" and "nothing to do" are only true if the room is known as it is now: an
 * insert would have found out. */
static enum sure
be_sure(struct run *r, struct op *op, struct err *err)
{
	struct known *k = mg_known_already(r->m, &op->a->ev->room);
	uint64_t seq;

	if (k == NULL || !k->there || k->checked == r->m->batch)
		return SURE;
	if (op->a->err.code == ERR_NONE && !op->a->nothing)
		return SURE; /* repeated */
	if (k->planned > 0) {
		k->closed = true;
		return LATER;
	}
	seq = k->room.seq;
	if (mg_refresh(r->m, k, err) == -1)
		return FAILED;
	return k->room.seq == seq ? SURE : AGAIN;
}

/* 0: planned, answered, or to wait until what is planned is stored; -1 *err:
 * the database failed. */
static int
plan_one(struct run *r, struct op *op, struct err *err)
{
	struct append *a = op->a;
	enum sure sure = AGAIN;
	int rc;

	while (sure == AGAIN) {
		err_clear(&a->err);
		rc = plan(r, op, &a->err);
		if (rc == -1 && mg_is_failure(&a->err)) {
			*err = a->err;
			return -1;
		}
		if (op->left > 0 || rc == WAIT)
			return 0;
		sure = be_sure(r, op, err);
		op->looked = op->looked && sure != AGAIN;
	}
	if (sure == SURE)
		mg_plan_finish(op);
	if (sure == LATER)
		err_clear(&a->err);
	return sure == FAILED ? -1 : 0;
}

int
mg_plan(struct run *r, struct err *err)
{
	for (size_t i = 0; i < r->n; i++)
		if (!r->ops[i].done && plan_one(r, &r->ops[i], err) == -1)
			return -1;
	return 0;
}
