/* proc/join.c - a host joins those that share its store, or refuses to start.
 *
 * It writes itself into the list before it reads it: of two that start at the
 * same moment, one at least sees the other. */
#include "proc/join.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/failpoint.h"
#include "base/log.h"
#include "base/mem.h"
#include "bus/bus.h"
#include "proc/child.h"
#include "proc/hosts.h"
#include "store/store.h"

enum {
	LOOK_MS = 100,
	ASK_MS = 500,      /* between two looks into the store */
	GIVE_UP_MS = 7000, /* longer than it takes to judge, and to connect */
	LEAVE_S = 3,
};

/* What is asked for. */
struct join {
	const struct store_conf *store;
	const char *bus; /* the key's value */
	struct node me;  /* not serving */
};

struct joining {
	const struct join *j;
	struct loop *loop;
	struct store *store;
	struct bus *bus;
	struct hosts *hosts; /* not shared */
	struct node me;      /* the store thread's while asking */
	struct node dead[HOSTS_MAX];
	unsigned ndead;
	struct node_list list;
	struct err asked; /* the last answer's */
	uint64_t begun_ms, asked_ms;
	bool asking;
	bool known; /* the store answered once */
	struct err *err;
	int rc; /* 1: not yet */
};

static void
heard(void *arg, const struct bus_from *from, const struct bus_msg *m)
{
}

static void
lost(void *arg, const struct bus_from *from)
{
}

static const struct bus_ops ops = { .on_msg = heard, .on_resync = lost };

static void
finish(struct joining *g, int rc)
{
	g->rc = rc;
	loop_stop(g->loop);
}

/* The store ------------------------------------------------------------------
 */

static void
ask_work(struct db *db, void *arg)
{
	struct joining *g = arg;

	g->asked = (struct err){ 0 };
	g->me.at = clock_wall_ms();
	for (unsigned i = 0; i < g->ndead; i++)
		db_node_drop(db, &g->dead[i], NULL);
	g->ndead = 0;
	if (db_node_put(db, &g->me, &g->asked) == 0)
		db_nodes(db, &g->list, &g->asked);
}

static void
ask_done(void *arg)
{
	struct joining *g = arg;

	g->asking = false;
	FAILPOINT("join.asked");
	if (g->asked.code != ERR_NONE)
		return;
	g->known = true;
	hosts_update(g->hosts, &g->list, clock_mono_ms());
	node_list_free(&g->list);
}

static void
ask(struct joining *g, uint64_t now)
{
	if (g->asking || now < g->asked_ms + ASK_MS)
		return;
	g->asking = true;
	g->asked_ms = now;
	store_write(g->store, ask_work, ask_done, g);
}

/* Judging --------------------------------------------------------------------
 */

static bool
is_heard(const struct joining *g, const struct host *h)
{
	return bus_heard_ms(g->bus, &h->node.run) < HOSTS_HEARD_MS;
}

/* Those that keep us from starting; names into b. Finds the dead. */
static void
missing(struct joining *g, uint64_t now, struct buf *b)
{
	if (!g->asking)
		g->ndead = 0;
	for (unsigned i = 0; i < g->hosts->n; i++) {
		const struct host *h = &g->hosts->v[i];

		if (id_eq(&h->node.id, &g->me.id) || is_heard(g, h))
			continue;
		if (!host_is_dead(h, now))
			host_name(b, h);
		else if (!g->asking && g->ndead < HOSTS_MAX)
			g->dead[g->ndead++] = h->node;
	}
}

static void
refuse(struct joining *g, struct buf *names)
{
	struct bus_state s;

	bus_state(g->bus, &s);
	if (s.servers == 0)
		err_set(g->err, ERR_CONF,
		    "bus: local reaches this host only, but the store is "
		    "shared "
		    "with %.120s: set the same bus = redis://… on all",
		    buf_cstr(names));
	else
		err_set(g->err, ERR_CONF,
		    "bus: not heard: %.100s, alive in the same store; bus must "
		    "be the same on all hosts. %.90s",
		    buf_cstr(names), s.why);
	finish(g, -1);
}

static void
refuse_many(struct joining *g)
{
	err_set(g->err, ERR_CONF,
	    "store: %u hosts share it, and no more than %d can watch each "
	    "other: give this one a store of its own",
	    g->hosts->n + g->hosts->more, HOSTS_MAX);
	finish(g, -1);
}

/* That the dead are still listed keeps nobody from starting for long: the
 * store may have gone away meanwhile. */
