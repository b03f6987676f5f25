/* chat/presence.c - who is connected here, and telling it. */
#include "chat/presence.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "chat/hub_private.h"
#include "chat/presence_private.h"
#include "store/users.h"

#define GRACE_MS   3000
#define ROOM_MAX   100 /* presence is told in rooms of up to so many */
#define ROOMS_TOLD 200 /* and in so many rooms of one person */
#define SEEN_EVERY 60  /* ticks between two notes of last_seen */
#define SEEN_BATCH 500

static void tick(void *arg);

struct presence *
presence_new(struct chat *chat)
{
	struct presence *p;

	MEM_NEW(p);
	p->chat = chat;
	p->teller = teller_new(chat);
	map_init(&p->lingering, struct lingering, id);
	presence_peers_init(p);
	presence_lost_init(p);
	p->nonce = ((uint64_t)clock_jitter(UINT32_MAX) << 32) |
		   clock_jitter(UINT32_MAX);
	return p;
}

void
presence_start(struct presence *p)
{
	p->tick = loop_timer_new(p->chat->loop, 1000, true, tick, p);
	presence_beat(p);
}

void
presence_publish(struct presence *p, const struct buf *data)
{
	struct bus_msg m = {
		.type = BUS_PRESENCE, .data = data->data, .len = data->len
	};

	bus_publish(p->chat->bus, &m);
}

/* A change of one of our own people: here, and to the other workers. */
static void
announce(struct presence *p, uint8_t what, const struct lingering *l)
{
	struct buf b = { 0 };

	p->digest ^= id_mix(&l->id);
	p->count += what == PRESENCE_CAME ? 1u : -1u;
	buf_addc(&b, (char)what);
	buf_add(&b, l->id.b, sizeof(l->id.b));
	buf_add(&b, l->rooms, l->nrooms * sizeof(l->rooms[0]));
	presence_publish(p, &b);
	buf_free(&b);
	if (what == PRESENCE_CAME)
		presence_not_absent(p, &l->id);
	if (!presence_elsewhere(p, &l->id))
		teller_add(p->teller, &l->id, what == PRESENCE_CAME, l->rooms,
		    l->nrooms);
}

static struct lingering *
lingering_new(const struct hub_user *u)
{
	struct id told[ROOMS_TOLD];
	struct lingering *l;

	MEM_NEW(l);
	l->id = u->log.id;
	for (uint32_t i = 0; i < u->nrooms && l->nrooms < ROOMS_TOLD; i++)
		if (u->rooms[i]->members <= ROOM_MAX)
			told[l->nrooms++] = u->rooms[i]->log.id;
	l->rooms = mem_dup(told, l->nrooms * sizeof(told[0]));
	return l;
}

static void
lingering_free(struct lingering *l)
{
	free(l->rooms);
	free(l);
}

void
presence_came(struct presence *p, struct hub_user *u)
{
	struct lingering *l = map_remove(&p->lingering, &u->log.id);

	if (l == NULL) {
		l = lingering_new(u);
		announce(p, PRESENCE_CAME, l);
	}
	lingering_free(l);
	u->log.flags |= LOG_ONLINE;
}

void
presence_went(struct presence *p, struct hub_user *u)
{
	struct lingering *l = lingering_new(u);

	u->log.flags &= (uint8_t)~LOG_ONLINE;
	l->due_ms = clock_mono_ms() + GRACE_MS;
	map_put(&p->lingering, l);
}

bool
presence_is_here(const struct hub_user *u)
{
	return u->log.flags & LOG_ONLINE;
}

bool
presence_here(struct presence *p, const struct id *user)
{
	struct hub_user *u = hub_user_find(p->chat->hub, user);

	return (u != NULL && presence_is_here(u)) ||
	       map_get(&p->lingering, user) != NULL;
}

bool
presence_online(struct presence *p, const struct id *user)
{
	return presence_here(p, user) || presence_elsewhere(p, user);
}

