/* Work on threads, and calls from threads. */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

#include "net/offload.h"
#include "t/lib/tap.h"

enum { JOBS = 20000, POSTERS = 8, POSTS = 5000 };

static struct loop *loop;
static struct offload *off;
static pthread_t loop_thread;

struct one {
	atomic_int works;
	int dones;
	bool on_loop;
	bool on_thread;
	bool unsignalled;
};

static void
work(void *arg)
{
	struct one *one = arg;
	sigset_t set;

	pthread_sigmask(SIG_SETMASK, NULL, &set);
	one->unsignalled = sigismember(&set, SIGTERM) == 1;
	one->on_thread = !pthread_equal(pthread_self(), loop_thread);
	atomic_fetch_add(&one->works, 1);
}

static void
done(void *arg)
{
	struct one *one = arg;

	one->on_loop = pthread_equal(pthread_self(), loop_thread);
	one->dones++;
	loop_stop(loop);
}

static void
test_one(void)
{
	struct one one = { 0 };

	off = offload_new(loop, 2, "test");
	offload_run(off, work, done, &one);
	is_int(offload_pending(off), 1, "a job is pending");
	is_int(one.dones, 0, "and not done before the loop turns");
	loop_run(loop);
	is_int(atomic_load(&one.works), 1, "it runs once");
	ok(one.on_thread, "on a thread");
	ok(one.unsignalled, "that takes no signals");
	ok(one.on_loop, "and its end is told on the loop");
	is_int(offload_pending(off), 0, "then nothing is pending");
	offload_free(&off);
	ok(off == NULL, "a freed offload is gone");
}

static atomic_int started;
static int order[JOBS], finished, wrong_order;

static void
work_many(void *arg)
{
	int *mine = arg;

	*mine = atomic_fetch_add(&started, 1);
}

static void
done_many(void *arg)
{
	if (++finished == JOBS)
		loop_stop(loop);
}

static void
test_load(void)
{
	off = offload_new(loop, 4, "load");
	for (int i = 0; i < JOBS; i++)
		offload_run(off, work_many, done_many, &order[i]);
	loop_run(loop);
	is_int(atomic_load(&started), JOBS, "all of many jobs run");
	is_int(finished, JOBS, "and are told");
	offload_free(&off);
}

/* With one thread what was asked for first is done first. */
static void
test_order(void)
{
	atomic_store(&started, 0);
	finished = 0;
	off = offload_new(loop, 1, "order");
	for (int i = 0; i < JOBS; i++)
		offload_run(off, work_many, done_many, &order[i]);
	loop_run(loop);
	for (int i = 0; i < JOBS; i++)
		wrong_order += order[i] != i;
	is_int(wrong_order, 0, "jobs start in the order they were asked for");
	offload_free(&off);
}

static void
work_slow(void *arg)
{
	usleep(1000);
	atomic_fetch_add((atomic_int *)arg, 1);
}

static int chained;

static void
done_chain(void *arg)
{
	if (++chained < 50)
		offload_run(off, work_slow, done_chain, arg);
}

static void
test_free(void)
{
	atomic_int works = 0;

	off = offload_new(loop, 2, "free");
	for (int i = 0; i < 40; i++)
		offload_run(off, work_slow, NULL, &works);
	offload_run(off, work_slow, done_chain, &works);
	offload_free(&off);
	is_int(
	    atomic_load(&works), 90, "what is queued is done before the end");
	is_int(chained, 50, "and what its ends ask for as well");
}

/* A mailbox and many threads. */
struct poster;

struct letter {
	struct poster *from;
	int number;
};

struct poster {
	struct mailbox *mailbox;
	pthread_t thread;
	int next; /* expected by the loop */
	int wrong;
	struct letter letters[POSTS];
};

static int received;

static void
receive(void *arg)
{
	struct letter *letter = arg;

	letter->from->wrong += letter->number != letter->from->next++;
	if (++received == POSTERS * POSTS)
		loop_stop(loop);
}

static void *
post_all(void *arg)
{
	struct poster *me = arg;

	for (int i = 0; i < POSTS; i++) {
		me->letters[i] = (struct letter){ .from = me, .number = i };
		mailbox_post(me->mailbox, receive, &me->letters[i]);
	}
	return NULL;
}

static void
test_mailbox(void)
{
	static struct poster posters[POSTERS];
	struct mailbox *mailbox = mailbox_new(loop);
	int wrong = 0;

	for (int i = 0; i < POSTERS; i++) {
		posters[i].mailbox = mailbox;
		if (pthread_create(
			&posters[i].thread, NULL, post_all, &posters[i]) != 0)
			bail_out("no thread");
	}
	loop_run(loop);
	for (int i = 0; i < POSTERS; i++) {
		pthread_join(posters[i].thread, NULL);
		wrong += posters[i].wrong;
	}
	is_int(received, POSTERS * POSTS, "every post of %d threads arrives",
	    POSTERS);
	is_int(wrong, 0, "each thread's in its order");
	mailbox_free(&mailbox);
}

static void
bump(void *arg)
{
	(*(int *)arg)++;
}

static void
stop(void *arg)
{
	loop_stop(loop);
}

static void
test_wake_ups(void)
{
	struct mailbox *mailbox = mailbox_new(loop);
	uint64_t before = loop_turn(loop);
	int n = 0;

	for (int i = 0; i < 1000; i++)
		mailbox_post(mailbox, bump, &n);
	mailbox_post(mailbox, stop, NULL);
	loop_run(loop);
	is_int(n, 1000, "posts between two turns arrive together");
	is_int(loop_turn(loop) - before, 1, "in one turn");
	mailbox_post(mailbox, bump, &n);
	mailbox_free(&mailbox);
	is_int(n, 1001, "a freed mailbox runs what is left");
}

int
main(void)
{
	loop_thread = pthread_self();
	loop = loop_new();
	test_one();
	test_load();
	test_order();
	test_free();
	test_mailbox();
	test_wake_ups();
	loop_free(&loop);
	return done_testing();
}
