/* chat/presence_tell.c - tells the devices here who came and who went.
 *
 * Somebody who comes alone is told at once. When many come together (a server
 * was restarted, a lesson begins), a write for every pair of them would be most
 * of the work: what changes is then collected for half a second, and each
 * device gets all that concerns it in one piece, some hundred of them in a
 * turn. */
#include <stdlib.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "chat/hub_private.h"
#include "chat/presence_private.h"
#include "ws/frame.h"

#define TELL_EVERY_MS 500
#define TELL_TURN     256 /* people told in one turn of the loop */

/* Somebody's last change that is not told yet. */
struct change {
	struct id id;
	bool online;
	uint64_t at; /* ms, wall clock */
	uint32_t nrooms;
	struct id *rooms;
};

/* To be told to one person: a frame in teller.frames. */
struct telling {
	struct id to;
	uint32_t at, len;
};

struct teller {
	struct chat *chat;
	struct map changes; /* struct change */
	struct loop_timer *timer;
	uint64_t last_ms;
	struct buf frames; /* of the round that is under way */
	struct telling *v;
	size_t n, cap, done; /* v[done..n) still to be told */
};

static void round_begin(void *arg);
static void round_go_on(void *arg);

struct teller *
teller_new(struct chat *chat)
{
	struct teller *t;

	MEM_NEW(t);
	t->chat = chat;
	map_init(&t->changes, struct change, id);
	return t;
}

static void
change_free(struct change *c)
{
	free(c->rooms);
	free(c);
}

static void
forget_changes(struct teller *t)
{
	struct change *c;

	for (size_t i = 0; (c = map_next(&t->changes, &i)) != NULL;)
		change_free(c);
	map_free(&t->changes);
}

static void
round_end(struct teller *t)
{
	free(t->v);
	buf_free(&t->frames);
	t->v = NULL;
	t->n = t->cap = t->done = 0;
}

void
teller_free(struct teller **tp)
{
	struct teller *t = *tp;

	if (t == NULL)
		return;
	loop_timer_free(&t->timer);
	loop_forget(t->chat->loop, round_go_on, t);
	round_end(t);
	forget_changes(t);
	free(t);
	*tp = NULL;
}

/* Unless a round is set or under way. */
static void
set_round(struct teller *t)
{
	uint64_t now = clock_mono_ms(), due = t->last_ms + TELL_EVERY_MS;

	if (t->timer != NULL || t->n > 0)
		return;
	t->timer = loop_timer_new(t->chat->loop,
	    due > now ? (uint32_t)(due - now) : 0, false, round_begin, t);
}

void
teller_add(struct teller *t, const struct id *user, bool online,
    const struct id *rooms, size_t n)
{
	struct change *c = map_remove(&t->changes, user);

	if (c != NULL)
		change_free(c);
	MEM_NEW(c);
	c->id = *user;
	c->online = online;
	c->at = clock_wall_ms();
	c->nrooms = (uint32_t)n;
	c->rooms = mem_dup(rooms, n * sizeof(rooms[0]));
	map_put(&t->changes, c);
	set_round(t);
}

static void
telling_add(struct teller *t, const struct id *to, size_t at)
{
	if (t->n == t->cap) {
		t->cap = t->cap == 0 ? 64 : t->cap * 2;
		t->v = mem_reallocarray(t->v, t->cap, sizeof(t->v[0]));
	}
	t->v[t->n].to = *to;
	t->v[t->n].at = (uint32_t)at;
	t->v[t->n++].len = (uint32_t)(t->frames.len - at);
}

/* c's frame, and who shall get it: everyone in its rooms but c. */
static void
collect(struct teller *t, const struct change *c)
{
	size_t at = t->frames.len;
	struct hub_room *room;
	struct buf json = { 0 };

	json_open(&json, '{');
	json_kstr(&json, "sig", "presence");
	json_kid(&json, "user", &c->id);
	json_kbool(&json, "online", c->online);
	json_ku64(&json, "last_seen", c->at);
	json_close(&json, '}');
	ws_frame(&t->frames, WS_TEXT, json.data, json.len);
	buf_free(&json);
	for (uint32_t r = 0; r < c->nrooms; r++) {
		room = hub_room_find(t->chat->hub, &c->rooms[r]);
		for (uint32_t i = 0; room != NULL && i < room->nusers; i++)
			if (!id_eq(&room->users[i]->log.id, &c->id))
				telling_add(t, &room->users[i]->log.id, at);
	}
}

/* By person; each one's frames as they were made. */
static int
by_person(const void *a, const void *b)
{
	const struct telling *x = a, *y = b;
	int order = id_cmp(&x->to, &y->to);

	return order != 0 ? order : (x->at > y->at) - (x->at < y->at);
}

static void
round_begin(void *arg)
{
	struct teller *t = arg;
	struct change *c;

	loop_timer_free(&t->timer);
	for (size_t i = 0; (c = map_next(&t->changes, &i)) != NULL;)
		collect(t, c);
	forget_changes(t);
	if (t->n > 1)
		qsort(t->v, t->n, sizeof(t->v[0]), by_person);
	round_go_on(t);
}

/* Tells the next person; who shares several rooms with somebody hears of it
 * once. */
static void
tell_next(struct teller *t)
{
	const struct telling *first = &t->v[t->done], *it = first;
	struct buf b = { 0 };
	struct chunk *frames;

	for (; t->done < t->n && id_eq(&it->to, &first->to);
	     it = &t->v[++t->done])
		if (it == first || it->at != it[-1].at)
			buf_add(&b, t->frames.data + it->at, it->len);
	frames = chunk_new(b.data, b.len);
	hub_send_user(t->chat->hub, &first->to, frames);
	chunk_unref(frames);
	buf_free(&b);
}

static void
round_go_on(void *arg)
{
	struct teller *t = arg;

	for (unsigned i = 0; i < TELL_TURN && t->done < t->n; i++)
		tell_next(t);
	if (t->done < t->n) {
		loop_defer(t->chat->loop, round_go_on, t);
		return;
	}
	round_end(t);
	t->last_ms = clock_mono_ms();
	if (t->changes.count > 0)
		set_round(t);
}
