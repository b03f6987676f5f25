/* proc/worker.c - one worker process: puts the layers together and serves. */
#include "proc/worker.h"

#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <sys/resource.h>

#include <bsd/unistd.h>
#include <errno.h>
#include <event2/event.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/coverage.h"
#include "base/failpoint.h"
#include "base/log.h"
#include "gate/gate.h"
#include "http/server.h"
#include "net/loop.h"
#include "proc/worker_admin.h"
#include "proc/worker_hosts.h"
#include "store/store.h"

enum {
	LOOP_ORDER_BEAT = 1,
	READERS = 2,
	SPARE_FDS = 64, /* for the database, logs, the bus … */
	MOST_CONNECTIONS = (1 << 24) - 1, /* that hub_log.syncers can count */
	UNEVEN = 16,        /* connections above the mean that do not matter */
	LOOK_AGAIN_MS = 50, /* while not accepting */
	SECOND_MS = 1000,
	TRIM_S = 5,               /* between two looks at what malloc keeps */
	TRIM_BYTES = 1024 * 1024, /* free ones that go back to the system */
};

struct worker {
	const struct server *s;
	struct board_worker *board;
	unsigned place;
	struct loop *loop;
	struct store *store;
	struct http_server *http;
	struct worker_admin admin;
	struct worker_hosts hosts;
	struct gate *gate;
	struct bus *bus;
	struct event *term;
	struct event *usr1;
	struct loop_timer *second;
	struct loop_timer *look; /* NULL: accepting */
	uint32_t connections_max;
	uint32_t titled; /* connections that the title names */
	unsigned seconds;
	uint64_t delivered, stored; /* a second ago */
	int draining;               /* parts that still drain */
	bool full;                  /* connections_max reached; said once */
};

/* How busy ----------------------------------------------------------------- */

static uint32_t
connections(const struct worker *w)
{
	return (uint32_t)(http_server_connections(w->http) +
			  gate_connections(w->gate));
}

static uint32_t
connections_max(const struct conf *conf)
{
	uint32_t wanted = conf->limit_connections;
	struct rlimit r;

	if (wanted != 0)
		return wanted < MOST_CONNECTIONS ? wanted : MOST_CONNECTIONS;
	if (getrlimit(RLIMIT_NOFILE, &r) == -1 || r.rlim_cur > MOST_CONNECTIONS)
		return MOST_CONNECTIONS;
	if (r.rlim_cur <= 2 * SPARE_FDS)
		return (uint32_t)r.rlim_cur / 2;
	return (uint32_t)r.rlim_cur - SPARE_FDS;
}

/* Some more than the mean is chance; well above it the others should take. */
static bool
may_accept(struct worker *w, uint32_t mine)
{
	uint32_t mean = board_mean_connections(w->s->board, clock_mono_ms());

	if (mine >= w->connections_max) {
		if (!w->full)
			log_warn("connections at their limit", "limit=%u",
			    w->connections_max);
		w->full = true;
		return false;
	}
	w->full = false;
	return mine <= mean + mean / 8 + UNEVEN;
}

static void
look_again(void *arg)
{
	struct worker *w = arg;

	if (!may_accept(w, connections(w)))
		return;
	loop_timer_free(&w->look);
	if (w->draining == 0)
		http_server_accept(w->http, true);
}

static void
beat(void *arg)
{
	struct worker *w = arg;
	uint32_t mine = connections(w);

	w->board->beat_ms = clock_mono_ms();
	if (mine == w->board->connections)
		return;
	w->board->connections = mine;
	if (w->draining > 0 || w->look != NULL || may_accept(w, mine))
		return;
	http_server_accept(w->http, false);
	w->look = loop_timer_new(w->loop, LOOK_AGAIN_MS, true, look_again, w);
}

static void
title(struct worker *w)
{
	w->titled = w->board->connections;
	setproctitle("worker %u (%u connections%s)", w->place + 1, w->titled,
	    w->draining > 0 ? ", draining" : "");
}

