/* net/loop.c - turns of libevent's loop, with an end to each. */
#include "net/loop.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"

enum { HOOKS_MAX = 32 };

struct call {
	loop_cb *cb; /* NULL: forgotten */
	void *arg;
	int order;
};

struct calls {
	struct call *v;
	size_t n;
	size_t cap;
};

struct loop {
	struct event_base *base;
	struct call hooks[HOOKS_MAX];
	size_t nhooks;
	struct calls next; /* deferred to the next turn */
	struct calls now;  /* being called */
	uint64_t turn;
	bool again; /* hooks have something left to do: do not sleep */
	bool stop;
};

struct loop_timer {
	struct event *ev;
	loop_cb *cb;
	void *arg;
};

struct loop *
loop_new(void)
{
	struct loop *loop;

	/* Most callers could do nothing about an error, nor look for one. */
	event_set_mem_functions(mem_alloc, mem_realloc, free);
	MEM_NEW(loop);
	loop->base = event_base_new();
	if (loop->base == NULL)
		log_fatal("libevent gives no event base");
	return loop;
}

void
loop_free(struct loop **loop)
{
	if (*loop == NULL)
		return;
	event_base_free((*loop)->base);
	free((*loop)->next.v);
	free((*loop)->now.v);
	free(*loop);
	*loop = NULL;
}

struct event_base *
loop_base(struct loop *loop)
{
	return loop->base;
}

uint64_t
loop_turn(const struct loop *loop)
{
	return loop->turn;
}

/* Those deferred meanwhile wait for the next turn. */
static void
run_deferred(struct loop *loop)
{
	struct calls calls = loop->next;
	struct call call;

	loop->next = loop->now;
	loop->now = calls;
	for (size_t i = 0; i < loop->now.n; i++) {
		call = loop->now.v[i];
		if (call.cb != NULL)
			call.cb(call.arg);
	}
	loop->now.n = 0;
}

static void
run_hooks(struct loop *loop)
{
	struct call *hook;

	for (size_t i = 0; i < loop->nhooks; i++) {
		hook = &loop->hooks[i];
		if (hook->cb != NULL)
			hook->cb(hook->arg);
	}
}

static void
turn_once(struct loop *loop)
{
	bool sleep = loop->next.n == 0 && !loop->again;
	int flags = EVLOOP_ONCE | EVLOOP_NO_EXIT_ON_EMPTY;

	loop->turn++;
	if (!sleep)
		flags |= EVLOOP_NONBLOCK;
	if (event_base_loop(loop->base, flags) == -1)
		log_fatal("the event loop failed");
	run_deferred(loop);
	loop->again = false;
	run_hooks(loop);
}

void
loop_run(struct loop *loop)
{
	while (!loop->stop)
		turn_once(loop);
	loop->stop = false;
}

void
loop_stop(struct loop *loop)
{
	loop->stop = true;
}

void
loop_on_turn_end(struct loop *loop, int order, loop_cb *cb, void *arg)
{
	size_t at = 0, kept = 0;

	for (size_t i = 0; i < loop->nhooks; i++) {
		if (loop->hooks[i].cb != NULL)
			loop->hooks[kept++] = loop->hooks[i];
	}
	loop->nhooks = kept;
	if (loop->nhooks == HOOKS_MAX)
		log_fatal("too many hooks at the turn's end");
	while (at < loop->nhooks && loop->hooks[at].order <= order)
		at++;
	memmove(&loop->hooks[at + 1], &loop->hooks[at],
	    (loop->nhooks - at) * sizeof(loop->hooks[0]));
	loop->hooks[at] = (struct call){ .cb = cb, .arg = arg, .order = order };
	loop->nhooks++;
}

void
loop_defer(struct loop *loop, loop_cb *cb, void *arg)
{
	struct calls *calls = &loop->next;

	if (calls->n == calls->cap) {
		calls->cap = calls->cap == 0 ? 16 : calls->cap * 2;
		calls->v =
		    mem_reallocarray(calls->v, calls->cap, sizeof(calls->v[0]));
	}
	calls->v[calls->n++] = (struct call){ .cb = cb, .arg = arg };
}

void
loop_again(struct loop *loop)
{
	loop->again = true;
}

static void
forget(struct call *v, size_t n, loop_cb *cb, const void *arg)
{
	for (size_t i = 0; i < n; i++) {
		if (v[i].cb == cb && v[i].arg == arg)
			v[i].cb = NULL;
	}
}

void
loop_forget(struct loop *loop, loop_cb *cb, const void *arg)
{
	forget(loop->hooks, loop->nhooks, cb, arg);
	forget(loop->next.v, loop->next.n, cb, arg);
	forget(loop->now.v, loop->now.n, cb, arg);
}

static void
timer_fired(evutil_socket_t fd, short what, void *arg)
{
	struct loop_timer *timer = arg;

	timer->cb(timer->arg); /* which may free the timer */
}

struct loop_timer *
loop_timer_new(
    struct loop *loop, uint32_t ms, bool every, loop_cb *cb, void *arg)
{
	struct timeval tv = { .tv_sec = ms / 1000,
		.tv_usec = (suseconds_t)(ms % 1000) * 1000 };
	struct loop_timer *timer;

	MEM_NEW(timer);
	timer->cb = cb;
	timer->arg = arg;
	timer->ev = event_new(
	    loop->base, -1, every ? EV_PERSIST : 0, timer_fired, timer);
	if (timer->ev == NULL || event_add(timer->ev, &tv) == -1)
		log_fatal("libevent gives no timer");
	return timer;
}

void
loop_timer_free(struct loop_timer **timer)
{
	if (*timer == NULL)
		return;
	event_free((*timer)->ev);
	free(*timer);
	*timer = NULL;
}
