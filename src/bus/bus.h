/* bus/bus.h - how workers deliver to each other. It may lose, repeat and
 * reorder; those who listen repair from the store, and are told when they
 * should (resync). */
#ifndef BUS_BUS_H
#define BUS_BUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/id.h"
#include "net/loop.h"

struct bus;

/* On the wire: never change a number. */
enum bus_type {
	BUS_EVENT = 1,    /* topic: room; n: seq; data: kind (1 byte), from's
			   * and subject's id as the hub needs, the JSON */
	BUS_TYPING = 2,   /* topic: room */
	BUS_PRESENCE = 3, /* topic: zero, to all */
	BUS_CONTROL = 4,  /* topic: zero, to all */
	BUS_USER = 5,     /* topic: zero, to all; chat/notice.h */
};

struct bus_msg {
	enum bus_type type;
	struct id topic; /* zero: everybody gets it */
	uint64_t n;
	const uint8_t *data; /* borrowed */
	size_t len;          /* above BUS_DATA_MAX: lost, and told */
};
#define BUS_DATA_MAX 131072

struct bus_ops {
	/* A message of another worker. from: who sent it; generation: rises
	 * with every new process in that place. */
	void (*on_msg)(void *arg, unsigned from, uint32_t generation,
	    const struct bus_msg *m);
	/* Something may have been lost: ask the store for news of all rooms.
	 * from: whose, or BUS_ANY. */
	void (*on_resync)(void *arg, unsigned from);
};
#define BUS_ANY (~0u)

/* The sockets between the workers of one host, made before the fork. */
struct bus_pairs;
struct bus_pairs *bus_pairs_new(unsigned workers, struct err *err);
/* In a worker after the fork: closes the ends of the others. */
void bus_pairs_keep(struct bus_pairs *p, unsigned worker);
void bus_pairs_free(struct bus_pairs **p);
/* In the master: tells all workers that `dead` died (they get on_resync). */
void bus_pairs_resync(struct bus_pairs *p, unsigned dead);
/* In the master: there is nobody in that place, and nobody follows at once; the
 * others send nothing there until somebody opens it again. May be repeated,
 * for workers that were not there to hear it. */
void bus_pairs_empty(struct bus_pairs *p, unsigned place);

struct bus_conf {
	unsigned worker;     /* which one this is, from 0 */
	uint32_t generation; /* of this process in its place, from 1 */
	struct bus_pairs *pairs;
};

/* The local driver. The others get on_resync when it opens and (from
 * the master) when it died. NULL with *err. */
struct bus *bus_open_local(struct loop *loop, const struct bus_conf *conf,
    const struct bus_ops *ops, void *arg, struct err *err);
/* Sends what is left of the turn and says goodbye. NULL-safe. */
void bus_close(struct bus **bus);

/* Interest in a topic: counted, each subscribe needs one unsubscribe. Messages
 * on other topics may come all the same. When ready is not NULL it is called
 * on the loop once what is published from then on arrives (local: before this
 * returns). */
void bus_subscribe(
    struct bus *bus, const struct id *topic, loop_cb *ready, void *arg);
void bus_unsubscribe(struct bus *bus, const struct id *topic);

/* Copies the message; it leaves at the end of the turn together with all
 * others. Never blocks, never fails: what cannot be sent in time is dropped and
 * the receiver told to resync. Not delivered to oneself. */
void bus_publish(struct bus *bus, const struct bus_msg *m);

/* Messages, each counted once per peer; resyncs: calls of on_resync. */
struct bus_stats {
	uint64_t sent, received, dropped, resyncs;
};
void bus_stats(const struct bus *bus, struct bus_stats *s_r);

#endif
