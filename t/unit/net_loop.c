/* The loop: what runs when in a turn, and when it sleeps. */
#include <event2/event.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "net/loop.h"
#include "t/lib/tap.h"

static struct loop *loop;
static struct buf record;

static void
say(void *arg)
{
	buf_adds(&record, arg);
}

static void
stop(void *arg)
{
	loop_stop(loop);
}

static const char *
recorded(void)
{
	return buf_cstr(&record);
}

static void
say_and_defer(void *arg)
{
	buf_adds(&record, arg);
	loop_defer(loop, stop, NULL);
}

static void
test_order(void)
{
	static char hub[] = "hub ", bus[] = "bus ", conn[] = "conn ",
		    bus2[] = "bus2 ", deferred[] = "deferred ";

	loop = loop_new();
	loop_on_turn_end(loop, LOOP_ORDER_CONN, say, conn);
	loop_on_turn_end(loop, LOOP_ORDER_HUB, say, hub);
	loop_on_turn_end(loop, LOOP_ORDER_BUS, say, bus);
	loop_on_turn_end(loop, LOOP_ORDER_BUS, say, bus2);
	loop_defer(loop, say_and_defer, deferred);
	loop_run(loop);
	is_str(recorded(), "deferred hub bus bus2 conn hub bus bus2 conn ",
	    "hooks run in order at the end of each turn");
	is_int(loop_turn(loop), 2, "what is deferred waits for the next turn");
	loop_stop(loop);
	loop_run(loop);
	is_int(loop_turn(loop), 2, "a stopped loop does not turn");
	loop_defer(loop, say, deferred);
	loop_defer(loop, say, deferred);
	loop_forget(loop, say, deferred);
	loop_forget(loop, say, hub);
	loop_forget(loop, say, bus);
	buf_clear(&record);
	loop_defer(loop, stop, NULL);
	loop_run(loop);
	is_str(recorded(), "bus2 conn ", "hooks and calls can be forgotten");
	loop_free(&loop);
	ok(loop == NULL, "a freed loop is gone");
	buf_clear(&record);
}

static void
hook_again(void *arg)
{
	int *left = arg;

	if (*left > 0) {
		(*left)--;
		loop_again(loop);
	} else {
		loop_stop(loop);
	}
}

/* Without a timer: if the loop slept, this would hang. */
static void
test_again(void)
{
	int left = 3;

	loop = loop_new();
	loop_on_turn_end(loop, 1, hook_again, &left);
	loop_again(loop);
	loop_run(loop);
	is_int(loop_turn(loop), 4, "a hook that is not ready gets more turns");
	loop_free(&loop);
}

static void
forget_next(void *arg)
{
	loop_forget(loop, say, arg);
}

static void
test_forget_inside(void)
{
	static char never[] = "never ";

	loop = loop_new();
	loop_defer(loop, forget_next, never);
	loop_defer(loop, say, never);
	loop_on_turn_end(loop, 1, forget_next, never);
	loop_on_turn_end(loop, 2, say, never);
	loop_defer(loop, stop, NULL);
	loop_run(loop);
	is_str(recorded(), "", "calls due in this very turn can be forgotten");
	loop_free(&loop);
}

static int turns_of_read;

static void
readable(int fd, short what, void *arg)
{
	char c;

	if (read(fd, &c, 1) == 1)
		turns_of_read++;
	loop_defer(loop, stop, NULL);
}

/* A loop that only ever ran deferred calls would starve descriptors. */
static void
busy(void *arg)
{
	loop_defer(loop, busy, NULL);
}

static void
test_no_starvation(void)
{
	struct event *ev;
	int fds[2];

	loop = loop_new();
	if (pipe(fds) == -1 || write(fds[1], "x", 1) != 1)
		bail_out("no pipe");
	ev = event_new(loop_base(loop), fds[0], EV_READ, readable, NULL);
	event_add(ev, NULL);
	loop_defer(loop, busy, NULL);
	loop_run(loop);
	is_int(turns_of_read, 1, "descriptors are served while calls are due");
	event_free(ev);
	close(fds[0]);
	close(fds[1]);
	loop_free(&loop);
}

struct ticking {
	struct loop_timer *timer;
	int left;
};

static void
tick(void *arg)
{
	struct ticking *t = arg;

	if (--t->left == 0) {
		loop_timer_free(&t->timer);
		loop_stop(loop);
	}
}

static void
count(void *arg)
{
	(*(int *)arg)++;
}

static void
test_timers(void)
{
	struct ticking t = { .left = 3 };
	uint64_t start, turns;
	struct loop_timer *once, *unborn;
	int fired = 0;

	loop = loop_new();
	start = clock_mono_ms();
	t.timer = loop_timer_new(loop, 20, true, tick, &t);
	once = loop_timer_new(loop, 1, false, count, &fired);
	unborn = loop_timer_new(loop, 1, false, count, &fired);
	loop_timer_free(&unborn);
	loop_run(loop);
	ok(clock_mono_ms() - start >= 45, "a timer fires each 20 ms");
	is_int(fired, 1, "one fires once, a freed one never");
	ok(t.timer == NULL, "a timer may be freed in its callback");
	turns = loop_turn(loop);
	ok(turns < 12, "and the loop sleeps between (%d turns)", (int)turns);
	loop_timer_free(&once);
	loop_timer_free(&once);
	loop_free(&loop);
}

int
main(void)
{
	test_order();
	test_again();
	test_forget_inside();
	test_no_starvation();
	test_timers();
	buf_free(&record);
	return done_testing();
}
