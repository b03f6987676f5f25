/* store/mongo/mg_append.c - appends: the right is checked and the number taken
 * as of the room's last event that is known (mg_plan.c); the unique key (room,
 * seq) decides whether that was so. If another was first, its events are read
 * and folded, the right is checked again, and it is tried again. */

#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/failpoint.h"
#include "base/mem.h"
#include "store/asked.h"
#include "store/mongo/mg_plan.h"

#define PATIENCE_MS 3000

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
			mg_unplan(k);
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
			mg_plan_finish(s->op);
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
		if (mg_plan(r, err) == -1)
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

	if (rc == 0 && n > 1)
		rc = mg_prefetch(m, ops, n, err);
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
