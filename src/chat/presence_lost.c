/* chat/presence_lost.c - people of workers that died or are not heard.
 *
 * Nobody says that they went. Most come back to another worker in a moment, so
 * there is a pause first; then it is told in their rooms, which have to be
 * read, since the worker that knew them is no more. Whoever was away only
 * because the bus was is told to be back. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "chat/presence_private.h"
#include "store/rooms.h"

#define PAUSE_MS    5000
#define PER_TICK    1000 /* of them looked after in one second */
#define BATCH       50   /* read at a time */
#define PENDING_MAX 32   /* while the store is that far behind: later */
#define ABSENT_MAX  200000
#define ROOM_MAX    100

void
presence_lost_init(struct presence *p)
{
	map_init(&p->absent, struct absent, id);
}

static void
forget_absent(struct presence *p)
{
	struct absent *a;

	for (size_t i = 0; (a = map_next(&p->absent, &i)) != NULL;)
		free(a);
	map_free(&p->absent);
	presence_lost_init(p);
}

void
presence_lost_free(struct presence *p)
{
	forget_absent(p);
	free(p->lost);
	free(p->lost_due);
}

void
presence_not_absent(struct presence *p, const struct id *user)
{
	free(map_remove(&p->absent, user));
}

static void
note_absent(struct presence *p, const struct id *user)
{
	struct absent *a;

	if (map_get(&p->absent, user) != NULL)
		return;
	if (p->absent.count == ABSENT_MAX)
		forget_absent(p);
	MEM_NEW(a);
	a->id = *user;
	map_put(&p->absent, a);
}

static void
lost_add(struct presence *p, const struct id *id, uint64_t due)
{
	if (p->nlost == p->lost_cap) {
		p->lost_cap = p->lost_cap == 0 ? 16 : p->lost_cap * 2;
		p->lost =
		    mem_reallocarray(p->lost, p->lost_cap, sizeof(p->lost[0]));
		p->lost_due = mem_reallocarray(
		    p->lost_due, p->lost_cap, sizeof(p->lost_due[0]));
	}
	p->lost[p->nlost] = *id;
	p->lost_due[p->nlost++] = due;
}

void
presence_lost(struct presence *p, const struct id *user)
{
	lost_add(p, user, clock_mono_ms() + PAUSE_MS);
}

void
presence_found(struct presence *p, const struct id *user)
{
	if (map_get(&p->absent, user) != NULL)
		lost_add(p, user, clock_mono_ms() + PAUSE_MS);
}

/* Some of them, and their rooms. */
struct lost {
	struct presence *p;
	size_t n;
	struct id user[BATCH];
	struct head_list heads[BATCH];
};

static void
lost_work(struct db *db, void *arg)
{
	struct lost *l = arg;
	struct err err;

	for (size_t i = 0; i < l->n; i++)
		db_heads_of(db, &l->user[i], &l->heads[i], &err);
}

/* Does what was told last differ from how it is? */
static bool
is_news(struct presence *p, const struct id *user)
{
	bool absent = map_get(&p->absent, user) != NULL;

	return presence_online(p, user) == absent;
}

static void
tell(struct presence *p, const struct id *user, const struct head_list *heads)
{
	struct id *rooms = mem_calloc(heads->n + 1, sizeof(*rooms));
	bool online = presence_online(p, user);
	size_t n = 0;

	for (size_t i = 0; i < heads->n; i++)
		if (heads->v[i].members <= ROOM_MAX)
			rooms[n++] = heads->v[i].room;
	teller_add(p->teller, user, online, rooms, n);
	if (online)
		presence_not_absent(p, user);
	else
		note_absent(p, user);
	free(rooms);
}

static void
lost_done(void *arg)
{
	struct lost *l = arg;

	for (size_t i = 0; i < l->n; i++) {
		if (is_news(l->p, &l->user[i]))
			tell(l->p, &l->user[i], &l->heads[i]);
		head_list_free(&l->heads[i]);
	}
	free(l);
}

static void
lost_send(struct presence *p, struct lost **l)
{
	if (*l != NULL)
		store_read(p->chat->store, lost_work, lost_done, *l);
	*l = NULL;
}

static void
lost_take(struct presence *p, struct lost **l, const struct id *user)
{
	if (*l == NULL) {
		MEM_NEW(*l);
		(*l)->p = p;
	}
	(*l)->user[(*l)->n++] = *user;
	if ((*l)->n == BATCH)
		lost_send(p, l);
}

void
presence_lost_tick(struct presence *p, uint64_t now)
{
	struct lost *l = NULL;
	size_t i = 0;

	while (i < p->nlost && i < PER_TICK && p->lost_due[i] <= now &&
	       store_pending(p->chat->store) < PENDING_MAX) {
		if (is_news(p, &p->lost[i]))
			lost_take(p, &l, &p->lost[i]);
		i++;
	}
	lost_send(p, &l);
	if (i == 0)
		return;
	p->nlost -= i;
	memmove(p->lost, p->lost + i, p->nlost * sizeof(p->lost[0]));
	memmove(
	    p->lost_due, p->lost_due + i, p->nlost * sizeof(p->lost_due[0]));
}
