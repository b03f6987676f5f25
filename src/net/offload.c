/* net/offload.c - a few threads that take jobs in order. */
#include "net/offload.h"

#include <sys/queue.h>

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"

struct job {
	STAILQ_ENTRY(job) next;
	struct offload *o;
	loop_cb *work;
	loop_cb *done;
	void *arg;
};
STAILQ_HEAD(jobs, job);

struct offload {
	struct mailbox *mailbox;
	size_t pending; /* the loop's */
	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct jobs jobs; /* under lock */
	bool stop;        /* under lock: end when there are no jobs */
	unsigned nthreads;
	pthread_t threads[];
};

static void
job_done(void *arg)
{
	struct job *job = arg;

	job->o->pending--;
	if (job->done != NULL)
		job->done(job->arg);
	free(job);
}

/* With the lock held. */
static struct job *
take_job(struct offload *o)
{
	struct job *job = STAILQ_FIRST(&o->jobs);

	if (job != NULL)
		STAILQ_REMOVE_HEAD(&o->jobs, next);
	return job;
}

static void *
thread_main(void *arg)
{
	struct offload *o = arg;
	struct job *job;

	pthread_mutex_lock(&o->lock);
	for (;;) {
		job = take_job(o);
		if (job == NULL && o->stop)
			break;
		if (job == NULL) {
			pthread_cond_wait(&o->wake, &o->lock);
			continue;
		}
		pthread_mutex_unlock(&o->lock);
		job->work(job->arg);
		mailbox_post(o->mailbox, job_done, job);
		pthread_mutex_lock(&o->lock);
	}
	pthread_mutex_unlock(&o->lock);
	return NULL;
}

static void
start_thread(struct offload *o, unsigned i, const char *name)
{
	char label[16]; /* the kernel's limit */
	int rc = pthread_create(&o->threads[i], NULL, thread_main, o);

	if (rc != 0)
		log_fatal("no thread: %s", strerror(rc));
	snprintf(label, sizeof(label), "%.11s-%u", name, i % 100);
	pthread_setname_np(o->threads[i], label);
}

struct offload *
offload_new(struct loop *loop, unsigned threads, const char *name)
{
	struct offload *o;
	sigset_t all, before;

	o = mem_zalloc(sizeof(*o) + threads * sizeof(o->threads[0]));
	o->mailbox = mailbox_new(loop);
	o->nthreads = threads;
	STAILQ_INIT(&o->jobs);
	pthread_mutex_init(&o->lock, NULL);
	pthread_cond_init(&o->wake, NULL);
	/* Inherited, so there is no moment in which a thread takes signals. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	for (unsigned i = 0; i < threads; i++)
		start_thread(o, i, name);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return o;
}

void
offload_run(struct offload *o, loop_cb *work, loop_cb *done, void *arg)
{
	struct job *job;

	MEM_NEW(job);
	job->o = o;
	job->work = work;
	job->done = done;
	job->arg = arg;
	o->pending++;
	pthread_mutex_lock(&o->lock);
	STAILQ_INSERT_TAIL(&o->jobs, job, next);
	pthread_cond_signal(&o->wake);
	pthread_mutex_unlock(&o->lock);
}

size_t
offload_pending(const struct offload *o)
{
	return o->pending;
}

static void
join_threads(struct offload *o)
{
	pthread_mutex_lock(&o->lock);
	o->stop = true;
	pthread_cond_broadcast(&o->wake);
	pthread_mutex_unlock(&o->lock);
	for (unsigned i = 0; i < o->nthreads; i++)
		pthread_join(o->threads[i], NULL);
}

void
offload_free(struct offload **op)
{
	struct offload *o = *op;
	struct job *job;

	if (o == NULL)
		return;
	join_threads(o);
	mailbox_free(&o->mailbox);
	/* The threads are gone: no lock. Only what done callbacks asked for. */
	while ((job = take_job(o)) != NULL) {
		job->work(job->arg);
		job_done(job);
	}
	pthread_cond_destroy(&o->wake);
	pthread_mutex_destroy(&o->lock);
	free(o);
	*op = NULL;
}
