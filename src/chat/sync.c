/* chat/sync.c - resume: pages from the store up to where the live stream is,
 * then over to it without a gap or a repetition. */
#include "chat/sync.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "chat/hub_private.h"
#include "chat/sync_private.h"

#define QUEUE_LOW (64 * 1024) /* no new page while more than this waits */

static struct sync *
sync_of(struct device *dev)
{
	if (dev->sync == NULL)
		MEM_NEW(dev->sync);
	return dev->sync;
}

/* Where the first of id is, or belongs. */
static size_t
position(const struct sync *s, const struct id *id)
{
	size_t lo = 0, hi = s->n, mid;

	while (lo < hi) {
		mid = (lo + hi) / 2;
		if (id_cmp(&s->v[mid].id, id) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

struct sync_entry *
sync_find(struct sync *s, const struct id *id)
{
	size_t i = position(s, id);

	return i < s->n && id_eq(&s->v[i].id, id) ? &s->v[i] : NULL;
}

/* Behind the last of id. */
static size_t
position_behind(const struct sync *s, const struct id *id)
{
	size_t i = position(s, id);

	while (i < s->n && id_eq(&s->v[i].id, id))
		i++;
	return i;
}

struct sync_entry *
sync_find_live(struct sync *s, const struct id *id)
{
	size_t i = position_behind(s, id);

	return i > 0 && id_eq(&s->v[i - 1].id, id) && s->v[i - 1].last == LIVE
		   ? &s->v[i - 1]
		   : NULL;
}

static struct hub_log *
log_of(struct device *dev, const struct sync_entry *e)
{
	/* There is one, so v is not NULL.
	 * NOLINTNEXTLINE(clang-analyzer-core.NullDereference) */
	return hub_log_find(dev->chat->hub, &e->id, e->self);
}

/* The log need not keep anything for it any more. */
static void
leave_log(struct device *dev, const struct sync_entry *e)
{
	struct hub_log *log = e->last == LIVE ? log_of(dev, e) : NULL;

	if (log == NULL)
		return;
	log->syncers--;
	if (log->syncers == 0)
		hub_tail_free(log);
}

void
sync_drop(struct device *dev, struct sync_entry *e)
{
	struct sync *s = dev->sync;

	leave_log(dev, e);
	memmove(e, e + 1, (size_t)(&s->v[s->n] - (e + 1)) * sizeof(*e));
	s->n--;
}

/* --- steps, never from inside a call of the hub --- */

static void
kicked(void *arg)
{
	struct device *dev = arg;

	if (dev->sync != NULL) {
		dev->sync->kicked = false;
		sync_step(dev);
	}
	device_unref(dev);
}

void
sync_kick(struct device *dev)
{
	struct sync *s = dev->sync;

	if (!s->started || s->kicked)
		return;
	s->kicked = true;
	loop_defer(dev->chat->loop, kicked, device_ref(dev));
}

static void
add(struct device *dev, struct hub_log *log, uint64_t next, bool untold)
{
	struct sync *s;
	size_t i;

	if (next == log->flushed + 1 && !untold &&
	    (dev->sync == NULL || sync_find(dev->sync, &log->id) == NULL))
		return; /* it is there already */
	s = sync_of(dev);
	if (sync_find_live(s, &log->id) != NULL)
		return;
	i = position_behind(s, &log->id);
	if (s->n == s->cap) {
		s->cap = s->cap == 0 ? 8 : s->cap * 2;
		s->v = mem_reallocarray(s->v, s->cap, sizeof(s->v[0]));
	}
	memmove(&s->v[i + 1], &s->v[i], (s->n - i) * sizeof(s->v[0]));
	s->v[i] = (struct sync_entry){ .id = log->id,
		.next = next,
		.last = LIVE,
		.self = log->self,
		.untold = untold };
	s->n++;
	log->syncers++;
	if (dev->flags & DEVICE_READY) {
		s->started = true;
		sync_kick(dev);
	}
}

void
sync_add(struct device *dev, struct hub_log *log, uint64_t next)
{
	add(dev, log, next, false);
}

void
sync_add_untold(struct device *dev, struct hub_log *log, uint64_t joined)
{
	add(dev, log, joined, true);
}

void
sync_list_from(struct device *dev, const struct room_pos *pos)
{
	struct sync *s = sync_of(dev);

	s->listing = true;
	s->pos = *pos;
}

void
sync_listed(struct device *dev, const struct id *room, uint64_t seq)
{
	struct sync_entry *e;

	if (dev->sync == NULL || (e = sync_find_live(dev->sync, room)) == NULL)
		return;
	if (e->next == SYNC_UNLISTED)
		e->next = seq + 1;
}

void
sync_told(struct device *dev, const struct id *room, uint64_t joined)
{
	struct sync *s = dev->sync;

	if (s == NULL)
		return;
	for (size_t i = position(s, room); i < s->n && id_eq(&s->v[i].id, room);
	     i++)
		if (s->v[i].untold && s->v[i].next <= joined) {
			s->v[i].untold = false;
			sync_kick(dev);
		}
}

void
sync_start(struct device *dev)
{
	sync_of(dev)->started = true;
	sync_step(dev);
}

bool
sync_holds(struct device *dev, const struct hub_log *log)
{
	if (sync_find(dev->sync, &log->id) == NULL)
		return false;
	sync_kick(dev);
	return true;
}

void
sync_end(struct device *dev, struct hub_log *log, uint64_t last)
{
	struct sync_entry *e;

	if (dev->sync == NULL ||
	    (e = sync_find_live(dev->sync, &log->id)) == NULL)
		return;
	if (e->next > last) { /* also what was not listed yet */
		sync_drop(dev, e);
	} else {
		leave_log(dev, e);
		e->last = last;
	}
	sync_kick(dev);
}

void
sync_drained(struct device *dev)
{
	if (dev->sync != NULL && dev->sync->started)
		sync_kick(dev);
}

void
sync_free(struct device *dev)
{
	struct sync *s = dev->sync;

	if (s == NULL)
		return;
	while (s->n > 0)
		sync_drop(dev, &s->v[s->n - 1]);
	loop_timer_free(&s->again);
	free(s->v);
	free(s);
	dev->sync = NULL;
}

/* --- one entry after the other --- */

/* The same of a membership that is over; all of it is stored. */
static bool
advance_over(struct device *dev, struct sync_entry *e)
{
	if (e->next <= e->last) {
		sync_read_events(dev, e, e->last, NULL);
		return true;
	}
	sync_drop(dev, e);
	return false;
}

/* Moves one entry on. True: a read was begun. */
static bool
advance(struct device *dev, struct sync_entry *e)
{
	struct hub_log *log;

	if (e->untold)
		return false;
	if (e->last != LIVE)
		return advance_over(dev, e);
	log = log_of(dev, e);
	if (log != NULL && e->next == SYNC_UNLISTED) {
		/* all pages were listed; it moved from page to page */
		sync_read_rooms(dev, &e->id);
		return true;
	}
	if (log == NULL || e->next == log->flushed + 1 ||
	    (e->next <= log->flushed && hub_tail_send(log, e->next, dev))) {
		sync_drop(dev, e);
		return false;
	}
	if (e->next > log->flushed) {
		hub_log_poll(dev->chat->hub, log); /* the hub is behind */
		return false;
	}
	if (hub_tail_filling(log, e->next))
		return false; /* another reads it; then it goes on */
	sync_read_events(dev, e, log->flushed, log);
	return true;
}

static void
finish(struct device *dev)
{
	static const char synced[] = "{\"sig\":\"synced\"}";

	sync_free(dev);
	wsconn_text(&dev->ws, synced, sizeof(synced) - 1);
}

/* Each log's first entry, from the last log on. True: a read was begun. */
static bool
advance_all(struct device *dev)
{
	struct sync *s = dev->sync;
	size_t i = s->n; /* behind the log's last entry */

	while (i > 0) {
		size_t first = position(s, &s->v[i - 1].id), n = s->n;

		/* There is one, so v is not NULL.
		 * NOLINTNEXTLINE(clang-analyzer-core.NullDereference) */
		if (advance(dev, &s->v[first]))
			return true;
		i = s->n < n ? i - 1 : first;
	}
	return false;
}

void
sync_step(struct device *dev)
{
	struct sync *s = dev->sync;

	if (!s->started || s->reading || s->again != NULL ||
	    dev->flags & DEVICE_CLOSED || wsconn_queued(&dev->ws) > QUEUE_LOW)
		return;
	if (s->listing) {
		sync_read_rooms(dev, NULL);
		return;
	}
	if (!advance_all(dev) && s->n == 0)
		finish(dev);
}
