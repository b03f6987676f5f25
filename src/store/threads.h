/* store/threads.h - the store's threads and what waits for them. Private to
 * store. */
#ifndef STORE_THREADS_H
#define STORE_THREADS_H

#include <sys/queue.h>

#include <pthread.h>

#include "net/offload.h"
#include "store/driver.h"

struct job;
STAILQ_HEAD(job_list, job);
STAILQ_HEAD(append_list, append);

/* A sender's append to a room that was refused in a batch. */
struct refusal {
	struct id room, from;
	struct cid cid; /* of its first event */
	uint64_t batch;
};

/* What waits for one kind of thread. */
struct queue {
	pthread_mutex_t lock;
	pthread_cond_t work; /* something came, or stop */
	struct job_list jobs;
	struct append_list appends; /* the writer's only */
	unsigned failures; /* batches that could not be stored; the writer's */
	uint64_t batches;  /* taken so far */
	struct refusal *refused; /* not known to be told; the writer's */
	size_t nrefused, refused_cap;
	bool stop;
	unsigned idle;  /* threads that wait */
	unsigned fresh; /* put in since somebody was woken; the loop's */
};

struct store_thread {
	struct store *st;
	struct queue *queue;
	struct db *db;
	pthread_t id;
	bool restless;    /* ask the driver's idle() when nothing comes */
	bool told_ok;     /* as last told to the loop */
	uint64_t idle_at; /* ms, monotonic: until then */
};

struct store {
	const struct db_driver *driver;
	struct store_stats *stats; /* or NULL */
	struct loop *loop;
	struct mailbox *mailbox;
	struct queue write, read;
	struct store_thread *threads; /* the writer, then the readers */
	unsigned nthreads;
	size_t pending;         /* the loop's, as all that follows */
	unsigned failures_seen; /* queue.failures as its answers told it */
	uint64_t told;          /* batches whose answers were given */
	unsigned unhealthy;     /* threads whose last call failed */
	void (*on_health)(bool ok, void *arg);
	void *on_health_arg;
	TAILQ_HEAD(patients, patient) patients; /* patience.c's */
	struct loop_timer *impatience;
	void (*on_late)(const struct append *a, void *arg);
	void *on_late_arg;
	size_t late; /* events of this batch whose senders were told busy */
};

/* Something was put into q: a thread is woken, at the turn's end as a rule, so
 * that what a turn asks for costs one wake-up and shares a commit. Not under
 * q's lock. */
void queue_filled(struct store *st, struct queue *q);

/* Appends that share a commit. */
struct batch;

/* Takes what waits in q, up to the bounds; NULL: nothing. Under q's lock. */
struct batch *batch_take(struct store *st, struct queue *q);

/* Commits it and posts the answers to the loop, in order. On the writer. */
void batch_run(struct batch *b, struct queue *q, struct db *db);

#endif
