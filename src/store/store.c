/* store/store.c - the threads that may block on the database, and the way back
 * to the loop. */

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "store/patience.h"

#define IDLE_MS   1000
#define PROBE_MS  250 /* instead, while the database cannot be reached */
#define FRESH_MAX 32  /* more in one turn: somebody is woken before its end */

struct job {
	STAILQ_ENTRY(job) link;
	struct store *st;
	store_work_cb *work;
	store_done_cb *done;
	void *arg;
};

int
store_load(const char *driver, struct err *err)
{
	return driver_find(driver, err) == NULL ? -1 : 0;
}

int
store_prepare(const struct store_conf *conf, struct err *err)
{
	const struct db_driver *driver = driver_find(conf->driver, err);

	if (driver == NULL)
		return -1;
	return driver->prepare(conf, err);
}

static void
job_done(void *arg)
{
	struct job *job = arg;

	job->st->pending--;
	if (job->done != NULL)
		job->done(job->arg);
	free(job);
}

/* A thread's connection failed, or works again: on the loop. */
static void
tell(struct store *st, int change)
{
	bool was = st->unhealthy == 0, is;

	st->unhealthy += (unsigned)change;
	is = st->unhealthy == 0;
	if (is == was)
		return;
	if (is)
		log_info("store is back", "pending=%zu", st->pending);
	else
		log_warn("store cannot be reached", "pending=%zu", st->pending);
	if (st->on_health != NULL)
		st->on_health(is, st->on_health_arg);
}

static void
tell_failed(void *arg)
{
	tell(arg, 1);
}

static void
tell_back(void *arg)
{
	tell(arg, -1);
}

static void
check_health(struct store_thread *t)
{
	if (t->db->ok == t->told_ok)
		return;
	t->told_ok = t->db->ok;
	mailbox_post(
	    t->st->mailbox, t->told_ok ? tell_back : tell_failed, t->st);
}

static void
quiet_from_now(struct store_thread *t)
{
	t->idle_at = clock_mono_ms() + (t->db->ok ? IDLE_MS : PROBE_MS);
}

/* Waits for work, for a while only if the driver may want to use the quiet.
 * False: that is over. Under the queue's lock. */
static bool
wait_for_work(struct store_thread *t)
{
	struct queue *q = t->queue;
	const struct timespec until = {
		.tv_sec = (time_t)(t->idle_at / 1000),
		.tv_nsec = (long)(t->idle_at % 1000) * 1000000,
	};
	bool woken = true;

	q->idle++;
	if (!t->restless)
		pthread_cond_wait(&q->work, &q->lock);
	else
		woken = pthread_cond_timedwait(&q->work, &q->lock, &until) == 0;
	q->idle--;
	return woken;
}

/* The next things to do: a batch, a job, or both. False: stop. */
static bool
next_work(struct store_thread *t, struct batch **b_r, struct job **job_r)
{
	struct queue *q = t->queue;
	bool stop = false;

	*b_r = NULL;
	*job_r = NULL;
	pthread_mutex_lock(&q->lock);
	while (!stop && *b_r == NULL && *job_r == NULL) {
		*b_r = batch_take(t->st, q);
		*job_r = STAILQ_FIRST(&q->jobs);
		if (*job_r != NULL)
			STAILQ_REMOVE_HEAD(&q->jobs, link);
		if (*b_r != NULL || *job_r != NULL) {
			if (!STAILQ_EMPTY(&q->jobs) && q->idle > 0)
				pthread_cond_signal(&q->work);
			break;
		}
		stop = q->stop;
		if (stop || wait_for_work(t))
			continue;
		pthread_mutex_unlock(&q->lock);
		t->restless = t->db->driver->idle(t->db);
		quiet_from_now(t);
		check_health(t);
		pthread_mutex_lock(&q->lock);
	}
	pthread_mutex_unlock(&q->lock);
	return !stop;
}

static void
run_job(struct store_thread *t, struct job *job)
{
	struct store_stats *stats = t->st->stats;
	uint64_t start = clock_mono_us();

	job->work(t->db, job->arg);
	if (stats != NULL && t->queue == &t->st->read)
		histo_add(&stats->read, clock_mono_us() - start);
	mailbox_post(t->st->mailbox, job_done, job);
}

static void *
thread_main(void *arg)
{
	struct store_thread *t = arg;
	struct batch *b;
	struct job *job;

	while (next_work(t, &b, &job)) {
		if (b != NULL)
			batch_run(b, t->queue, t->db);
		if (job != NULL)
			run_job(t, job);
		/* What says nothing of the database must not put off that a
		 * thread finds it again. */
		if (t->db->ok || t->told_ok)
			quiet_from_now(t);
		check_health(t);
		t->restless = true;
	}
	return NULL;
}

static void
queue_init(struct queue *q)
{
	pthread_condattr_t attr;

	pthread_mutex_init(&q->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&q->work, &attr);
	pthread_condattr_destroy(&attr);
	STAILQ_INIT(&q->jobs);
	STAILQ_INIT(&q->appends);
}

