/* bus/redis/resolve.c - a host's address, asked on a thread.
 *
 * The thread and the loop share nothing but a socketpair: whoever is given up
 * may take its time, as getaddrinfo cannot be stopped. */
#include "bus/redis/resolve.h"

#include <sys/socket.h>

#include <arpa/inet.h>
#include <event2/event.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"

struct resolve {
	struct event *in;
	int fd;
	resolve_cb *cb;
	void *arg;
};

/* The thread's. */
struct question {
	char *host;
	unsigned nth;
	int fd;
};

/* What goes through the socketpair, as one message. */
struct answer {
	char ip[INET6_ADDRSTRLEN]; /* "": none */
	char why[120];
};

bool
resolve_is_ip(const char *host)
{
	struct in6_addr a;

	return inet_pton(AF_INET, host, &a) == 1 ||
	       inet_pton(AF_INET6, host, &a) == 1;
}

static void
take(struct answer *a, const struct addrinfo *list, unsigned nth)
{
	const struct addrinfo *ai;
	unsigned n = 0;

	for (ai = list; ai != NULL; ai = ai->ai_next)
		n++;
	nth %= n;
	for (ai = list; nth > 0; ai = ai->ai_next)
		nth--;
	if (getnameinfo(ai->ai_addr, ai->ai_addrlen, a->ip, sizeof(a->ip), NULL,
		0, NI_NUMERICHOST) != 0)
		a->ip[0] = '\0';
}

static void *
ask(void *arg)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *list = NULL;
	struct question *q = arg;
	struct answer a = { .why = "the name has no address" };
	int rc = getaddrinfo(q->host, NULL, &hints, &list);

	if (rc != 0)
		snprintf(a.why, sizeof(a.why), "the name is not found: %s",
		    gai_strerror(rc));
	else if (list != NULL)
		take(&a, list, q->nth);
	if (list != NULL)
		freeaddrinfo(list);
	(void)!send(q->fd, &a, sizeof(a), MSG_NOSIGNAL);
	close(q->fd);
	free(q->host);
	free(q);
	return NULL;
}

/* Signals are the loop's. 0, or -1. */
static int
start_thread(struct question *q)
{
	pthread_attr_t attr;
	pthread_t thread;
	sigset_t all, old;
	int rc;

	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	rc = pthread_create(&thread, &attr, ask, q);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attr);
	return rc == 0 ? 0 : -1;
}

static void
answered(evutil_socket_t fd, short what, void *arg)
{
	struct resolve *r = arg;
	struct answer a;

	if (recv(fd, &a, sizeof(a), MSG_DONTWAIT) != (ssize_t)sizeof(a))
		r->cb(r->arg, NULL, "the name could not be asked for");
	else
		r->cb(r->arg, a.ip[0] != '\0' ? a.ip : NULL, a.why);
}

struct resolve *
resolve_start(struct loop *loop, const char *host, unsigned nth, resolve_cb *cb,
    void *arg)
{
	int type = SOCK_SEQPACKET | SOCK_CLOEXEC;
	struct question *q;
	struct resolve *r;
	int sv[2];

	if (socketpair(AF_UNIX, type, 0, sv) == -1)
		return NULL;
	MEM_NEW(q);
	*q = (struct question){ mem_strdup(host), nth, sv[1] };
	if (start_thread(q) == -1) {
		close(sv[1]); /* answered: the stream has ended */
		free(q->host);
		free(q);
	}
	MEM_NEW(r);
	*r = (struct resolve){ .fd = sv[0], .cb = cb, .arg = arg };
	r->in = event_new(loop_base(loop), r->fd, EV_READ, answered, r);
	if (r->in == NULL || event_add(r->in, NULL) == -1)
		log_fatal("libevent gives no event");
	return r;
}

void
resolve_free(struct resolve **rp)
{
	struct resolve *r = *rp;

	if (r == NULL)
		return;
	*rp = NULL;
	event_free(r->in);
	close(r->fd);
	free(r);
}
