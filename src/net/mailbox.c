/* net/mailbox.c - calls from any thread, made on the loop. */
#include <sys/eventfd.h>
#include <sys/queue.h>

#include <errno.h>
#include <event2/event.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "net/offload.h"

struct post {
	STAILQ_ENTRY(post) next;
	loop_cb *cb;
	void *arg;
};
STAILQ_HEAD(posts, post);

struct mailbox {
	pthread_mutex_t lock;
	struct posts posts; /* under lock; not empty: fd was written to */
	struct event *ev;
	int fd;
};

/* Those posted meanwhile wait for the next turn. Returns how many there were.
 */
static size_t
run_posts(struct mailbox *m)
{
	struct posts posts = STAILQ_HEAD_INITIALIZER(posts);
	struct post *p;
	size_t n = 0;

	pthread_mutex_lock(&m->lock);
	STAILQ_CONCAT(&posts, &m->posts);
	pthread_mutex_unlock(&m->lock);
	while ((p = STAILQ_FIRST(&posts)) != NULL) {
		STAILQ_REMOVE_HEAD(&posts, next);
		p->cb(p->arg);
		free(p);
		n++;
	}
	return n;
}

static void
woken(evutil_socket_t fd, short what, void *arg)
{
	uint64_t count;

	/* First this, then the list: a post in between is seen now. */
	if (read(fd, &count, sizeof(count)) == -1 && errno != EAGAIN &&
	    errno != EINTR)
		log_error("mailbox read", "error=\"%s\"", strerror(errno));
	run_posts(arg);
}

struct mailbox *
mailbox_new(struct loop *loop)
{
	struct mailbox *m;

	MEM_NEW(m);
	pthread_mutex_init(&m->lock, NULL);
	STAILQ_INIT(&m->posts);
	m->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (m->fd == -1)
		log_fatal("eventfd: %s", strerror(errno));
	m->ev =
	    event_new(loop_base(loop), m->fd, EV_READ | EV_PERSIST, woken, m);
	if (m->ev == NULL || event_add(m->ev, NULL) == -1)
		log_fatal("libevent takes no eventfd");
	return m;
}

void
mailbox_free(struct mailbox **m)
{
	if (*m == NULL)
		return;
	while (run_posts(*m) > 0)
		;
	event_free((*m)->ev);
	close((*m)->fd);
	pthread_mutex_destroy(&(*m)->lock);
	free(*m);
	*m = NULL;
}

void
mailbox_post(struct mailbox *m, loop_cb *cb, void *arg)
{
	static const uint64_t one = 1;
	struct post *p;
	bool first;

	MEM_NEW(p);
	p->cb = cb;
	p->arg = arg;
	pthread_mutex_lock(&m->lock);
	first = STAILQ_EMPTY(&m->posts);
	STAILQ_INSERT_TAIL(&m->posts, p, next);
	/* Under the lock, so that mailbox_free by another thread, having seen
	 * the post, does not close fd before it is written to. */
	if (first && write(m->fd, &one, sizeof(one)) == -1 && errno != EAGAIN)
		log_error("mailbox write", "error=\"%s\"", strerror(errno));
	pthread_mutex_unlock(&m->lock);
}
