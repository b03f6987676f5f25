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
void loop_free(struct loop **loop);
struct event_base *loop_base(struct loop *loop); /* for src/net, src/http, src/bus */

/* Turns until loop_stop. */
void loop_run(struct loop *loop);
void loop_stop(struct loop *loop);

/* How many turns were made: a cheap "is it still the same turn?". */
uint64_t loop_turn(const struct loop *loop);

/* Called at the end of every turn, in rising order of `order`, after all that
 * was ready has been handled and before the loop sleeps. Hooks may queue more;
 * what becomes ready is handled in the next turn. Permanent. */
void loop_on_turn_end(struct loop *loop, int order, loop_cb *cb, void *arg);
enum { LOOP_ORDER_HUB = 10, LOOP_ORDER_BUS = 20, LOOP_ORDER_CONN = 30 };

/* Calls cb once in the next turn. */
void loop_defer(struct loop *loop, loop_cb *cb, void *arg);

/* every_ms: again and again; else once. Freed by loop_timer_free, also from
 * inside its callback. */
struct loop_timer *loop_timer_new(
    struct loop *loop, uint32_t ms, bool every, loop_cb *cb, void *arg);
void loop_timer_free(struct loop_timer **timer);

#endif
