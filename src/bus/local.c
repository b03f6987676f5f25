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
#include "bus/link.h"
#include "bus/pairs.h"
#include "bus/wire.h"

enum {
	TURN_MAX = 262144, /* bytes of one turn before they leave early */
	READS_MAX = 32,    /* datagrams of one peer in one turn */
};

struct peer {
	struct link link; /* to it */
	struct local *local;
	struct event *in;
	struct bus_from who; /* generation: the newest heard of */
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

/* Sending ------------------------------------------------------------------ */

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
			link_give(&l->peers[i].link, w);
		waiting_drop_first(&l->turn);
	}
	l->turn_bytes = 0;
	FAILPOINT("bus.after_publish");
}

static void
local_publish(struct bus *bus, const struct bus_msg *m)
{
	struct local *l = (struct local *)bus;

	if (m->len > BUS_DATA_MAX) { /* the others find it in the store */
		for (unsigned i = 0; i < l->npeers; i++)
			link_lose(&l->peers[i].link);
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
	bus->ops->on_resync(bus->arg, &p->who);
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
		log_error("bus datagram malformed", "from=%u len=%zu",
		    p->who.worker, len);
		return;
	}
	/* 0: the master, in a dead worker's name */
	if (generation != 0 && generation < p->who.generation)
		return;
	if (generation != 0)
		p->who.generation = generation;
	if (flags & WIRE_BYE)
		link_away(&p->link);
	else if (flags & WIRE_HELLO)
		link_back(&p->link);
	if (flags & WIRE_RESYNC)
		peer_resync(p);
	while (wire_read_msg(data, len, &at, &m) == 1) {
		bus->stats.received++;
		bus->ops->on_msg(bus->arg, &p->who, &m);
	}
}

/* An empty datagram and the end of the stream look alike. */
static bool
hung_up(int fd)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };

	return poll(&pfd, 1, 0) == 1 && (pfd.revents & (POLLHUP | POLLERR));
}

static void
peer_gone(struct peer *p)
{
	link_break(&p->link);
	event_del(p->in);
	peer_resync(p);
}

/* One datagram. False: there is none. */
static bool
peer_read(struct peer *p, int fd)
{
	uint8_t *in = p->local->in;
	ssize_t n = recv(fd, in, WIRE_MAX, MSG_DONTWAIT | MSG_TRUNC);

	if (n == -1 && errno != ECONNRESET)
		return false;
	if (n == -1 || (n == 0 && hung_up(fd))) {
		peer_gone(p);
		return false;
	}
	if (n > WIRE_MAX)
		log_error("bus datagram malformed", "from=%u len=%zd",
		    p->who.worker, n);
	else
		peer_datagram(p, in, (size_t)n);
	return true;
}

static void
peer_readable(evutil_socket_t fd, short what, void *arg)
{
	struct peer *p = arg;

	for (int i = 0; i < READS_MAX; i++) {
		if (!peer_read(p, fd))
			return;
	}
}

/* Opening and closing ------------------------------------------------------ */

static void
peer_open(struct peer *p, struct local *l, const struct bus_conf *conf,
    unsigned place)
{
	int fd = *pairs_end(conf->pairs, conf->worker, place);
	struct loop *loop = l->bus.loop;

	p->local = l;
	p->who.host = conf->host;
	p->who.worker = place;
	p->link.generation = l->generation;
	p->link.stats = &l->bus.stats;
	link_open(&p->link, loop, fd);
	if (fd == -1)
		return;
	p->in = event_new(
	    loop_base(loop), fd, EV_READ | EV_PERSIST, peer_readable, p);
	if (p->in == NULL || event_add(p->in, NULL) == -1)
		log_fatal("libevent gives no event");
}

/* Says what is left, then goodbye. */
static void
local_close(struct bus *bus)
{
	struct local *l = (struct local *)bus;

	local_send_turn(l);
	loop_forget(bus->loop, local_send_turn, l);
	for (unsigned i = 0; i < l->npeers; i++) {
		link_close(&l->peers[i].link);
		if (l->peers[i].in != NULL)
			event_free(l->peers[i].in);
	}
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
local_open(struct loop *loop, const struct bus_conf *conf,
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
		peer_open(&l->peers[i], l, conf, i);
	loop_on_turn_end(loop, LOOP_ORDER_BUS, local_send_turn, l);
	return &l->bus;
}
