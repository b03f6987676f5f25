/* store/mongo/mg_append.c - appends: the right is checked and the number taken
 * as of the room's last event that is known; the unique key (room, seq) decides
 * whether that was so. If another was first, its events are read and folded,
 * the right is checked again, and it is tried again. */

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/failpoint.h"
#include "base/mem.h"
#include "store/asked.h"
#include "store/mongo/mg_known.h"

#define PATIENCE_MS 3000
#define WAIT        2 /* first store what is planned */

struct op {
	struct append *a;
	size_t left; /* events planned, not stored yet */
	bool
	    internal; /* an entry that follows: nobody asks whether it may be */
	bool looked;  /* for repeats */
	bool done;
};

/* An event that is to be inserted. */
struct slot {
	struct op *op;
	struct event *ev;
};

struct run {
	struct mg *m;
	struct op *ops;
	size_t n;
	struct slot *slots;
	size_t nslots, cap;
	uint64_t now;      /* the time these events get */
	uint64_t deadline; /* ms, monotonic */
	unsigned vain;     /* rounds in which nothing could be stored */
};

/* Planning ----------------------------------------------------------------- */

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

/* What was planned for the room, messages only, is not: as it was before. */
static void
unplan(struct known *k)
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

/* What changes who may do what is looked at with everything before it in its
 * room stored, and everything behind it with that stored. */
static bool
must_wait(const struct op *op, struct known *k)
{
	bool change = !op->internal && op->a->ev->kind != EV_MESSAGE;

	if (change && k->planned > 0)
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
	if (must_wait(op, c.room))
		return WAIT;
	return c.ev->kind == EV_MESSAGE ? plan_messages(r, op, &c, err)
					: plan_change(r, op, &c, err);
}

static void
finish(struct op *op)
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
		finish(op);
	if (sure == LATER)
		err_clear(&a->err);
	return sure == FAILED ? -1 : 0;
}

/* Plans what can go together. -1 *err: the database failed. */
static int
plan_all(struct run *r, struct err *err)
{
	for (size_t i = 0; i < r->n; i++)
		if (!r->ops[i].done && plan_one(r, &r->ops[i], err) == -1)
			return -1;
	return 0;
}

/* Storing ------------------------------------------------------------------ */

/* The entry that follows from op in the self room of whom it is about. */
static bool
entry_of(const struct op *op, struct event *entry_r)
{
	const struct event *ev = op->a->ev;
	struct event_subject s;

	if (op->internal || !op->done || op->a->err.code != ERR_NONE ||
	    (ev->kind != EV_JOIN && ev->kind != EV_LEAVE) ||
	    event_subject(ev, &s, NULL) == -1)
		return false;
	mg_follow(ev, &s.user, NULL, entry_r);
	return true;
}

/* What follows from the joins and leaves of these slots. */
static int
write_more(struct run *r, size_t n, struct err *err)
{
	struct event *entries = mem_calloc(n + 1, sizeof(*entries));
	struct op **of = mem_calloc(n + 1, sizeof(struct op *));
	size_t left = 0;
	int rc = 0;

	for (size_t i = 0; i < n; i++)
		if (entry_of(r->slots[i].op, &entries[left]))
			of[left++] = r->slots[i].op;
	if (left > 0)
		rc = mg_put_entries(r->m, entries, left, err);
	for (size_t i = 0; i < left; i++) {
		if (rc == 0) {
			event_list_push(&of[i]->a->more, &entries[i]);
			continue;
		}
		event_free_body(&entries[i]);
		of[i]->done = false; /* asked again, it is written */
	}
	free(of);
	free(entries);
	return rc;
}

/* Another was first at slot i, or it is stored already. */
static int
step_back(struct run *r, size_t i, bool seq_taken, struct err *err)
{
	struct op *first = r->slots[i].op;
	struct id room = r->slots[i].ev->room;

	for (size_t j = i; j < r->nslots; j++) {
		struct slot *s = &r->slots[j];
		struct known *k = mg_known_already(r->m, &s->ev->room);

		s->ev->seq = s->ev->no = 0;
		s->op->left = 0;
		/* Some of it is stored, or a change is folded, which cannot
		 * be taken back: read again. */
		if (k != NULL && (k->planned == 0 || k->closed))
			mg_forget(r->m, &s->ev->room);
		else if (k != NULL)
			unplan(k);
	}
	mg_forget(r->m, &room);
	if (seq_taken)
		return 0;
	first->looked = true;
	if (mg_find_repeats(r->m, first->a, &first->a->err) == -1) {
		if (mg_is_failure(&first->a->err)) {
			*err = first->a->err;
			return -1;
		}
		first->done = true;
	}
	return 0;
}

static void
stored(struct run *r, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct slot *s = &r->slots[i];
		struct known *k = mg_known_already(r->m, &s->ev->room);

		if (k != NULL) {
			k->planned = 0;
			k->closed = false;
		}
		if (--s->op->left == 0)
			finish(s->op);
	}
}

