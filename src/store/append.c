/* store/append.c - appends that wait while others are being committed share
 * the next commit. */

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "store/patience.h"

#define BATCH_EVENTS 1024
#define BATCH_BYTES  (1024 * 1024)
#define RETRY_MS     1000

/* A sender's order: after a batch could not be stored, whatever was queued by
 * callers who did not know that yet is refused as well, else a later message
 * could overtake an earlier one. `failures` counts such batches; an append
 * remembers how many its caller had seen. What is refused so is itself an
 * earlier message: as long as its caller was not told (`told` batches were,
 * when an append was queued), whatever that sender queued for the room is
 * refused. */
struct batch {
	struct store *st;
	uint64_t number;
	unsigned failures; /* after it */
	size_t n;
	struct append *ops[];
};

void
store_append(struct store *st, struct append *a)
{
	struct queue *q = &st->write;

	err_clear(&a->err);
	a->nothing = false;
	a->more = (struct event_list){ 0 };
	if (st->driver->shared)
		a = patience_begin(st, a);
	a->failures = st->failures_seen;
	a->told = st->told;
	st->pending++;
	pthread_mutex_lock(&q->lock);
	STAILQ_INSERT_TAIL(&q->appends, a, link);
	pthread_mutex_unlock(&q->lock);
	queue_filled(st, q);
}

void
append_clear(struct append *a)
{
	event_list_free(&a->more);
}

/* How many of the queue's head go into one batch: at least one. */
static size_t
batch_size(const struct append_list *l)
{
	size_t n = 0, events = 0, bytes = 0;
	const struct append *a;

	STAILQ_FOREACH(a, l, link)
	{
		events += a->n;
		for (size_t i = 0; i < a->n; i++)
			bytes += a->ev[i].body_len;
		if (n > 0 && (events > BATCH_EVENTS || bytes > BATCH_BYTES))
			break;
		n++;
	}
	return n;
}

struct batch *
batch_take(struct store *st, struct queue *q)
{
	struct append_list *l = &q->appends;
	size_t n = batch_size(l);
	struct batch *b;

	if (n == 0)
		return NULL;
	b = mem_alloc(sizeof(*b) + n * sizeof(b->ops[0]));
	b->st = st;
	b->failures = q->failures;
	b->number = ++q->batches;
	b->n = n;
	for (size_t i = 0; i < n; i++) {
		b->ops[i] = STAILQ_FIRST(l);
		STAILQ_REMOVE_HEAD(l, link);
	}
	return b;
}

static void
batch_done(void *arg)
{
	struct batch *b = arg;

	b->st->failures_seen = b->failures;
	b->st->told = b->number;
	for (size_t i = 0; i < b->n; i++) {
		b->st->pending--;
		b->ops[i]->done(b->ops[i]);
	}
	if (b->st->late > 0)
		log_info("stored late", "events=%zu", b->st->late);
	b->st->late = 0;
	free(b);
}

/* Appends from now on were queued by callers who knew of so many batches. */
static void
forget_told(struct queue *q, uint64_t told)
{
	size_t n = 0;

	for (size_t i = 0; i < q->nrefused; i++)
		if (q->refused[i].batch > told)
			q->refused[n++] = q->refused[i];
	q->nrefused = n;
}

/* Does a come behind one that was refused? That one itself, asked again since a
 * timer told its caller, does not, and lifts the refusal. */
static bool
follows_refused(struct queue *q, const struct append *a)
{
	struct refusal *r = q->refused;
	size_t i = 0;

	while (i < q->nrefused &&
	       (r[i].batch <= a->told || !id_eq(&r[i].room, &a->ev->room) ||
		   !id_eq(&r[i].from, &a->ev->from)))
		i++;
	if (i == q->nrefused)
		return false;
	if (!cid_eq(&r[i].cid, &a->ev->cid))
		return true;
	q->nrefused--;
	memmove(&r[i], &r[i + 1], (q->nrefused - i) * sizeof(*r));
	return false;
}

static void
refuse(struct queue *q, struct append *a, uint64_t batch)
{
	err_set(
	    &a->err, ERR_BUSY, "The store could not be reached; try again.");
	a->err.retry_ms = RETRY_MS;
	if (q->nrefused == q->refused_cap) {
		q->refused_cap = q->refused_cap == 0 ? 16 : q->refused_cap * 2;
		q->refused = mem_reallocarray(
		    q->refused, q->refused_cap, sizeof(q->refused[0]));
	}
	q->refused[q->nrefused++] =
	    (struct refusal){ a->ev->room, a->ev->from, a->ev->cid, batch };
}

/* Sorts out those that came too late to be told of a failure. Returns how many
 * are left at the front of todo. */
static size_t
refuse_late(struct batch *b, struct queue *q, struct append **todo)
{
	size_t n = 0;

	forget_told(q, b->ops[0]->told);
	for (size_t i = 0; i < b->n; i++)
		if (b->ops[i]->failures == b->failures &&
		    !follows_refused(q, b->ops[i]))
			todo[n++] = b->ops[i];
		else
			refuse(q, b->ops[i], b->number);
	return n;
}

static bool
any_busy(struct append *const *ops, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (ops[i]->err.code == ERR_BUSY)
			return true;
	return false;
}

static void
run_counted(struct store *st, struct db *db, struct append **todo, size_t n)
{
	uint64_t start = clock_mono_us();

	db->driver->append(db, todo, n);
	if (st->stats != NULL)
		histo_add(&st->stats->commit, clock_mono_us() - start);
}

void
batch_run(struct batch *b, struct queue *q, struct db *db)
{
	struct append **todo = mem_calloc(b->n, sizeof(*todo));
	size_t n = refuse_late(b, q, todo);

	if (n > 0)
		run_counted(b->st, db, todo, n);
	if (any_busy(todo, n))
		b->failures = ++q->failures;
	free(todo);
	mailbox_post(b->st->mailbox, batch_done, b);
}
