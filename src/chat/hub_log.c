/* chat/hub_log.c - every log in order: what comes too early waits, what is
 * missing is read from the store. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "chat/hub_event.h"
#include "chat/hub_private.h"

#define HELD_MAX     1024 /* early events kept per log; the store has the rest */
#define GAP_WAIT_MS  10
#define RETRY_MS     200
#define REPAIR_PAGE  500
#define REPAIR_BYTES (512 * 1024)

/* Early events by rising seq. */
struct hub_held {
	size_t n, cap;
	struct held_event {
		struct hub_event e; /* json is owned */
	} * v;
};

static void
held_free(struct hub_log *log)
{
	struct hub_held *h = log->held;

	if (h == NULL)
		return;
	for (size_t i = 0; i < h->n; i++)
		free((void *)(uintptr_t)h->v[i].e.json);
	free(h->v);
	free(h);
	log->held = NULL;
}

void
hub_log_free(struct hub_log *log)
{
	held_free(log);
	hub_tail_free(log);
	if (log->turn != NULL) {
		buf_free(log->turn);
		free(log->turn);
		log->turn = NULL;
	}
}

static void
hold(struct hub_log *log, const struct hub_event *e)
{
	struct hub_held *h = log->held;
	size_t i;

	if (h == NULL)
		log->held = MEM_NEW(h);
	for (i = h->n; i > 0 && h->v[i - 1].e.seq > e->seq; i--)
		;
	if ((i > 0 && h->v[i - 1].e.seq == e->seq) || h->n == HELD_MAX)
		return;
	if (h->n == h->cap) {
		h->cap = h->cap == 0 ? 4 : h->cap * 2;
		h->v = mem_reallocarray(h->v, h->cap, sizeof(h->v[0]));
	}
	memmove(&h->v[i + 1], &h->v[i], (h->n - i) * sizeof(h->v[0]));
	h->v[i].e = *e;
	h->v[i].e.json = mem_dup(e->json, e->len);
	h->n++;
}

/* The next event in order, for everybody who hears this log. */
static void
take(struct hub *hub, struct hub_log *log, const struct hub_event *e)
{
	hub_before(hub, log, e);
	hub_fan_add(hub, log, e);
	log->seq = e->seq;
	hub_after(hub, log, e);
}

/* Takes what has waited for log->seq to arrive where it is. */
static void
drain_held(struct hub *hub, struct hub_log *log)
{
	struct hub_held *h = log->held;
	size_t i;

	for (i = 0; i < h->n && h->v[i].e.seq <= log->seq + 1; i++)
		if (h->v[i].e.seq == log->seq + 1)
			take(hub, log, &h->v[i].e);
	for (size_t k = 0; k < i; k++)
		free((void *)(uintptr_t)h->v[k].e.json);
	h->n -= i;
	memmove(&h->v[0], &h->v[i], h->n * sizeof(h->v[0]));
	if (h->n == 0)
		held_free(log);
}

void
hub_log_put(struct hub *hub, struct hub_log *log, const struct hub_event *e)
{
	if (!(log->flags & LOG_KNOWN)) {
		hold(log, e);
		return;
	}
	if (e->seq <= log->seq)
		return;
	if (e->seq > log->seq + 1) {
		hold(log, e);
		hub_log_gap(hub, log, e->seq - 1);
		return;
	}
	take(hub, log, e);
	if (log->held != NULL)
		drain_held(hub, log);
}

void
hub_log_known(struct hub *hub, struct hub_log *log, uint64_t seq)
{
	if (log->flags & LOG_KNOWN)
		return;
	log->seq = log->flushed = seq;
	log->flags |= LOG_KNOWN;
	if (log->held != NULL)
		drain_held(hub, log);
	if (log->held != NULL)
		hub_log_gap(hub, log, log->held->v[0].e.seq - 1);
	hub_log_poll(hub, log);
}

/* --- gaps --- */

static void gap_timer(void *arg);

