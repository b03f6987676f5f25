/* bus/local.c - the bus of one host: a socketpair between any two workers. */
#include <sys/queue.h>
#include <sys/socket.h>

#include <errno.h>
#include <event2/event.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/failpoint.h"
#include "base/log.h"
#include "base/mem.h"
#include "bus/driver.h"
#include "bus/pairs.h"
#include "bus/wire.h"
#include "net/chunk.h"

enum {
	QUEUE_MAX = 262144, /* bytes that wait for one peer */
	TURN_MAX = 262144,  /* bytes of one turn before they leave early */
	READS_MAX = 32,     /* datagrams of one peer in one turn */
};

struct waiting {
	STAILQ_ENTRY(waiting) link;
	struct chunk *datagram;
	unsigned messages;
};
STAILQ_HEAD(waiting_list, waiting);

struct peer {
	struct local *local;
	struct event *in;
	struct event *out; /* added while something waits */
	struct waiting_list queue;
	size_t queued;       /* bytes in it */
	uint32_t generation; /* the newest heard of */
	unsigned place;
	int fd;        /* -1: oneself, or the socket is gone */
	uint8_t flags; /* WIRE_* to be told behind the queue; 0: nothing lost */
	bool away;     /* nobody there */
};

struct local {
	struct bus bus; /* first */
	struct buf out; /* the datagram being filled; empty: none */
	unsigned out_messages;
	struct waiting_list turn; /* full datagrams of this turn */
	size_t turn_bytes;
	uint32_t generation;
	unsigned npeers;
	uint8_t *in; /* WIRE_MAX bytes, for all reads */
	struct peer peers[];
};

static struct waiting *
waiting_new(struct chunk *datagram, unsigned messages)
{
	struct waiting *w;

	MEM_NEW(w);
	w->datagram = datagram;
	w->messages = messages;
	return w;
}

static void
waiting_drop_first(struct waiting_list *l)
{
	struct waiting *w = STAILQ_FIRST(l);

	STAILQ_REMOVE_HEAD(l, link);
	chunk_unref(w->datagram);
	free(w);
}

/* Sending ------------------------------------------------------------------ */

static void
peer_forget_queue(struct peer *p)
{
	struct waiting *w;

	while ((w = STAILQ_FIRST(&p->queue)) != NULL) {
		p->local->bus.stats.dropped += w->messages;
		waiting_drop_first(&p->queue);
	}
	p->queued = 0;
}

/* The socket is of no use any more. Only when its other end was closed: the
 * master keeps it open as long as it lives. */
static void
peer_lost(struct peer *p)
{
	if (p->fd == -1)
		return;
	peer_forget_queue(p);
	event_del(p->in);
	event_del(p->out);
	p->fd = -1;
}

/* 1 sent, 0 no room now, -1 it will never go. */
static int
peer_send(struct peer *p, const void *data, size_t len)
{
	if (send(p->fd, data, len, MSG_NOSIGNAL | MSG_DONTWAIT) != -1)
		return 1;
	if (errno == EPIPE || errno == ECONNRESET) {
		peer_lost(p);
		return -1;
	}
	if (errno == EMSGSIZE) {
		log_error("bus datagram too large", "len=%zu", len);
		p->flags |= WIRE_RESYNC;
		return -1;
	}
	return 0; /* EAGAIN, EINTR; ENOBUFS and ENOMEM will pass too */
}

static void
peer_wait(struct peer *p)
{
	if (p->fd != -1)
		event_add(p->out, NULL);
}

/* Says that there is a hole before whatever comes now. */
static bool
peer_tell_flags(struct peer *p)
{
	struct buf b = { 0 };
	int rc;

	if (p->flags == 0)
		return true;
	wire_header(&b, p->flags, p->local->generation);
	rc = peer_send(p, b.data, b.len);
	buf_free(&b);
	if (rc == 1)
		p->flags = 0;
	return rc == 1;
}

/* Sends what waits. True when nothing is left. */
static bool
peer_flush(struct peer *p)
{
	struct waiting *w;
	int rc;

	while ((w = STAILQ_FIRST(&p->queue)) != NULL) {
		rc = peer_send(p, w->datagram->data, w->datagram->len);
		if (rc == 0 || p->fd == -1)
			return false;
		p->local->bus.stats.sent += rc == 1 ? w->messages : 0;
		p->queued -= w->datagram->len;
		waiting_drop_first(&p->queue);
	}
	return peer_tell_flags(p);
}

