/* t/lib/turn.h - a loop that a test turns by hand. */
#ifndef T_LIB_TURN_H
#define T_LIB_TURN_H

#include "net/loop.h"
#include "t/lib/tap.h"

static struct loop *loop;

static void
turn_end(void *arg)
{
	loop_stop(loop);
}

static void
turn_stuck(void *arg)
{
	bail_out("nothing happens for 10 s");
}

static void
turn_begin(void)
{
	loop = loop_new();
	loop_on_turn_end(loop, 1000, turn_end, NULL);
}

/* One turn, which sleeps when there is nothing to do. */
static void
turn(void)
{
	struct loop_timer *stuck =
	    loop_timer_new(loop, 10000, false, turn_stuck, NULL);

	loop_run(loop);
	loop_timer_free(&stuck);
}

#define UNTIL(cond)                                                            \
	while (!(cond))                                                        \
	turn()

/* Two turns that do not sleep: time for what should not happen. */
static void __attribute__((unused)) turn_twice(void)
{
	for (int i = 0; i < 2; i++) {
		loop_again(loop);
		turn();
	}
}

static void
turn_true(void *arg)
{
	*(bool *)arg = true;
}

/* How many turns the loop makes in ms milliseconds: few if it sleeps. */
static uint64_t __attribute__((unused)) turns_in(uint32_t ms)
{
	uint64_t before = loop_turn(loop);
	bool over = false;
	struct loop_timer *end =
	    loop_timer_new(loop, ms, false, turn_true, &over);

	UNTIL(over);
	loop_timer_free(&end);
	return loop_turn(loop) - before;
}

#endif
