/* chat/renew.c - renewing the sessions of devices that stay connected. */

#include "chat/renew.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "chat/auth.h"
#include "chat/hub.h"

#define BATCH 500

struct batch {
	size_t n;
	uint64_t now;
	struct session_key keys[BATCH];
};

struct renew {
	struct chat *chat;
	struct loop_timer *timer;
};

static void
work(struct db *db, void *arg)
{
	struct batch *b = arg;
	struct err err = { 0 };

	if (db_sessions_touch(db, b->keys, b->n, b->now,
		b->now + AUTH_SESSION_MS, &err) == -1)
		log_warn("sessions not renewed", "error=\"%s\"", err.text);
}

/* What is gathered, and into what. */
struct walk {
	struct chat *chat;
	struct batch *b;
};

static void
flush(struct walk *w)
{
	if (w->b != NULL)
		store_write(w->chat->store, work, free, w->b);
	w->b = NULL;
}

static void
add(struct walk *w, const struct device *dev)
{
	if (w->b == NULL) {
		MEM_NEW(w->b);
		w->b->now = clock_wall_ms();
	}
	w->b->keys[w->b->n].user = dev->id;
	w->b->keys[w->b->n++].session = dev->session;
	if (w->b->n == BATCH)
		flush(w);
}

static void
one(struct hub_user *u, void *arg)
{
	const struct device *dev;

	SLIST_FOREACH(dev, &u->devices, of_user)
		add(arg, dev);
}

void
renew_sessions(struct chat *chat)
{
	struct walk w = { .chat = chat };

	hub_each_user(chat->hub, one, &w);
	flush(&w);
}

static void
on_timer(void *arg)
{
	struct renew *r = arg;

	renew_sessions(r->chat);
}

struct renew *
renew_new(struct chat *chat)
{
	struct renew *r;

	MEM_NEW(r);
	r->chat = chat;
	r->timer = loop_timer_new(chat->loop, AUTH_TOUCH_MS, true, on_timer, r);
	return r;
}

void
renew_free(struct renew **r)
{
	if (*r == NULL)
		return;
	loop_timer_free(&(*r)->timer);
	free(*r);
	*r = NULL;
}