/* A datagram for one peer: out, or into its queue, or lost and noted so. Once
 * something is lost, so is all that follows until the peer was told. */
static void
peer_give(struct peer *p, struct waiting *w)
{
	struct chunk *c = w->datagram;
	struct waiting *mine;

	if (p->fd == -1 || p->away)
		return;
	if (peer_flush(p) && peer_send(p, c->data, c->len) == 1) {
		p->local->bus.stats.sent += w->messages;
		return;
	}
	if (p->fd == -1)
		return;
	if (p->flags == 0 && p->queued + c->len <= QUEUE_MAX) {
		mine = waiting_new(chunk_ref(c), w->messages);
		STAILQ_INSERT_TAIL(&p->queue, mine, link);
		p->queued += c->len;
	} else {
		p->local->bus.stats.dropped += w->messages;
		p->flags |= WIRE_RESYNC;
	}
	peer_wait(p);
}

static void
peer_writable(evutil_socket_t fd, short what, void *arg)
{
	struct peer *p = arg;

	if (!peer_flush(p))
		peer_wait(p);
}

/* The open datagram becomes one of those to send. */
static void
local_seal(struct local *l)
{
	struct waiting *w;

	if (l->out.len == 0)
		return;
	w = waiting_new(chunk_new(l->out.data, l->out.len), l->out_messages);
	STAILQ_INSERT_TAIL(&l->turn, w, link);
	l->turn_bytes += l->out.len;
	l->out_messages = 0;
	if (l->out.cap > 2 * WIRE_USUAL)
		buf_free(&l->out);
	buf_clear(&l->out);
}

/* All that was published since the last time, to all others. */
static void
local_send_turn(void *arg)
{
	struct local *l = arg;
	struct waiting *w;

	local_seal(l);
	if (STAILQ_EMPTY(&l->turn))
		return;
	FAILPOINT("bus.before_publish");
	while ((w = STAILQ_FIRST(&l->turn)) != NULL) {
		for (unsigned i = 0; i < l->npeers; i++)
			peer_give(&l->peers[i], w);
		waiting_drop_first(&l->turn);
	}
	l->turn_bytes = 0;
	FAILPOINT("bus.after_publish");
}

/* Too large for a datagram: the others find it in the store. */
static void
local_lose(struct local *l)
{
	for (unsigned i = 0; i < l->npeers; i++) {
		if (l->peers[i].fd == -1 || l->peers[i].away)
			continue;
		l->bus.stats.dropped++;
		l->peers[i].flags |= WIRE_RESYNC;
		peer_wait(&l->peers[i]);
	}
}

static void
local_publish(struct bus *bus, const struct bus_msg *m)
{
	struct local *l = (struct local *)bus;

	if (m->len > BUS_DATA_MAX) {
		local_lose(l);
		return;
	}
	if (l->out.len + WIRE_MSG + m->len > WIRE_USUAL)
		local_seal(l);
	if (l->turn_bytes > TURN_MAX)
		local_send_turn(l);
	if (l->out.len == 0)
		wire_header(&l->out, 0, l->generation);
	wire_msg(&l->out, m);
	l->out_messages++;
}

/* Receiving ---------------------------------------------------------------- */

static void
peer_resync(struct peer *p)
{
	struct bus *bus = &p->local->bus;

	bus->stats.resyncs++;
	bus->ops->on_resync(bus->arg, p->place);
}

/* Hello and bye say whether it makes sense to send there. After an absence the
 * newcomer is told that it heard nothing of us until now. */
static void
peer_presence(struct peer *p, unsigned flags)
{
	if (flags & WIRE_BYE) {
		peer_forget_queue(p);
		p->flags = 0;
		p->away = true;
	} else if ((flags & WIRE_HELLO) && p->away) {
		p->away = false;
		p->flags |= WIRE_RESYNC;
		if (!peer_flush(p))
			peer_wait(p);
	}
}

/* Checked as a whole first: nothing of a broken datagram is used. */
static bool
messages_ok(const uint8_t *data, size_t len)
{
	size_t at = WIRE_HEADER;
	struct bus_msg m;
	int rc;

	while ((rc = wire_read_msg(data, len, &at, &m)) == 1)
		;
	return rc == 0;
}

