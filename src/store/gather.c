/* store/gather.c - reads that wait at the same time share a visit to the
 * database. */
#include "store/gather.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "store/driver.h"

struct gather {
	struct store *st;
	gather_work_cb *work;
	store_done_cb *done;
	size_t visits; /* queued and not yet begun; the loop's and under lock */
	pthread_mutex_t lock;
	void **items; /* that wait, the oldest first */
	size_t n, cap;
};

struct visit {
	struct gather *g;
	size_t n;
	void *items[GATHER_MAX];
};

struct gather *
gather_new(struct store *st, gather_work_cb *work, store_done_cb *done)
{
	struct gather *g;

	MEM_NEW(g);
	g->st = st;
	g->work = work;
	g->done = done;
	pthread_mutex_init(&g->lock, NULL);
	return g;
}

void
gather_free(struct gather **gp)
{
	struct gather *g = *gp;

	if (g == NULL)
		return;
	pthread_mutex_destroy(&g->lock);
	free(g->items);
	free(g);
	*gp = NULL;
}

static void
take(struct visit *v)
{
	struct gather *g = v->g;

	pthread_mutex_lock(&g->lock);
	v->n = g->n < GATHER_MAX ? g->n : GATHER_MAX;
	memcpy(v->items, g->items, v->n * sizeof(v->items[0]));
	g->n -= v->n;
	memmove(g->items, g->items + v->n, g->n * sizeof(g->items[0]));
	g->visits--;
	pthread_mutex_unlock(&g->lock);
}

/* In a database of our own several reads of one state cost less. */
static void
visit_work(struct db *db, void *arg)
{
	struct visit *v = arg;
	struct err err;
	bool one_state;

	take(v);
	one_state = v->n > 1 && !db->driver->shared &&
		    db->driver->snapshot(db, &err) == 0;
	v->g->work(db, v->items, v->n);
	if (one_state)
		db->driver->snapshot_end(db);
}

static void
visit_done(void *arg)
{
	struct visit *v = arg;

	for (size_t i = 0; i < v->n; i++)
		v->g->done(v->items[i]);
	free(v);
}

/* There are always visits enough for all that wait. */
void
gather_read(struct gather *g, void *item)
{
	struct visit *v = NULL;

	pthread_mutex_lock(&g->lock);
	if (g->n == g->cap) {
		g->cap = g->cap == 0 ? GATHER_MAX : g->cap * 2;
		g->items =
		    mem_reallocarray(g->items, g->cap, sizeof(g->items[0]));
	}
	g->items[g->n++] = item;
	if (g->n > g->visits * GATHER_MAX) {
		g->visits++;
		MEM_NEW(v);
		v->g = g;
	}
	pthread_mutex_unlock(&g->lock);
	if (v != NULL)
		store_read(g->st, visit_work, visit_done, v);
}
