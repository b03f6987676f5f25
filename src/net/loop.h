/* net/loop.h - the worker's event loop: libevent's, turned by ourselves so that
 * there is an end of a turn. */
#ifndef NET_LOOP_H
#define NET_LOOP_H

#include <stdbool.h>
#include <stdint.h>

struct event_base;
struct loop;
struct loop_timer;

typedef void loop_cb(void *arg);

struct loop *loop_new(void);
/* What is deferred still is forgotten. Timers must be freed before. */
void loop_free(struct loop **loop);
struct event_base *loop_base(
    struct loop *loop); /* for src/net, src/http, src/bus */

/* Turns until loop_stop; the turn in which it is called is finished, its hooks
 * included. Stopped before it began, it does not turn at all. May be run
 * again. */
void loop_run(struct loop *loop);
void loop_stop(struct loop *loop);

/* How many turns were made: a cheap "is it still the same turn?". */
uint64_t loop_turn(const struct loop *loop);

/* Called at the end of every turn, in rising order of `order`, after all that
 * was ready has been handled and before the loop sleeps. Hooks may queue more;
 * what becomes ready is handled in the next turn. Not to be called from a
 * hook. */
void loop_on_turn_end(struct loop *loop, int order, loop_cb *cb, void *arg);
enum {
	LOOP_ORDER_HUB = 10,
	LOOP_ORDER_BUS = 20,
	LOOP_ORDER_CONN = 30,
	LOOP_ORDER_STORE = 40,
};

/* Calls cb once in the next turn, before its hooks. The loop does not sleep
 * until then. */
void loop_defer(struct loop *loop, loop_cb *cb, void *arg);

/* Makes sure that the hooks run once more before the loop sleeps: for who puts
 * something aside for a hook and may be called by a later hook himself. */
void loop_again(struct loop *loop);

/* Forgets hooks and deferred calls of cb with arg: for who goes before the loop
 * does. */
void loop_forget(struct loop *loop, loop_cb *cb, const void *arg);

/* every: again and again, each ms; else once. Freed by loop_timer_free, also
 * from inside its callback. */
struct loop_timer *loop_timer_new(
    struct loop *loop, uint32_t ms, bool every, loop_cb *cb, void *arg);
void loop_timer_free(struct loop_timer **timer);

#endif
