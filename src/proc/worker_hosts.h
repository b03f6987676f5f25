/* proc/worker_hosts.h - a worker's part in knowing the other hosts: one of them
 * at a time asks the store, all listen on the bus. Private to src/proc. */
#ifndef PROC_WORKER_HOSTS_H
#define PROC_WORKER_HOSTS_H

#include "base/buf.h"
#include "bus/bus.h"
#include "proc/server.h"
#include "store/store.h"

struct worker_hosts {
	const struct server *s;
	struct store *store;
	struct bus *bus;
	struct board_worker *board;
	loop_cb *resync; /* asks the store for what the bus does not bring */
	void *arg;
	bool shared; /* the store is: there may be other hosts */
	bool asking;
	unsigned ticks;
	unsigned unheard;   /* hosts, at the last tick */
	uint64_t twin_ms;   /* said of that one already */
	struct buf missing; /* their names */
};

/* The members up to arg are set by the caller. */
void worker_hosts_open(struct worker_hosts *w);
void worker_hosts_tick(struct worker_hosts *w); /* once a second */
void worker_hosts_close(struct worker_hosts *w);

/* Appends why this worker should get no new clients; nothing: all is well. */
void worker_hosts_why(const struct worker_hosts *w, struct buf *out);

#endif