/* The slots as documents, inserted in order. */
static int
insert(struct run *r, size_t *n_r, bool *seq_taken_r, struct err *err)
{
	const bson_t **docs = mem_calloc(r->nslots, sizeof(*docs));
	int rc;

	for (size_t i = 0; i < r->nslots; i++)
		docs[i] = mg_put_event(r->slots[i].ev);
	FAILPOINT("append.before_commit");
	rc = mg_insert_many(
	    r->m, C_EVENTS, docs, r->nslots, n_r, seq_taken_r, err);
	if (rc == 1)
		FAILPOINT("append.after_commit");
	for (size_t i = 0; i < r->nslots; i++) {
		union {
			const bson_t *c;
			bson_t *v;
		} doc = { docs[i] };

		bson_destroy(doc.v);
	}
	free(docs);
	return rc;
}

/* Somebody's insert that is not confirmed yet can be in the way without being
 * seen: wait a little longer each time. */
static void
wait_a_little(struct run *r, size_t n)
{
	r->vain = n > 0 ? 0 : r->vain + 1;
	if (r->vain > 1)
		usleep(
		    1000 + clock_jitter(1000 * (r->vain < 20 ? r->vain : 20)));
}

static int
store_all(struct run *r, struct err *err)
{
	bool seq_taken = false;
	size_t n = 0;
	int rc = insert(r, &n, &seq_taken, err);

	if (rc == -1)
		return -1;
	stored(r, n);
	if (rc == 0 && step_back(r, n, seq_taken, err) == -1)
		return -1;
	if (write_more(r, n, err) == -1)
		return -1;
	r->nslots = 0;
	if (rc == 0)
		wait_a_little(r, n);
	return 0;
}

static bool
all_done(const struct run *r)
{
	for (size_t i = 0; i < r->n; i++)
		if (!r->ops[i].done)
			return false;
	return true;
}

static int
rounds(struct run *r, struct err *err)
{
	for (;;) {
		if (plan_all(r, err) == -1)
			return -1;
		if (r->nslots == 0)
			return all_done(r) ? 0 : mg_busy(r->m, err);
		if (clock_mono_ms() > r->deadline)
			return mg_busy(r->m, err);
		if (store_all(r, err) == -1)
			return -1;
	}
}

/* 0, or -1 *err: all that are not answered get it. */
static int
run(struct mg *m, struct op *ops, size_t n, struct err *err)
{
	struct run r = { .m = m,
		.ops = ops,
		.n = n,
		.now = clock_wall_ms(),
		.deadline = clock_mono_ms() + PATIENCE_MS };
	int rc = mg_need_indexes(m, err);

	if (rc == 0)
		rc = rounds(&r, err);
	free(r.slots);
	if (rc == -1) {
		mg_cache_clear(m->cache);
		return -1;
	}
	/* What rows lack now is found by the next who reads the room. */
	mg_settle(m, NULL);
	return 0;
}

/* Who was deleted while being added to a room leaves it again. */
static void
check_joined(struct mg *m, struct append *a)
{
	struct event_list more = { 0 };
	struct event_subject s;
	struct err err = { 0 };

	if (a->ev->kind != EV_JOIN || a->err.code != ERR_NONE || a->nothing ||
	    event_subject(a->ev, &s, NULL) == -1 ||
	    mg_need_user(m, &s.user, &err) == 0 || err.code != ERR_NOT_FOUND)
		return;
	mg_leave_all(m, &s.user, &more, NULL);
	for (size_t i = 0; i < more.n; i++)
		event_list_push(&a->more, &more.v[i]);
	more.n = 0;
	event_list_free(&more);
}

void
mg_append(struct db *db, struct append **ops, size_t n)
{
	struct mg *m = (struct mg *)db;
	struct op *v = mem_calloc(n, sizeof(*v));
	struct err err = { 0 };

	mg_cache_trim(m->cache);
	m->batch++;
	for (size_t i = 0; i < n; i++) {
		v[i].a = ops[i];
		append_reset(ops[i]);
	}
	if (run(m, v, n, &err) == -1) {
		/* What the database cannot digest must not spoil the others. */
		bool alone = err.code == ERR_INTERNAL && n > 1;

		for (size_t i = 0; i < n; i++) {
			if (v[i].done && ops[i]->err.code == ERR_NONE)
				continue;
			if (alone && !v[i].done) {
				mg_append(db, &ops[i], 1);
				continue;
			}
			if (!v[i].done) {
				append_reset(ops[i]);
				ops[i]->err = err;
			}
		}
	}
	for (size_t i = 0; i < n; i++)
		check_joined(m, ops[i]);
	free(v);
}

int
mg_put_entries(struct mg *m, struct event *ev, size_t n, struct err *err)
{
	struct append *a = mem_calloc(n, sizeof(*a));
	struct op *v = mem_calloc(n, sizeof(*v));
	int rc;

	for (size_t i = 0; i < n; i++) {
		ev[i].seq = 0;
		a[i] = (struct append){ .ev = &ev[i], .n = 1 };
		v[i] = (struct op){ .a = &a[i], .internal = true };
	}
	rc = run(m, v, n, err);
	for (size_t i = 0; i < n && rc == 0; i++)
		if (mg_is_failure(&a[i].err)) {
			*err = a[i].err;
			rc = -1;
		}
	free(v);
	free(a);
	return rc;
}

int
mg_append_one(struct mg *m, struct append *a, struct err *err)
{
	mg_append(&m->db, &a, 1);
	if (a->err.code == ERR_NONE)
		return 0;
	*err = a->err;
	return -1;
}
