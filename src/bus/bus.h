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

/* A worker, of this host or another. */
struct bus_from {
	struct id host;      /* names one run of burungd on a host */
	unsigned worker;     /* its place there */
	uint32_t generation; /* rises with every new process in that place */
};

struct bus_ops {
	/* A message of another worker. */
	void (*on_msg)(
	    void *arg, const struct bus_from *from, const struct bus_msg *m);
	/* Something may have been lost: ask the store for news of all rooms.
	 * from: whose; NULL: anybody's. */
	void (*on_resync)(void *arg, const struct bus_from *from);
	/* What is published on topic from now on arrives. May come from inside
	 * bus_subscribe. May be NULL. */
	void (*on_ready)(void *arg, const struct id *topic);
};

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
	const char *url;         /* what bus_check takes; NULL: "local" */
	struct id host;          /* of this run; the same for all its workers */
	unsigned worker;         /* which one this is, from 0 */
	uint32_t generation;     /* of this process in its place, from 1 */
	struct bus_pairs *pairs; /* between the workers of this host */
};

/* Is url one: "local", or "redis://…" as conf/burungd.conf says? Connects to
 * nothing. 0, or -1 with *err. */
int bus_check(const char *url, struct err *err);

/* Writes it for people, without passwords: "redis 10.0.0.20:6379". */
void bus_describe(const char *url, char *out, size_t size);

/* The others get on_resync when it opens and (from the master, or when its
 * whole host falls silent) when it died. Needs no server to be there: the bus
 * finds it when it comes. ops stays the caller's. NULL with *err. */
struct bus *bus_open(struct loop *loop, const struct bus_conf *conf,
    const struct bus_ops *ops, void *arg, struct err *err);
/* Sends what is left of the turn and says goodbye. NULL-safe. */
void bus_close(struct bus **bus);

/* Interest in a topic: counted, each subscribe needs one unsubscribe. Messages
 * on other topics may come all the same. on_ready follows, or an on_resync
 * which covers it. */
void bus_subscribe(struct bus *bus, const struct id *topic);
void bus_unsubscribe(struct bus *bus, const struct id *topic);

/* Copies the message; it leaves at the end of the turn together with all
 * others. Never blocks, never fails: what cannot be sent in time is dropped and
 * the receiver told to resync. Not delivered to oneself. */
void bus_publish(struct bus *bus, const struct bus_msg *m);

/* Messages, each counted once per peer (servers count as one); resyncs: calls
 * of on_resync. */
struct bus_stats {
	uint64_t sent, received, dropped, resyncs;
};
void bus_stats(const struct bus *bus, struct bus_stats *s_r);

/* How the bus beyond this host is. Local: no servers, all well. */
struct bus_state {
	unsigned servers, up; /* up: heard and answering */
	uint32_t lag_ms;      /* of the slowest: a message to oneself */
	char why[160];        /* what is wrong; "" when nothing is */
};
void bus_state(const struct bus *bus, struct bus_state *s_r);

/* How long ago another host was last heard on every server, under the same
 * list of servers as ours; UINT64_MAX: never. */
uint64_t bus_heard_ms(const struct bus *bus, const struct id *host);

#endif