static void
peer_datagram(struct peer *p, const uint8_t *data, size_t len)
{
	struct bus *bus = &p->local->bus;
	size_t at = WIRE_HEADER;
	uint32_t generation;
	unsigned flags;
	struct bus_msg m;

	if (wire_read_header(data, len, &flags, &generation) == -1 ||
	    !messages_ok(data, len)) {
		log_error(
		    "bus datagram malformed", "from=%u len=%zu", p->place, len);
		return;
	}
	/* 0: the master, in a dead worker's name */
	if (generation != 0 && generation < p->generation)
		return;
	if (generation != 0)
		p->generation = generation;
	peer_presence(p, flags);
	if (flags & WIRE_RESYNC)
		peer_resync(p);
	while (wire_read_msg(data, len, &at, &m) == 1) {
		bus->stats.received++;
		bus->ops->on_msg(bus->arg, p->place, generation, &m);
	}
}

/* An empty datagram and the end of the stream look alike. */
static bool
peer_hung_up(const struct peer *p)
{
	struct pollfd pfd = { .fd = p->fd, .events = POLLIN };

	return poll(&pfd, 1, 0) == 1 && (pfd.revents & (POLLHUP | POLLERR));
}

static void
peer_readable(evutil_socket_t fd, short what, void *arg)
{
	struct peer *p = arg;
	ssize_t n;

	for (int i = 0; i < READS_MAX && p->fd != -1; i++) {
		n = recv(
		    p->fd, p->local->in, WIRE_MAX, MSG_DONTWAIT | MSG_TRUNC);
		if (n == -1 && errno != ECONNRESET)
			return;
		if (n == -1 || (n == 0 && peer_hung_up(p))) {
			peer_lost(p);
			peer_resync(p);
		} else if (n > WIRE_MAX)
			log_error("bus datagram malformed", "from=%u len=%zd",
			    p->place, n);
		else
			peer_datagram(p, p->local->in, (size_t)n);
	}
}

/* Opening and closing ------------------------------------------------------ */

static void
peer_open(struct peer *p, struct local *l, unsigned place, int fd)
{
	struct event_base *base = loop_base(l->bus.loop);

	p->local = l;
	p->place = place;
	p->fd = fd;
	STAILQ_INIT(&p->queue);
	if (fd == -1)
		return;
	p->in = event_new(base, fd, EV_READ | EV_PERSIST, peer_readable, p);
	p->out = event_new(base, fd, EV_WRITE, peer_writable, p);
	if (p->in == NULL || p->out == NULL || event_add(p->in, NULL) == -1)
		log_fatal("libevent gives no event");
	p->flags = WIRE_HELLO | WIRE_RESYNC;
	if (!peer_flush(p))
		peer_wait(p);
}

static void
peer_close(struct peer *p)
{
	if (p->fd != -1) {
		if (!peer_flush(p) && p->queued > 0)
			p->flags |= WIRE_RESYNC;
		peer_forget_queue(p);
		if (p->fd != -1) {
			p->flags |= WIRE_BYE;
			peer_tell_flags(p);
		}
	}
	if (p->in != NULL)
		event_free(p->in);
	if (p->out != NULL)
		event_free(p->out);
}

/* Says what is left, then goodbye. */
static void
local_close(struct bus *bus)
{
	struct local *l = (struct local *)bus;

	local_send_turn(l);
	loop_forget(bus->loop, local_send_turn, l);
	for (unsigned i = 0; i < l->npeers; i++)
		peer_close(&l->peers[i]);
	buf_free(&l->out);
	free(l->in);
	free(l);
}

static const struct bus_driver local_driver = {
	.name = "local",
	.close = local_close,
	.publish = local_publish,
};

struct bus *
bus_open_local(struct loop *loop, const struct bus_conf *conf,
    const struct bus_ops *ops, void *arg, struct err *err)
{
	unsigned n = conf->pairs->workers;
	struct local *l;

	if (conf->worker >= n || conf->generation == 0) {
		err_set(err, ERR_INTERNAL, "the bus: no place %u of %u",
		    conf->worker, n);
		return NULL;
	}
	l = mem_zalloc(sizeof(*l) + n * sizeof(l->peers[0]));
	l->bus = (struct bus){
		.driver = &local_driver, .ops = ops, .arg = arg, .loop = loop
	};
	l->generation = conf->generation;
	l->npeers = n;
	l->in = mem_alloc(WIRE_MAX);
	STAILQ_INIT(&l->turn);
	for (unsigned i = 0; i < n; i++)
		peer_open(&l->peers[i], l, i,
		    *pairs_end(conf->pairs, conf->worker, i));
	loop_on_turn_end(loop, LOOP_ORDER_BUS, local_send_turn, l);
	return &l->bus;
}