/* A connection takes kilobytes while it speaks HTTP and a few hundred bytes
 * afterwards: after many came at once, malloc sits on what is free between. */
static void
trim(struct worker *w)
{
	if (++w->seconds % TRIM_S == 0 && mallinfo2().fordblks > TRIM_BYTES)
		malloc_trim(0);
}

/* What the board shows of this worker once a second. */
static void
count(struct worker *w)
{
	struct board_worker *b = w->board;
	uint64_t delivered = b->delivered, stored = b->stored;
	struct chat_objects objects = gate_objects(w->gate);
	struct bus_stats bus;

	bus_stats(w->bus, &bus);
	b->bus_sent = bus.sent;
	b->bus_received = bus.received;
	b->bus_dropped = bus.dropped;
	b->bus_resyncs = bus.resyncs;
	b->delivered_rate = delivered - w->delivered;
	b->stored_rate = stored - w->stored;
	w->delivered = delivered;
	w->stored = stored;
	b->devices = objects.devices;
	b->people = objects.people;
	b->rooms = objects.rooms;
	b->rss = worker_memory();
}

/* Turns the loop at least once a second, for the beat. */
static void
each_second(void *arg)
{
	struct worker *w = arg;

	trim(w);
	count(w);
	worker_hosts_tick(&w->hosts);
	log_set_level((enum log_level)w->s->board->log_level);
	if (w->titled != w->board->connections)
		title(w);
}

/* The end ------------------------------------------------------------------ */

static void
drained(void *arg)
{
	struct worker *w = arg;

	if (--w->draining == 0)
		loop_stop(w->loop);
}

static void
on_term(evutil_socket_t fd, short what, void *arg)
{
	struct worker *w = arg;

	if (w->draining > 0)
		return;
	w->board->accepting = 0;
	w->draining = 2 + worker_admin_drain(&w->admin, drained, w);
	log_info("draining", "connections=%u", connections(w));
	title(w);
	gate_drain(w->gate, drained, w);
	http_server_drain(w->http, drained, w);
}

static void
on_usr1(evutil_socket_t fd, short what, void *arg)
{
	if (log_reopen() == -1)
		log_warn("log not reopened", "errno=%d", errno);
}

/* The beginning ------------------------------------------------------------ */

static struct event *
on_signal(struct worker *w, int number, event_callback_fn cb)
{
	struct event *e = evsignal_new(loop_base(w->loop), number, cb, w);

	if (e == NULL || event_add(e, NULL) == -1)
		log_fatal("libevent gives no signal event");
	return e;
}

/* The master blocked them all before the fork. */
static void
signals_open(struct worker *w)
{
	sigset_t all;

	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGUSR2, SIG_IGN);
	w->term = on_signal(w, SIGTERM, on_term);
	w->usr1 = on_signal(w, SIGUSR1, on_usr1);
	sigfillset(&all);
	sigprocmask(SIG_UNBLOCK, &all, NULL);
}

static int
open_store(struct worker *w, struct err *err)
{
	struct store_conf conf = { .driver = w->s->conf->store,
		.path = w->s->db_path,
		.write_lock = &w->s->board->store_write,
		.readers = READERS,
		.stats = &w->board->store };

	w->store = store_open(&conf, w->loop, err);
	return w->store == NULL ? -1 : 0;
}

static void
open_http(struct worker *w)
{
	struct http_conf conf = { .body_max = w->s->conf->limit_frame,
		.refused = w->board->http_refused,
		.trusted_proxies = w->s->conf->trusted_proxies };

	w->http = http_server_new(w->loop, &conf);
	worker_admin_open(&w->admin, w->s, w->loop);
}

static void
not_ready(struct buf *why, void *arg)
{
	worker_hosts_why(&((struct worker *)arg)->hosts, why);
}

