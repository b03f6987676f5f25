/* chat/sync.c - resume: pages from the store up to where the live stream is,
 * then over to it without a gap or a repetition. */
#include "chat/sync.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "chat/hub_private.h"
#include "chat/room_list.h"
#include "ws/frame.h"

#define PAGE_EVENTS 200
#define PAGE_BYTES  (64 * 1024)
#define QUEUE_LOW   (64 * 1024) /* no new page while more than this waits */
#define RETRY_MS    200

/* What is heard of one log, or of a room during one membership that is over. */
struct sync_entry {
	struct id id;
	uint64_t next; /* the first event not sent yet */
	uint64_t last; /* the last one to be sent; LIVE: then it is heard live
			*/
	bool self;
	bool untold; /* not yet: of the membership that began with next */
};

#define LIVE UINT64_MAX

struct sync {
	size_t n, cap;
	struct sync_entry *v; /* by id, then by time; only the last is live */
	struct room_pos pos;  /* pages of rooms go on behind it */
	struct loop_timer *again;
	bool listing; /* there are more pages of rooms */
	bool started;
	bool reading; /* a read is under way */
	bool kicked;  /* a step is due at the next turn */
};

static void step(struct device *dev);

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

static struct sync_entry *
find(struct sync *s, const struct id *id)
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

static struct sync_entry *
find_live(struct sync *s, const struct id *id)
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

	if (log != NULL && --log->syncers == 0)
		hub_tail_free(log);
}

static void
drop_entry(struct device *dev, struct sync_entry *e)
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
		step(dev);
	}
	device_unref(dev);
}

static void
kick(struct device *dev)
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
	    (dev->sync == NULL || find(dev->sync, &log->id) == NULL))
		return; /* it is there already */
	s = sync_of(dev);
	if (find_live(s, &log->id) != NULL)
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
		kick(dev);
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

	if (dev->sync == NULL || (e = find_live(dev->sync, room)) == NULL)
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
			kick(dev);
		}
}

void
sync_start(struct device *dev)
{
	sync_of(dev)->started = true;
	step(dev);
}

bool
sync_holds(struct device *dev, const struct hub_log *log)
{
	if (find(dev->sync, &log->id) == NULL)
		return false;
	kick(dev);
	return true;
}

void
sync_end(struct device *dev, struct hub_log *log, uint64_t last)
{
	struct sync_entry *e;

	if (dev->sync == NULL || (e = find_live(dev->sync, &log->id)) == NULL)
		return;
	if (e->next > last) { /* also what was not listed yet */
		drop_entry(dev, e);
	} else {
		leave_log(dev, e);
		e->last = last;
	}
	kick(dev);
}

void
sync_drained(struct device *dev)
{
	if (dev->sync != NULL && dev->sync->started)
		kick(dev);
}

void
sync_free(struct device *dev)
{
	struct sync *s = dev->sync;

	if (s == NULL)
		return;
	while (s->n > 0)
		drop_entry(dev, &s->v[s->n - 1]);
	loop_timer_free(&s->again);
	free(s->v);
	free(s);
	dev->sync = NULL;
}

/* --- reads --- */

/* One page: of rooms (list), or of the events of one log. */
struct page {
	struct device *dev;
	struct id id;
	struct room_list list; /* a page of rooms, or one room */
	bool self, rooms, one;
	uint64_t from, to, last;
	struct buf frames;
	int rc;
	struct err err;
};

static void
page_free(struct page *p)
{
	device_unref(p->dev);
	room_list_free(&p->list);
	buf_free(&p->frames);
	free(p);
}

static void
events_work(struct db *db, void *arg)
{
	struct page *p = arg;
	struct event_list l = { 0 };
	struct buf json = { 0 };

	p->rc = db_events(
	    db, &p->id, p->from, p->to, PAGE_EVENTS, PAGE_BYTES, &l, &p->err);
	for (size_t i = 0; p->rc == 0 && i < l.n; i++) {
		buf_clear(&json);
		event_json(&json, &l.v[i]);
		ws_frame(&p->frames, WS_TEXT, json.data, json.len);
		p->last = l.v[i].seq;
	}
	buf_free(&json);
	event_list_free(&l);
}

