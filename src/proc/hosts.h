/* proc/hosts.h - the hosts that share the store, as watched from this one.
 *
 * Each host writes a heartbeat into the store, and is heard on the bus. Who
 * lives by the one and is not heard by the other is split off: its users and
 * ours would be in the same rooms and not see each other. Clocks are not
 * compared: that a heartbeat changes is life. Private to src/proc. */
#ifndef PROC_HOSTS_H
#define PROC_HOSTS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/shlock.h"
#include "store/nodes.h"

enum {
	HOSTS_MAX = 256,        /* watched */
	HOSTS_BEAT_MS = 1000,   /* between two heartbeats in the store */
	HOSTS_LIVE_MS = 6000,   /* a change so long ago is life */
	HOSTS_JUDGE_MS = 4000,  /* watched so long without a change: dead */
	HOSTS_HEARD_MS = 6000,  /* not heard so long: not heard */
	HOSTS_FORGET_MS = 60000 /* dead so long: deleted */
};

struct host {
	struct node node;
	uint64_t first_ms;   /* when this run of it was seen first */
	uint64_t changed_ms; /* its last heartbeat; 0: none since first_ms */
	uint64_t unheard_ms; /* when one of our workers missed it last; 0 */
};

/* May lie in shared memory; who shares it takes lock. Times: clock_mono_ms. */
struct hosts {
	struct shlock lock;
	_Atomic uint64_t asked_ms; /* when a worker began to ask the store */
	_Atomic uint64_t twin_ms;  /* when another had our id; 0: never */
	unsigned more; /* share the store too, and are not watched */
	unsigned n;
	struct host v[HOSTS_MAX]; /* our own too */
};

/* What the store says now. */
void hosts_update(struct hosts *h, const struct node_list *l, uint64_t now);

bool host_is_live(const struct host *h, uint64_t now);
bool host_is_dead(const struct host *h, uint64_t now);

/* Appends "NAME (BUS)", behind a comma where there is something before. */
void host_name(struct buf *b, const struct host *h);

#endif
