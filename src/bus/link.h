/* bus/link.h - what a worker sends to one other over their socketpair: never
 * blocks, queues a little, then drops and says so. Private to src/bus. */
#ifndef BUS_LINK_H
#define BUS_LINK_H

#include <sys/queue.h>

#include "bus/bus.h"
#include "net/chunk.h"

struct event;
struct waiting;

/* A datagram that waits, with how many messages are in it. */
struct waiting {
	STAILQ_ENTRY(waiting) link;
	struct chunk *datagram;
	unsigned messages;
};
STAILQ_HEAD(waiting_list, waiting);

/* Takes over one reference of datagram. */
struct waiting *waiting_new(struct chunk *datagram, unsigned messages);
void waiting_drop_first(struct waiting_list *l);

struct link {
	struct event *out; /* added while something waits */
	struct waiting_list queue;
	size_t queued;       /* bytes in it */
	uint32_t generation; /* the sender's own */
	struct bus_stats *stats;
	int fd;        /* -1: to oneself, or the socket is gone */
	uint8_t flags; /* WIRE_* to be told behind the queue; 0: nothing lost */
	bool away;     /* nobody there: nothing is sent */
};

/* Says hello. fd stays the caller's; -1: a link that does nothing. */
void link_open(struct link *l, struct loop *loop, int fd);
/* What waits is lost, which the last words say; then goodbye. */
void link_close(struct link *l);
/* The socket is of no use any more. Only when its other end was closed: the
 * master keeps it open as long as it lives. */
void link_break(struct link *l);

/* Out, or into the queue, or lost and noted so. Once something is lost, so is
 * all that follows until the other side was told. */
void link_give(struct link *l, const struct waiting *w);
/* Something for the other side is lost: tell it. */
void link_lose(struct link *l);

/* There is nobody any more; there is somebody, who (after an absence) is told
 * that it heard nothing of us until now. */
void link_away(struct link *l);
void link_back(struct link *l);

#endif
