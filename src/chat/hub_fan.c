/* chat/hub_fan.c - from a log to the devices that hear it.
 *
 * All events that a log took in one turn of the loop become one chunk of
 * WebSocket frames, which every device's queue shares: however many events
 * there are, a device costs one queue entry and one write per turn. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "chat/hub_event.h"
#include "chat/hub_private.h"
#include "chat/sync.h"
#include "ws/frame.h"

#define TAIL_MAX 1024 /* events kept for those who catch up */

/* What was taken since somebody began to catch up, and what was read of before
 * that, by rising seq, without a hole. */
struct hub_tail {
	size_t n, cap;
	struct tail_event {
		uint64_t seq;
		struct chunk *frame;
	} * v;
	const void *filler; /* reads what is before, from this event on */
	uint64_t fill_from;
	bool too_far; /* a page does not reach up to it: each reads its own */
};

void
hub_tail_free(struct hub_log *log)
{
	struct hub_tail *t = log->tail;

	if (t == NULL)
		return;
	for (size_t i = 0; i < t->n; i++)
		chunk_unref(t->v[i].frame);
	free(t->v);
	free(t);
	log->tail = NULL;
}

static void
tail_add(struct hub_log *log, uint64_t seq, const void *frame, size_t len)
{
	struct hub_tail *t = log->tail;

	if (t != NULL && t->n == TAIL_MAX) {
		/* who catches up has to read on in the store */
		hub_tail_free(log);
		t = NULL;
	}
	if (t == NULL)
		log->tail = MEM_NEW(t);
	if (t->n == t->cap) {
		t->cap = t->cap == 0 ? 16 : t->cap * 2;
		t->v = mem_reallocarray(t->v, t->cap, sizeof(t->v[0]));
	}
	t->v[t->n].seq = seq;
	t->v[t->n].frame = chunk_new(frame, len);
	t->n++;
}

bool
hub_tail_fill(struct hub_log *log, uint64_t from, const void *filler)
{
	if (log->tail == NULL)
		MEM_NEW(log->tail);
	if (log->tail->filler != NULL || log->tail->too_far)
		return false;
	log->tail->filler = filler;
	log->tail->fill_from = from;
	return true;
}

bool
hub_tail_filling(const struct hub_log *log, uint64_t next)
{
	const struct hub_tail *t = log->tail;

	return t != NULL && t->filler != NULL && t->fill_from <= next;
}

void
hub_tail_filled(struct hub_log *log, const void *filler, uint64_t from,
    const struct buf *frames, const size_t *ends, size_t n)
{
	struct hub_tail *t = log->tail;
	uint64_t first;
	size_t more;

	if (t == NULL || t->filler != filler)
		return;
	t->filler = NULL;
	first = t->n > 0 ? t->v[0].seq : log->flushed + 1;
	t->too_far =
	    n > 0 && (from + n < first ||
			 (first > from && first - from > TAIL_MAX - t->n));
	if (t->too_far || n == 0 || first <= from)
		return;
	more = (size_t)(first - from);
	t->cap = t->n + more;
	t->v = mem_reallocarray(t->v, t->cap, sizeof(t->v[0]));
	memmove(t->v + more, t->v, t->n * sizeof(t->v[0]));
	for (size_t i = 0, at = 0; i < more; at = ends[i++])
		t->v[i] = (struct tail_event){ from + i,
			chunk_new(frames->data + at, ends[i] - at) };
	t->n = t->cap;
}

bool
hub_tail_send(struct hub_log *log, uint64_t next, struct device *dev)
{
	struct hub_tail *t = log->tail;

	if (t == NULL || t->n == 0 || t->v[0].seq > next)
		return false;
	for (size_t i = 0; i < t->n; i++)
		if (t->v[i].seq >= next && t->v[i].seq <= log->flushed)
			wsconn_share(&dev->ws, t->v[i].frame);
	return true;
}

