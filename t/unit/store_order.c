/* t/unit/store_order.c - one sender's messages keep their order when a batch
 * cannot be stored, whenever the loop hears of it. The thread and the database
 * are the test's own, so that it happens in the worst order. */

#include "../lib/tap.h"
#include "base/mem.h"
#include "net/loop.h"
#include "net/offload.h"
#include "store/driver.h"
#include "store/threads.h"

static struct store st;
static bool away; /* the database */
static struct id room, ani, budi;

static void
database(struct db *db, struct append **ops, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (away)
			err_set(&ops[i]->err, ERR_BUSY, "away");
}

static const struct db_driver driver = { .append = database };
static struct db db = { .driver = &driver };

struct one {
	struct append a;
	struct event ev;
	bool told;
};

static void
one_done(struct append *a)
{
	struct one *o = a->arg;

	o->told = true;
}

static struct one *
ask(const struct id *from)
{
	struct one *o;

	MEM_NEW(o);
	o->ev = (struct event){ .room = room, .from = *from, .cid = cid_new() };
	o->a =
	    (struct append){ .ev = &o->ev, .n = 1, .done = one_done, .arg = o };
	store_append(&st, &o->a);
	return o;
}

/* The thread's part: one batch of all that waits. */
static void
run_batch(bool is_away)
{
	struct batch *b = batch_take(&st, &st.write);

	away = is_away;
	batch_run(b, &st.write, &db);
}

static void
stop(void *arg)
{
	loop_stop(st.loop);
}

/* The loop's part: what was run is answered. */
static void
turn(void)
{
	loop_defer(st.loop, stop, NULL);
	loop_run(st.loop);
}

static enum err_code
code(const struct one *o)
{
	return o->told ? o->a.err.code : ERR_INTERNAL;
}

static void
test_order(void)
{
	struct one *failed, *first, *second, *third, *fourth, *other, *again;
	struct one *last;

	failed = ask(&budi);
	run_batch(true);
	first = ask(&ani);
	turn(); /* from now on one knows that the first batch failed */
	second = ask(&ani);
	run_batch(false);
	third = ask(&ani);
	other = ask(&budi);
	run_batch(false);
	turn();
	is_int(code(first), ERR_BUSY, "asked before the failure was known");
	is_int(
	    code(second), ERR_BUSY, "what was asked behind it is not stored");
	is_int(
	    code(third), ERR_BUSY, "nor in the next batch, until it is told");
	is_int(code(other), ERR_NONE, "others are not held up");
	again = ask(&ani);
	fourth = ask(&ani);
	run_batch(false);
	last = ask(&ani);
	run_batch(false);
	turn();
	is_int(code(again), ERR_NONE, "asked again by who was told");
	is_int(code(fourth), ERR_NONE, "and what comes behind it");
	is_int(code(last), ERR_NONE, "nothing is held against anybody");
	is_int(st.write.nrefused, 0, "nor kept");
	struct one *all[] = { failed, first, second, third, fourth, other,
		again, last };
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		free(all[i]);
}

/* A timer told the caller before the refusal did: the same asked again is what
 * the order begins with, and not behind itself. */
static void
test_asked_again(void)
{
	struct one *failed, *first, *second, *again, *third;

	failed = ask(&budi);
	run_batch(true);
	first = ask(&ani);
	second = ask(&ani);
	turn();
	run_batch(false);
	again = ask(&ani);
	again->ev.cid = first->ev.cid;
	third = ask(&ani);
	run_batch(false);
	turn();
	is_int(code(first), ERR_BUSY, "refused behind the failure");
	is_int(code(second), ERR_BUSY, "as is the next one");
	is_int(code(again), ERR_NONE, "the first one asked again is stored");
	is_int(code(third), ERR_BUSY, "what comes behind the next one is not");
	struct one *all[] = { failed, first, second, again, third };
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		free(all[i]);
}

int
main(void)
{
	room = id_new();
	ani = id_new();
	budi = id_new();
	st.driver = &driver;
	st.loop = loop_new();
	st.mailbox = mailbox_new(st.loop);
	pthread_mutex_init(&st.write.lock, NULL);
	pthread_cond_init(&st.write.work, NULL);
	STAILQ_INIT(&st.write.appends);
	STAILQ_INIT(&st.write.jobs);
	test_order();
	test_asked_again();
	return done_testing();
}
