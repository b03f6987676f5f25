/* bench/load_worker.c - one process of clients: connects them, lets them post
 * when it is time, and handles what comes in. */
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/socket.h>

#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "bench/load.h"

enum { EVENTS = 512, BURST = 256, NAP_NS = 20000000 };

uint64_t
load_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void
set_up(struct worker *w)
{
	const struct load_opts *o = w->o;
	struct peer *c;

	w->stats = &w->shared->stats[w->number];
	w->epfd = epoll_create1(0);
	w->input = mem_alloc(INPUT_MAX);
	w->peers = mem_calloc(
	    (size_t)(o->clients / o->procs + 1), sizeof(w->peers[0]));
	if (getrandom(&w->nonce, sizeof(w->nonce), 0) != sizeof(w->nonce))
		abort();
	srand48((long)w->nonce);
	if (o->storm)
		w->storm = storm_new();
	for (int i = w->number; i < o->clients; i += o->procs) {
		c = &w->peers[w->npeers++];
		c->index = i;
		c->room = i % o->rooms;
		if (i < o->senders)
			w->nsenders = w->npeers;
	}
}

/* Each sender's first messages of a closed loop. */
static void
begin_stage(struct worker *w)
{
	int window = w->shared->window;

	w->due = w->shared->began;
	w->turn = 0;
	for (int i = 0; i < w->npeers; i++)
		w->peers[i].due_n = 0;
	for (int i = 0; i < w->nsenders; i++)
		for (int k = 0; k < window; k++)
			client_post(w, &w->peers[i], load_now());
}

/* Posts what is due; returns how long nothing will be. */
static long
post_due(struct worker *w)
{
	const struct load_opts *o = w->o;
	int all = o->senders < o->clients ? o->senders : o->clients;
	double step;
	uint64_t now = load_now();

	if (w->shared->window > 0 || w->nsenders == 0)
		return NAP_NS;
	step = 1e9 * all / (w->shared->rate * w->nsenders);
	for (int i = 0; i < BURST && w->due <= now; i++) {
		client_post(w, &w->peers[w->turn], w->due);
		w->turn = (w->turn + 1) % w->nsenders;
		w->due += (uint64_t)step;
	}
	if (w->due <= now)
		return 0;
	return w->due - now > NAP_NS ? NAP_NS : (long)(w->due - now);
}

static void
handle_events(struct worker *w, long wait_ns)
{
	struct timespec wait = { .tv_nsec = wait_ns };
	struct epoll_event ev[EVENTS];
	int n = epoll_pwait2(w->epfd, ev, EVENTS, &wait, NULL);

	for (int i = 0; i < n; i++)
		peer_event(w, ev[i].data.ptr, ev[i].events);
}

/* Resets, so that no port is left in TIME_WAIT. */
static void
hang_up(struct worker *w)
{
	struct linger now = { .l_onoff = 1, .l_linger = 0 };

	for (int i = 0; i < w->npeers; i++) {
		if (w->peers[i].state == PEER_NEW ||
		    w->peers[i].state == PEER_DEAD)
			continue;
		setsockopt(
		    w->peers[i].fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
		close(w->peers[i].fd);
	}
}

void
worker_main(const struct load_opts *o, struct load_shared *shared, int number)
{
	struct worker w = { .o = o, .shared = shared, .number = number };
	unsigned stage = 0;
	long wait_ns;

	prctl(PR_SET_PDEATHSIG, SIGTERM);
	set_up(&w);
	while (shared->phase != LOAD_EXIT) {
		wait_ns = NAP_NS;
		while (w.next < w.npeers && w.inflight < o->inflight)
			peer_open(&w, &w.peers[w.next++]);
		if (shared->phase == LOAD_SEND) {
			if (shared->stage != stage)
				begin_stage(&w);
			stage = shared->stage;
			wait_ns = post_due(&w);
		}
		if (w.storm != NULL)
			storm_turn(&w);
		if (shared->phase == LOAD_COUNT)
			storm_count(&w);
		handle_events(&w, wait_ns);
	}
	hang_up(&w);
	_exit(0);
}