static void
rooms_work(struct db *db, void *arg)
{
	struct page *p = arg;
	struct buf json = { 0 };

	if (p->one)
		p->rc =
		    room_list_one(db, &p->dev->id, &p->id, &p->list, &p->err);
	else
		p->rc = room_list_page(db, &p->dev->id, &p->list, &p->err);
	if (p->rc == -1)
		return;
	json_open(&json, '{');
	json_kstr(&json, "sig", "rooms");
	json_kraw(&json, "rooms", p->list.json.data, p->list.json.len);
	json_kbool(&json, "more", p->list.more);
	json_close(&json, '}');
	ws_frame(&p->frames, WS_TEXT, json.data, json.len);
	buf_free(&json);
}

static void
send_frames(struct device *dev, const struct buf *frames)
{
	struct chunk *c = chunk_new(frames->data, frames->len);

	wsconn_share(&dev->ws, c);
	chunk_unref(c);
}

static void
again(void *arg)
{
	struct device *dev = arg;

	loop_timer_free(&dev->sync->again);
	step(dev);
}

static void
try_later(struct device *dev)
{
	dev->sync->again =
	    loop_timer_new(dev->chat->loop, RETRY_MS, false, again, dev);
}

static void
page_done(void *arg)
{
	struct page *p = arg;
	struct device *dev = p->dev;
	struct sync *s = dev->sync;
	struct sync_entry *e;

	if (s == NULL || dev->flags & DEVICE_CLOSED)
		goto out;
	s->reading = false;
	if (p->rc == -1) {
		try_later(dev);
		goto out;
	}
	if (p->rooms) {
		send_frames(dev, &p->frames);
		s->listing = p->one ? s->listing : p->list.more;
		s->pos = p->list.pos;
		for (size_t i = 0; i < p->list.n; i++)
			sync_listed(dev, &p->list.v[i].id, p->list.v[i].seq);
		if (p->one && p->list.n == 0 &&
		    (e = find_live(s, &p->id)) != NULL)
			drop_entry(dev, e);
	} else if ((e = find(s, &p->id)) != NULL && e->next == p->from &&
		   p->last >= p->from) {
		send_frames(dev, &p->frames);
		e->next = p->last + 1;
	} else if (e != NULL && e->next == p->from) {
		/* not to be seen yet */
		try_later(dev);
		goto out;
	}
	step(dev);
out:
	page_free(p);
}

static void
read_page(struct device *dev, struct page *p)
{
	p->dev = device_ref(dev);
	dev->sync->reading = true;
	store_read(dev->chat->store, p->rooms ? rooms_work : events_work,
	    page_done, p);
}

static void
read_rooms(struct device *dev, const struct id *one)
{
	struct page *p;

	MEM_NEW(p);
	p->rooms = true;
	p->list.pos = dev->sync->pos;
	if (one != NULL) {
		p->one = true;
		p->id = *one;
	}
	read_page(dev, p);
}

static void
read_events(struct device *dev, const struct sync_entry *e, uint64_t to)
{
	struct page *p;

	MEM_NEW(p);
	p->id = e->id;
	p->self = e->self;
	p->from = e->next;
	p->to = to;
	read_page(dev, p);
}

/* The same of a membership that is over; all of it is stored. */
static bool
advance_over(struct device *dev, struct sync_entry *e)
{
	if (e->next <= e->last) {
		read_events(dev, e, e->last);
		return true;
	}
	drop_entry(dev, e);
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
		read_rooms(dev, &e->id);
		return true;
	}
	if (log == NULL || e->next == log->flushed + 1 ||
	    (e->next <= log->flushed && hub_tail_send(log, e->next, dev))) {
		drop_entry(dev, e);
		return false;
	}
	if (e->next > log->flushed) {
		hub_log_poll(dev->chat->hub, log); /* the hub is behind */
		return false;
	}
	read_events(dev, e, log->flushed);
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

		if (advance(dev, &s->v[first]))
			return true;
		i = s->n < n ? i - 1 : first;
	}
	return false;
}

static void
step(struct device *dev)
{
	struct sync *s = dev->sync;

	if (!s->started || s->reading || s->again != NULL ||
	    dev->flags & DEVICE_CLOSED || wsconn_queued(&dev->ws) > QUEUE_LOW)
		return;
	if (s->listing) {
		read_rooms(dev, NULL);
		return;
	}
	if (!advance_all(dev) && s->n == 0)
		finish(dev);
}