static void
gap_add(struct hub *hub, const struct hub_gap *gap)
{
	if (hub->ngaps == hub->gaps_cap) {
		hub->gaps_cap = hub->gaps_cap == 0 ? 8 : hub->gaps_cap * 2;
		hub->gaps = mem_reallocarray(
		    hub->gaps, hub->gaps_cap, sizeof(hub->gaps[0]));
	}
	hub->gaps[hub->ngaps++] = *gap;
	if (hub->gap_timer == NULL)
		hub->gap_timer = loop_timer_new(
		    hub->chat->loop, GAP_WAIT_MS / 2, true, gap_timer, hub);
}

static void
gap_in(struct hub *hub, struct hub_log *log, uint64_t target, uint32_t ms)
{
	struct hub_gap gap = { .id = log->id,
		.self = log->self,
		.target = target,
		.due_ms = clock_mono_ms() + ms };

	if (log->flags & (LOG_GAP | LOG_REPAIRING))
		return; /* the repair reads on to the end */
	log->flags |= LOG_GAP;
	gap_add(hub, &gap);
}

void
hub_log_gap(struct hub *hub, struct hub_log *log, uint64_t target)
{
	gap_in(hub, log, target, GAP_WAIT_MS);
}

/* One read of missing events; the log is looked up again afterwards, since it
 * may be gone by then, or another of the same id. So an answer is taken whether
 * one is waited for or not: the one before may have been an older log's. */
struct repair {
	struct hub *hub;
	struct id id;
	bool self;
	uint64_t from;
	struct event_list events;
	int rc;
	struct err err;
};

static void
repair_work(struct db *db, void *arg)
{
	struct repair *r = arg;

	r->rc = db_events(db, &r->id, r->from, UINT64_MAX, REPAIR_PAGE,
	    REPAIR_BYTES, &r->events, &r->err);
}

static void
repair_put(struct repair *r, struct hub_log *log)
{
	struct buf json = { 0 };
	struct hub_event e;

	for (size_t i = 0; i < r->events.n; i++) {
		buf_clear(&json);
		if (r->events.v[i].seq == log->seq + 1)
			atomic_fetch_add(r->hub->chat->c.counters.repaired, 1);
		hub_event_of(&e, &r->events.v[i], &json);
		hub_log_put(r->hub, log, &e);
	}
	buf_free(&json);
}

static void
repair_done(void *arg)
{
	struct repair *r = arg;
	struct hub_log *log = hub_log_find(r->hub, &r->id, r->self);

	if (log != NULL && (log->flags & LOG_KNOWN)) {
		log->flags &= (uint8_t)~LOG_REPAIRING;
		repair_put(r, log);
		if (r->rc == -1)
			gap_in(r->hub, log, log->seq + 1, RETRY_MS);
		else if (r->events.n > 0)
			/* a full page, or more came meanwhile: look again */
			gap_in(r->hub, log, log->seq + 1, 0);
		else if (log->held != NULL)
			gap_in(
			    r->hub, log, log->held->v[0].e.seq - 1, RETRY_MS);
	}
	event_list_free(&r->events);
	free(r);
}

static void
repair_start(struct hub *hub, struct hub_log *log)
{
	struct repair *r;

	MEM_NEW(r);
	r->hub = hub;
	r->id = log->id;
	r->self = log->self;
	r->from = log->seq + 1;
	log->flags |= LOG_REPAIRING;
	store_read(hub->chat->store, repair_work, repair_done, r);
}

static void
gap_timer(void *arg)
{
	struct hub *hub = arg;
	uint64_t now = clock_mono_ms();
	struct hub_log *log;
	size_t kept = 0;

	for (size_t i = 0; i < hub->ngaps; i++) {
		struct hub_gap gap = hub->gaps[i];

		if (gap.due_ms > now) {
			hub->gaps[kept++] = gap;
			continue;
		}
		log = hub_log_find(hub, &gap.id, gap.self);
		if (log == NULL || !(log->flags & LOG_GAP))
			continue;
		log->flags &= (uint8_t)~LOG_GAP;
		if (log->seq < gap.target)
			repair_start(hub, log);
		else if (log->held != NULL)
			hub_log_gap(hub, log, log->held->v[0].e.seq - 1);
	}
	hub->ngaps = kept;
	if (kept == 0)
		loop_timer_free(&hub->gap_timer);
}
