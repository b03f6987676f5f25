/* proc/worker_hosts.c - a worker's part in knowing the other hosts. */
#include "proc/worker_hosts.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "proc/hosts.h"

enum {
	AGAIN_TICKS = 60, /* between two lines of the same trouble */
	RESYNC_TICKS = 5, /* the store is asked that often in its stead */
	TWIN_MS = 10000,  /* after it was seen last */
};

/* Asking the store ----------------------------------------------------------
 */

struct hosts_ask {
	struct worker_hosts *w;
	struct node me;
	struct node_list list;
	struct node dead[HOSTS_MAX];
	unsigned ndead;
	bool twin;
	int rc;
};

static void
ask_work(struct db *db, void *arg)
{
	struct hosts_ask *a = arg;

	for (unsigned i = 0; i < a->ndead; i++)
		db_node_drop(db, &a->dead[i], NULL);
	a->rc = db_nodes(db, &a->list, NULL);
	for (size_t i = 0; i < a->list.n; i++)
		a->twin |= id_eq(&a->list.v[i].id, &a->me.id) &&
			   !id_eq(&a->list.v[i].run, &a->me.run);
	a->me.at = clock_wall_ms();
	if (a->rc == 0)
		a->rc = db_node_put(db, &a->me, NULL);
}

static void
ask_done(void *arg)
{
	struct hosts_ask *a = arg;
	struct hosts *h = &a->w->s->board->hosts;
	uint64_t now = clock_mono_ms();

	a->w->asking = false;
	if (a->rc == 0) {
		shlock_lock(&h->lock);
		hosts_update(h, &a->list, now);
		shlock_unlock(&h->lock);
		if (a->twin)
			h->twin_ms = now;
	}
	node_list_free(&a->list);
	free(a);
}

static void
take_dead(struct hosts_ask *a, struct hosts *h, uint64_t now)
{
	for (unsigned i = 0; i < h->n; i++) {
		const struct host *one = &h->v[i];
		uint64_t since =
		    one->changed_ms != 0 ? one->changed_ms : one->first_ms;

		if (host_is_dead(one, now) && now > since + HOSTS_FORGET_MS &&
		    !id_eq(&one->node.id, &a->me.id))
			a->dead[a->ndead++] = one->node;
	}
}

/* Whoever comes first does it for all. A store that is away is not asked in
 * the way of what waits for it. */
static void
ask(struct worker_hosts *w, uint64_t now)
{
	struct hosts *h = &w->s->board->hosts;
	uint64_t before = h->asked_ms;
	struct hosts_ask *a;

	if (w->asking || !store_healthy(w->store) ||
	    now + 50 < before + HOSTS_BEAT_MS ||
	    !atomic_compare_exchange_strong(&h->asked_ms, &before, now))
		return;
	w->asking = true;
	MEM_NEW(a);
	a->w = w;
	a->me = w->s->node;
	a->me.serving = true;
	shlock_lock(&h->lock);
	take_dead(a, h, now);
	shlock_unlock(&h->lock);
	store_write(w->store, ask_work, ask_done, a);
}

/* Listening on the bus ------------------------------------------------------
 */

/* It lives and serves, has had the time to be heard, and is not. */
static bool
is_unheard(const struct worker_hosts *w, const struct host *h, uint64_t now)
{
	return !id_eq(&h->node.id, &w->s->node.id) && h->node.serving &&
	       host_is_live(h, now) && now > h->first_ms + HOSTS_HEARD_MS &&
	       bus_heard_ms(w->bus, &h->node.run) > HOSTS_HEARD_MS;
}

static unsigned
listen_for(struct worker_hosts *w, uint64_t now)
{
	struct hosts *h = &w->s->board->hosts;
	unsigned n = 0;

	buf_clear(&w->missing);
	shlock_lock(&h->lock);
	for (unsigned i = 0; i < h->n; i++) {
		if (!is_unheard(w, &h->v[i], now))
			continue;
		h->v[i].unheard_ms = now;
		host_name(&w->missing, &h->v[i]);
		n++;
	}
	shlock_unlock(&h->lock);
	return n;
}

static void
say(struct worker_hosts *w, unsigned unheard)
{
	if (unheard > 0 &&
	    (unheard != w->unheard || w->ticks % AGAIN_TICKS == 0))
		log_error("hosts are alive but not heard on the bus",
		    "hosts=\"%.200s\" action=\"give all hosts the same bus; "
		    "until then messages between them come late\"",
		    buf_cstr(&w->missing));
	else if (unheard == 0 && w->unheard > 0)
		log_info("all hosts are heard on the bus again", "bus=\"%s\"",
		    w->s->node.bus);
}

static void
say_more(struct worker_hosts *w)
{
	unsigned more = w->s->board->hosts.more;

	if (more > 0 && w->ticks % AGAIN_TICKS == 0)
		log_error("too many hosts share the store", "hosts=%u most=%d",
		    HOSTS_MAX + more, HOSTS_MAX);
}

static bool
has_twin(const struct worker_hosts *w, uint64_t now)
{
	uint64_t seen = w->s->board->hosts.twin_ms;

	return seen != 0 && now <= seen + TWIN_MS;
}

static void
say_twin(struct worker_hosts *w, uint64_t now)
{
	if (!has_twin(w, now) || now <= w->twin_ms + AGAIN_TICKS * 1000)
		return;
	w->twin_ms = now;
	log_error("another burungd has this host's id",
	    "action=\"its data folder is a copy of this one: stop it and "
	    "remove the file host.id there\"");
}

static void
note_bus(struct worker_hosts *w)
{
	struct bus_state s;

	bus_state(w->bus, &s);
	w->board->bus_servers = s.servers;
	w->board->bus_up = s.up;
	w->board->bus_lag_ms = s.lag_ms;
}

void
worker_hosts_open(struct worker_hosts *w)
{
	w->shared = store_is_shared(w->s->conf->store);
	note_bus(w);
}

void
worker_hosts_tick(struct worker_hosts *w)
{
	uint64_t now = clock_mono_ms();
	unsigned unheard;

	note_bus(w);
	if (!w->shared)
		return;
	w->ticks++;
	ask(w, now);
	unheard = listen_for(w, now);
	say(w, unheard);
	say_twin(w, now);
	say_more(w);
	w->unheard = unheard;
	w->board->hosts_unheard = unheard;
	if (unheard > 0 && w->ticks % RESYNC_TICKS == 0)
		w->resync(w->arg);
}

void
worker_hosts_close(struct worker_hosts *w)
{
	buf_free(&w->missing);
}

void
worker_hosts_why(const struct worker_hosts *w, struct buf *out)
{
	struct bus_state s;

	bus_state(w->bus, &s);
	if (s.up < s.servers)
		buf_addf(out, "The bus is away: %s\n", s.why);
	if (w->unheard > 0) {
		buf_adds(out, "Alive but not heard on the bus: ");
		buf_add(out, w->missing.data, w->missing.len);
		buf_addc(out, '\n');
	}
	if (has_twin(w, clock_mono_ms()))
		buf_adds(out, "Another burungd has this host's id.\n");
}