static bool
may_start(const struct joining *g, const struct buf *missing, bool late)
{
	return g->known && missing->len == 0 && g->hosts->more == 0 &&
	       (g->ndead == 0 || late);
}

static void
look(void *arg)
{
	struct joining *g = arg;
	uint64_t now = clock_mono_ms();
	bool late = now > g->begun_ms + GIVE_UP_MS;
	struct buf names = { 0 };

	if (!g->known && late) {
		err_set(g->err, ERR_BUSY, "The store cannot be reached.");
		finish(g, -1);
		return;
	}
	missing(g, now, &names);
	if (may_start(g, &names, late))
		finish(g, 0);
	else if (g->hosts->more > 0 && late)
		refuse_many(g);
	else if (names.len > 0 && late)
		refuse(g, &names);
	else
		ask(g, now); /* and delete the dead */
	buf_free(&names);
}

/* All together ---------------------------------------------------------------
 */

static int
join_open(struct joining *g, struct bus_pairs **pairs)
{
	struct bus_conf conf = {
		.url = g->j->bus, .host = g->me.run, .generation = 1
	};

	*pairs = bus_pairs_new(1, g->err);
	if (*pairs == NULL)
		return -1;
	conf.pairs = *pairs;
	g->store = store_open(g->j->store, g->loop, g->err);
	if (g->store == NULL)
		return -1;
	g->bus = bus_open(g->loop, &conf, &ops, g, g->err);
	return g->bus == NULL ? -1 : 0;
}

/* Takes the host out of the list, if it is the one in it. */
static void
leave_hosts(const struct store_conf *store, const struct node *me)
{
	struct db *db = store_open_alone(store, NULL);
	struct node_list l = { 0 };

	if (db == NULL)
		return;
	db_nodes(db, &l, NULL);
	for (size_t i = 0; i < l.n; i++)
		if (id_eq(&l.v[i].id, &me->id) && id_eq(&l.v[i].run, &me->run))
			db_node_drop(db, &l.v[i], NULL);
	node_list_free(&l);
	store_close_alone(&db);
}

/* 0; or -1: the list has it no more, and *err says why; ERR_BUSY when the store
 * is not there to tell. Blocks, in a process that forks no more. */
static int
join_hosts(const struct join *j, struct err *err)
{
	struct bus_pairs *pairs = NULL;
	struct loop_timer *timer;
	struct joining *g;
	int rc = -1;

	MEM_NEW(g);
	MEM_NEW(g->hosts);
	g->j = j;
	g->err = err;
	g->me = j->me;
	g->begun_ms = clock_mono_ms();
	g->loop = loop_new();
	if (join_open(g, &pairs) == 0) {
		timer = loop_timer_new(g->loop, LOOK_MS, true, look, g);
		loop_run(g->loop);
		loop_timer_free(&timer);
		rc = g->rc;
	}
	if (g->store != NULL)
		store_close(&g->store);
	bus_close(&g->bus);
	bus_pairs_free(&pairs);
	loop_free(&g->loop);
	node_list_free(&g->list);
	if (rc == -1 && g->known)
		leave_hosts(j->store, &g->me);
	free(g->hosts);
	free(g);
	return rc;
}

/* In a child ------------------------------------------------------------------
 */

static struct store_conf
store_of(const struct server *s)
{
	return (struct store_conf){ .driver = s->conf->store,
		.path = s->db_path,
		.write_lock = &s->board->store_write,
		.readers = 1 };
}

static void
join_work(const struct server *s, void *result)
{
	struct store_conf store = store_of(s);
	struct join j = { .store = &store, .bus = s->conf->bus, .me = s->node };

	join_hosts(&j, result);
}

int
join_prepare(const struct server *s, struct err *err)
{
	struct err found = { 0 };

	if (!store_is_shared(s->conf->store))
		return 0;
	if (child_run(s, "looking for other hosts", join_work, &found,
		sizeof(found), err) == -1)
		return -1;
	if (found.code == ERR_BUSY) {
		log_warn("other hosts are not known yet",
		    "why=\"the store cannot be reached\"");
		return 0;
	}
	if (found.code == ERR_NONE)
		return 0;
	*err = found;
	return -1;
}

static void
undo_work(const struct server *s, void *result)
{
	struct store_conf store = store_of(s);

	alarm(LEAVE_S);
	leave_hosts(&store, &s->node);
}

void
join_undo(const struct server *s)
{
	char done = 0;

	if (s->board != NULL && !id_is_zero(&s->node.id))
		child_run(s, "leaving the other hosts", undo_work, &done,
		    sizeof(done), NULL);
}
