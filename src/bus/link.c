/* bus/link.c - what a worker sends to one other over their socketpair. */
#include "bus/link.h"

#include <sys/socket.h>

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"
#include "bus/wire.h"

enum { QUEUE_MAX = 262144 }; /* bytes that wait for one other */

struct waiting *
waiting_new(struct chunk *datagram, unsigned messages)
{
	struct waiting *w;

	MEM_NEW(w);
	w->datagram = datagram;
	w->messages = messages;
	return w;
}

void
waiting_drop_first(struct waiting_list *l)
{
	struct waiting *w = STAILQ_FIRST(l);

	STAILQ_REMOVE_HEAD(l, link);
	chunk_unref(w->datagram);
	free(w);
}

static void
forget_queue(struct link *l)
{
	struct waiting *w;

	while ((w = STAILQ_FIRST(&l->queue)) != NULL) {
		l->stats->dropped += w->messages;
		waiting_drop_first(&l->queue);
	}
	l->queued = 0;
}

void
link_break(struct link *l)
{
	if (l->fd == -1)
		return;
	forget_queue(l);
	event_del(l->out);
	l->fd = -1;
}

/* 1 sent, 0 no room now, -1 it will never go. */
static int
send_now(struct link *l, const void *data, size_t len)
{
	if (send(l->fd, data, len, MSG_NOSIGNAL | MSG_DONTWAIT) != -1)
		return 1;
	if (errno == EPIPE || errno == ECONNRESET) {
		link_break(l);
		return -1;
	}
	if (errno == EMSGSIZE) {
		log_error("bus datagram too large", "len=%zu", len);
		l->flags |= WIRE_RESYNC;
		return -1;
	}
	return 0; /* EAGAIN, EINTR; ENOBUFS and ENOMEM will pass too */
}

static void
wait_writable(struct link *l)
{
	if (l->fd != -1)
		event_add(l->out, NULL);
}

/* Says that there is a hole before whatever comes now. */
static bool
tell_flags(struct link *l)
{
	struct buf b = { 0 };
	int rc;

	if (l->flags == 0)
		return true;
	wire_header(&b, l->flags, l->generation);
	rc = send_now(l, b.data, b.len);
	buf_free(&b);
	if (rc == 1)
		l->flags = 0;
	return rc == 1;
}

/* Sends what waits. True when nothing is left. */
static bool
flush(struct link *l)
{
	struct waiting *w;
	int rc;

	while ((w = STAILQ_FIRST(&l->queue)) != NULL) {
		rc = send_now(l, w->datagram->data, w->datagram->len);
		if (rc == 0 || l->fd == -1)
			return false;
		l->stats->sent += rc == 1 ? w->messages : 0;
		l->queued -= w->datagram->len;
		waiting_drop_first(&l->queue);
	}
	return tell_flags(l);
}

void
link_give(struct link *l, const struct waiting *w)
{
	struct chunk *c = w->datagram;
	struct waiting *mine;

	if (l->fd == -1 || l->away)
		return;
	if (flush(l) && send_now(l, c->data, c->len) == 1) {
		l->stats->sent += w->messages;
		return;
	}
	if (l->fd == -1)
		return;
	if (l->flags == 0 && l->queued + c->len <= QUEUE_MAX) {
		mine = waiting_new(chunk_ref(c), w->messages);
		STAILQ_INSERT_TAIL(&l->queue, mine, link);
		l->queued += c->len;
	} else {
		l->stats->dropped += w->messages;
		l->flags |= WIRE_RESYNC;
	}
	wait_writable(l);
}

static void
flush_or_wait(struct link *l)
{
	if (!flush(l))
		wait_writable(l);
}

static void
on_writable(evutil_socket_t fd, short what, void *arg)
{
	flush_or_wait(arg);
}

void
link_lose(struct link *l)
{
	if (l->fd == -1 || l->away)
		return;
	l->stats->dropped++;
	l->flags |= WIRE_RESYNC;
	wait_writable(l);
}

void
link_away(struct link *l)
{
	forget_queue(l);
	l->flags = 0;
	l->away = true;
}

void
link_back(struct link *l)
{
	if (!l->away || l->fd == -1)
		return;
	l->away = false;
	l->flags |= WIRE_RESYNC;
	flush_or_wait(l);
}

void
link_open(struct link *l, struct loop *loop, int fd)
{
	STAILQ_INIT(&l->queue);
	l->fd = fd;
	if (fd == -1)
		return;
	l->out = event_new(loop_base(loop), fd, EV_WRITE, on_writable, l);
	if (l->out == NULL)
		log_fatal("libevent gives no event");
	l->flags = WIRE_HELLO | WIRE_RESYNC;
	flush_or_wait(l);
}

void
link_close(struct link *l)
{
	if (l->fd != -1 && !flush(l) && l->queued > 0)
		l->flags |= WIRE_RESYNC;
	forget_queue(l);
	if (l->fd != -1) {
		l->flags |= WIRE_BYE;
		tell_flags(l);
	}
	if (l->out != NULL)
		event_free(l->out);
	l->out = NULL;
}
