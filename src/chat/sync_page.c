/* chat/sync_page.c - pages of rooms and of events, read for a device that
 * catches up. */
#include <stdlib.h>

#include "base/json.h"
#include "base/mem.h"
#include "chat/hub_private.h"
#include "chat/room_list.h"
#include "chat/sync_private.h"
#include "ws/frame.h"

#define PAGE_EVENTS 200
#define PAGE_BYTES  (64 * 1024)
#define RETRY_MS    200

/* One page: of rooms (list), or of the events of one log. */
struct page {
	struct device *dev;
	struct id id;
	struct room_list list; /* a page of rooms, or one room */
	bool self, rooms, one;
	bool shared; /* others who catch up in the log wait for it, too */
	uint64_t from, to;
	struct buf frames;
	size_t n, ends[PAGE_EVENTS]; /* of events: where their frames end */
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
		p->ends[p->n++] = p->frames.len;
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
	sync_step(dev);
}

static void
try_later(struct device *dev)
{
	dev->sync->again =
	    loop_timer_new(dev->chat->loop, RETRY_MS, false, again, dev);
}

/* What was read for this device may serve others; those who waited go on. */
static void
share(struct page *p)
{
	struct hub_room *room = hub_room_find(p->dev->chat->hub, &p->id);
	struct device *dev;

	if (room == NULL)
		return;
	hub_tail_filled(&room->log, p, p->from, &p->frames, p->ends, p->n);
	for (uint32_t i = 0; i < room->nusers; i++)
		SLIST_FOREACH(dev, &room->users[i]->devices, of_user)
			if (dev != p->dev && dev->sync != NULL)
				sync_holds(dev, &room->log);
}

static void
page_done(void *arg)
{
	struct page *p = arg;
	struct device *dev = p->dev;
	struct sync *s = dev->sync;
	struct sync_entry *e;

	if (p->shared)
		share(p);
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
		    (e = sync_find_live(s, &p->id)) != NULL)
			sync_drop(dev, e);
	} else if ((e = sync_find(s, &p->id)) != NULL && e->next == p->from &&
		   p->n > 0) {
		send_frames(dev, &p->frames);
		e->next = p->from + p->n;
	} else if (e != NULL && e->next == p->from) {
		/* not to be seen yet */
		try_later(dev);
		goto out;
	}
	sync_step(dev);
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

void
sync_read_rooms(struct device *dev, const struct id *one)
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

void
sync_read_events(struct device *dev, const struct sync_entry *e, uint64_t to,
    struct hub_log *log)
{
	struct page *p;

	MEM_NEW(p);
	p->id = e->id;
	p->self = e->self;
	p->from = e->next;
	p->to = to;
	p->shared = log != NULL && !log->self && hub_tail_fill(log, e->next, p);
	read_page(dev, p);
}