static void
queue_stop(struct queue *q)
{
	pthread_mutex_lock(&q->lock);
	q->stop = true;
	pthread_cond_broadcast(&q->work);
	pthread_mutex_unlock(&q->lock);
}

static void
queue_destroy(struct queue *q)
{
	pthread_cond_destroy(&q->work);
	free(q->refused);
	pthread_mutex_destroy(&q->lock);
}

/* Signals are the loop's thread's. */
static void
start_threads(struct store *st)
{
	sigset_t all, before;
	int rc;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	for (unsigned i = 0; i < st->nthreads; i++) {
		struct store_thread *t = &st->threads[i];

		rc = pthread_create(&t->id, NULL, thread_main, t);
		if (rc != 0)
			log_fatal("no thread: %s", strerror(rc));
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/* Opens every thread's connection, so that a store that cannot be opened is
 * known at once. */
static int
open_connections(
    struct store *st, const struct store_conf *conf, struct err *err)
{
	for (unsigned i = 0; i < st->nthreads; i++) {
		struct store_thread *t = &st->threads[i];

		t->st = st;
		t->queue = i == 0 ? &st->write : &st->read;
		t->db = st->driver->open(conf, i == 0, err);
		if (t->db == NULL)
			return -1;
		t->db->driver = st->driver;
		t->db->ok = t->told_ok = true;
		t->restless = st->driver->shared; /* is it there? */
		quiet_from_now(t);
	}
	return 0;
}

static void
store_free(struct store *st)
{
	for (unsigned i = 0; i < st->nthreads; i++)
		if (st->threads[i].db != NULL)
			st->driver->close(st->threads[i].db);
	patience_end(st);
	mailbox_free(&st->mailbox);
	queue_destroy(&st->write);
	queue_destroy(&st->read);
	free(st->threads);
	free(st);
}

static void
wake(struct queue *q)
{
	if (q->fresh == 0)
		return;
	q->fresh = 0;
	pthread_cond_signal(&q->work);
}

static void
turn_end(void *arg)
{
	struct store *st = arg;

	wake(&st->read);
	wake(&st->write);
}

void
queue_filled(struct store *st, struct queue *q)
{
	/* the turn may have ended already, or not have begun */
	if (q->fresh++ == 0)
		loop_again(st->loop);
	if (q->fresh == FRESH_MAX)
		wake(q);
}

struct store *
store_open(const struct store_conf *conf, struct loop *loop, struct err *err)
{
	const struct db_driver *driver = driver_find(conf->driver, err);
	struct store *st;

	if (driver == NULL)
		return NULL;
	MEM_NEW(st);
	st->driver = driver;
	st->stats = conf->stats;
	st->loop = loop;
	st->mailbox = mailbox_new(loop);
	st->nthreads = 1 + (conf->readers > 0 ? conf->readers : 1);
	st->threads = mem_calloc(st->nthreads, sizeof(*st->threads));
	queue_init(&st->write);
	queue_init(&st->read);
	TAILQ_INIT(&st->patients);
	if (open_connections(st, conf, err) == -1) {
		store_free(st);
		return NULL;
	}
	start_threads(st);
	loop_on_turn_end(loop, LOOP_ORDER_STORE, turn_end, st);
	return st;
}

/* Threads that found their queue empty and were told to stop have posted all
 * their answers. Those may ask for more, so it goes on until nothing is left.
 */
static void
stop_threads(struct store *st)
{
	queue_stop(&st->write);
	queue_stop(&st->read);
	for (unsigned i = 0; i < st->nthreads; i++)
		pthread_join(st->threads[i].id, NULL);
	mailbox_free(&st->mailbox);
	st->mailbox = mailbox_new(st->loop);
	st->write.stop = st->read.stop = false;
}

void
store_close(struct store **stp)
{
	struct store *st = *stp;

	if (st == NULL)
		return;
	*stp = NULL;
	loop_forget(st->loop, turn_end, st);
	stop_threads(st);
	while (st->pending > 0) {
		start_threads(st);
		stop_threads(st);
	}
	store_free(st);
}

static void
queue_job(struct store *st, struct queue *q, const struct job *j)
{
	struct job *job = mem_dup(j, sizeof(*j));

	job->st = st;
	st->pending++;
	pthread_mutex_lock(&q->lock);
	STAILQ_INSERT_TAIL(&q->jobs, job, link);
	pthread_mutex_unlock(&q->lock);
	queue_filled(st, q);
}

void
store_read(
    struct store *st, store_work_cb *work, store_done_cb *done, void *arg)
{
	struct job job = { .work = work, .done = done, .arg = arg };

	queue_job(st, &st->read, &job);
}

void
store_write(
    struct store *st, store_work_cb *work, store_done_cb *done, void *arg)
{
	struct job job = { .work = work, .done = done, .arg = arg };

	queue_job(st, &st->write, &job);
}

size_t
store_pending(const struct store *st)
{
	return st->pending;
}

bool
store_healthy(const struct store *st)
{
	return st->unhealthy == 0;
}

void
store_on_health(struct store *st, void (*cb)(bool ok, void *arg), void *arg)
{
	st->on_health = cb;
	st->on_health_arg = arg;
}