static int
open_gate(struct worker *w, struct err *err)
{
	struct board_worker *b = w->board;
	struct gate_conf conf = {
		.chat = {
			.conf = w->s->conf,
			.loop = w->loop,
			.store = w->store,
			.setup_code = w->s->board->setup_code,
			.hash_slots = w->s->board->hash_slots,
			.limits = &w->s->board->limits,
			.place = w->place,
			.counters = { &b->delivered, &b->stored, &b->repaired,
			    &b->dropped, b->refused },
		},
		.http = w->http,
		.version = PACKAGE_VERSION,
		.not_ready = not_ready,
		.not_ready_arg = w,
		.admin = worker_admin_conf(&w->admin),
	};

	w->gate = gate_new(&conf, err);
	return w->gate == NULL ? -1 : 0;
}

static void
resync(void *arg)
{
	gate_bus_ops.on_resync(((struct worker *)arg)->gate, NULL);
}

static int
open_bus(struct worker *w, uint32_t generation, struct err *err)
{
	struct bus_conf conf = { .url = w->s->conf->bus,
		.host = w->s->node.run,
		.worker = w->place,
		.generation = generation,
		.pairs = w->s->pairs };

	w->bus = bus_open(w->loop, &conf, &gate_bus_ops, w->gate, err);
	if (w->bus == NULL)
		return -1;
	gate_start(w->gate, w->bus);
	w->hosts = (struct worker_hosts){ .s = w->s,
		.store = w->store,
		.bus = w->bus,
		.board = w->board,
		.resync = resync,
		.arg = w };
	worker_hosts_open(&w->hosts);
	return 0;
}

static int
open_listen(struct worker *w, struct err *err)
{
	for (size_t i = 0; i < w->s->listen.n; i++) {
		if (http_server_listen(w->http, w->s->listen.fd[i], err) == -1)
			return -1;
	}
	return worker_admin_listen(&w->admin, err);
}

static int
worker_open(struct worker *w, uint32_t generation, struct err *err)
{
	w->loop = loop_new();
	signals_open(w);
	if (open_store(w, err) == -1)
		return -1;
	open_http(w);
	if (open_gate(w, err) == -1)
		return -1;
	FAILPOINT("worker.before_bus");
	if (open_bus(w, generation, err) == -1)
		return -1;
	loop_on_turn_end(w->loop, LOOP_ORDER_BEAT, beat, w);
	w->second = loop_timer_new(w->loop, SECOND_MS, true, each_second, w);
	return open_listen(w, err);
}

/* The store first: it still answers what it has. */
static void
worker_close(struct worker *w)
{
	store_close(&w->store);
	worker_hosts_close(&w->hosts);
	bus_close(&w->bus);
	gate_free(&w->gate);
	http_server_free(&w->http);
	worker_admin_close(&w->admin);
	loop_timer_free(&w->second);
	loop_timer_free(&w->look);
	event_free(w->term);
	event_free(w->usr1);
	loop_free(&w->loop);
}

int
worker_run(const struct server *s, unsigned place, uint32_t generation)
{
	struct worker w = { .s = s,
		.place = place,
		.board = &s->board->worker[place],
		.connections_max = connections_max(s->conf) };
	struct err err = { 0 };
	char who[32];

	snprintf(who, sizeof(who), "worker %u", place + 1);
	log_init(who, (enum log_level)s->board->log_level);
	w.delivered = w.board->delivered;
	w.stored = w.board->stored;
	if (worker_open(&w, generation, &err) == -1) {
		log_error("worker cannot start", "why=\"%s\"", err.text);
		COVERAGE_WRITE();
		_exit(1); /* threads may be running: leave things as they are */
	}
	title(&w);
	w.board->beat_ms = clock_mono_ms();
	w.board->started_ms = clock_wall_ms();
	w.board->rss = worker_memory();
	FAILPOINT("worker.before_accept");
	w.board->accepting = 1;
	loop_run(w.loop);
	worker_close(&w);
	log_info("drained", "pid=%d", (int)getpid());
	return 0;
}