void
hub_fan_add(struct hub *hub, struct hub_log *log, const struct hub_event *e)
{
	size_t at;

	if (log->turn == NULL)
		MEM_NEW(log->turn);
	at = log->turn->len;
	ws_frame(log->turn, WS_TEXT, e->json, e->len);
	if (log->syncers > 0)
		tail_add(
		    log, e->seq, log->turn->data + at, log->turn->len - at);
	hub_mark_dirty(hub, log);
}

/* To one person's devices; returns how many. */
static unsigned
to_user(struct hub_user *u, struct hub_log *log, struct chunk *frames)
{
	struct device *dev;
	unsigned n = 0;

	SLIST_FOREACH(dev, &u->devices, of_user) {
		if (dev->sync != NULL && sync_holds(dev, log))
			continue;
		wsconn_share(&dev->ws, frames);
		n++;
	}
	return n;
}

void
hub_fan_flush(struct hub *hub, struct hub_log *log)
{
	struct hub_room *room = log->self ? NULL : hub_log_room(log);
	struct chunk *frames;
	uint64_t n = 0;

	if (log->turn == NULL)
		return;
	frames = chunk_new(log->turn->data, log->turn->len);
	buf_free(log->turn);
	free(log->turn);
	log->turn = NULL;
	if (room == NULL)
		n = to_user(hub_log_user(log), log, frames);
	else
		for (uint32_t i = 0; i < room->nusers; i++)
			n += to_user(room->users[i], log, frames);
	atomic_fetch_add(
	    hub->chat->c.counters.delivered, n * (log->seq - log->flushed));
	log->flushed = log->seq;
	chunk_unref(frames);
}

void
hub_commit(struct hub *hub, const struct event *ev)
{
	struct hub_log *log =
	    hub_log_find(hub, &ev->room, event_kind_is_self(ev->kind));
	struct buf json = { 0 }, data = { 0 };
	struct hub_event e;
	struct bus_msg m = {
		.type = BUS_EVENT, .topic = ev->room, .n = ev->seq
	};

	hub_event_of(&e, ev, &json);
	hub_event_pack(&data, &e);
	m.data = data.data;
	m.len = data.len;
	bus_publish(hub->chat->bus, &m);
	if (log != NULL)
		hub_log_put(hub, log, &e);
	buf_free(&json);
	buf_free(&data);
}

void
hub_commit_list(struct hub *hub, const struct event_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		hub_commit(hub, &l->v[i]);
}

void
hub_on_event(struct hub *hub, const struct bus_msg *m)
{
	struct hub_event e;
	struct hub_log *log;

	if (!hub_event_unpack(&e, m))
		return;
	log = hub_log_find(hub, &m->topic, event_kind_is_self(e.kind));
	if (log != NULL)
		hub_log_put(hub, log, &e);
}

/* Once between two calls of hub_signal_begin. */
static void
signal_devices(struct hub *hub, struct hub_user *u, const struct buf *json)
{
	struct device *dev;

	SLIST_FOREACH(dev, &u->devices, of_user) {
		if (dev->told == hub->stamp)
			continue;
		dev->told = hub->stamp;
		device_send(dev, json);
	}
}

void
hub_signal_user(struct hub *hub, const struct id *user, const struct buf *json)
{
	struct hub_user *u = hub_user_find(hub, user);

	if (u != NULL)
		signal_devices(hub, u, json);
}

void
hub_send_user(struct hub *hub, const struct id *user, struct chunk *frames)
{
	struct hub_user *u = hub_user_find(hub, user);
	struct device *dev;

	if (u == NULL)
		return;
	SLIST_FOREACH(dev, &u->devices, of_user)
		wsconn_share(&dev->ws, frames);
}

void
hub_signal_room(struct hub *hub, const struct id *id, const struct buf *json,
    const struct id *except)
{
	struct hub_room *room = hub_room_find(hub, id);

	if (room == NULL)
		return;
	for (uint32_t i = 0; i < room->nusers; i++)
		if (except == NULL || !id_eq(&room->users[i]->log.id, except))
			signal_devices(hub, room->users[i], json);
}

void
hub_signal_begin(struct hub *hub)
{
	hub->stamp++;
}