/* --- last seen --- */

struct seen {
	size_t n;
	uint64_t at;
	struct id ids[SEEN_BATCH];
};

static void
seen_work(struct db *db, void *arg)
{
	struct seen *s = arg;
	struct err err;

	/* if it fails, the next note has it */
	db_users_seen(db, s->ids, s->n, s->at, &err);
	free(s);
}

static void
seen_flush(struct presence *p, struct seen **s)
{
	if (*s != NULL)
		store_write(p->chat->store, seen_work, NULL, *s);
	*s = NULL;
}

static void
seen_add(struct presence *p, struct seen **s, const struct id *id)
{
	if (*s == NULL) {
		MEM_NEW(*s);
		(*s)->at = clock_wall_ms();
	}
	(*s)->ids[(*s)->n++] = *id;
	if ((*s)->n == SEEN_BATCH)
		seen_flush(p, s);
}

struct seen_walk {
	struct presence *p;
	struct seen *s;
};

static void
seen_one(struct hub_user *u, void *arg)
{
	struct seen_walk *w = arg;

	if (u->log.flags & LOG_ONLINE)
		seen_add(w->p, &w->s, &u->log.id);
}

static void
note_seen(struct presence *p)
{
	struct seen_walk w = { .p = p };

	hub_each_user(p->chat->hub, seen_one, &w);
	seen_flush(p, &w.s);
}

/* Those whose grace is over have gone. */
static void
expire(struct presence *p, uint64_t now)
{
	struct lingering *l;
	struct seen *s = NULL;

	for (size_t i = 0; (l = map_next(&p->lingering, &i)) != NULL;) {
		if (l->due_ms > now)
			continue;
		map_remove(&p->lingering, &l->id);
		announce(p, PRESENCE_WENT, l);
		seen_add(p, &s, &l->id);
		lingering_free(l);
		i--;
	}
	seen_flush(p, &s);
}

static void
tick(void *arg)
{
	struct presence *p = arg;
	uint64_t now = clock_mono_ms();

	p->ticks++;
	expire(p, now);
	if (p->ticks % 2 == 0)
		presence_beat(p);
	if (p->ticks % SEEN_EVERY == 0)
		note_seen(p);
	presence_peers_tick(p, now);
	presence_lost_tick(p, now);
}

void
presence_flush(struct presence *p)
{
	expire(p, UINT64_MAX);
}

void
presence_free(struct presence **pp)
{
	struct presence *p = *pp;
	struct lingering *l;

	if (p == NULL)
		return;
	loop_timer_free(&p->tick);
	for (size_t i = 0; (l = map_next(&p->lingering, &i)) != NULL;)
		lingering_free(l);
	map_free(&p->lingering);
	presence_peers_free(p);
	presence_lost_free(p);
	teller_free(&p->teller);
	free(p);
	*pp = NULL;
}

/* --- typing --- */

static void
tell_typing(struct presence *p, const struct id *room, const struct id *user)
{
	struct buf b = { 0 };

	json_open(&b, '{');
	json_kstr(&b, "sig", "typing");
	json_kid(&b, "room", room);
	json_kid(&b, "user", user);
	json_close(&b, '}');
	hub_signal_begin(p->chat->hub);
	hub_signal_room(p->chat->hub, room, &b, user);
	buf_free(&b);
}

void
presence_typing(
    struct presence *p, const struct id *room, const struct id *user)
{
	struct bus_msg m = { .type = BUS_TYPING,
		.topic = *room,
		.data = user->b,
		.len = sizeof(user->b) };

	bus_publish(p->chat->bus, &m);
	tell_typing(p, room, user);
}

void
presence_on_typing(struct presence *p, const struct bus_msg *m)
{
	struct id user;

	if (m->len != sizeof(user.b))
		return;
	memcpy(user.b, m->data, sizeof(user.b));
	tell_typing(p, &m->topic, &user);
}
