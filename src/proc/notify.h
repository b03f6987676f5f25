/* proc/notify.h - tells the service manager how it goes (sd_notify(3)). */
#ifndef PROC_NOTIFY_H
#define PROC_NOTIFY_H

#include <stdint.h>

#include "proc/places.h"

enum notify_state {
	NOTIFY_STARTING, /* said by silence */
	NOTIFY_READY,
	NOTIFY_RELOADING,
	NOTIFY_STOPPING,
};

struct notify {
	char path[108]; /* of its socket, "" when nobody wants to know */
	enum notify_state said;
	uint64_t every_ms; /* sign of life; 0: none wanted */
	uint64_t due_ms;
};

/* Takes from the environment who wants to know, and forgets it there. */
void notify_init(struct notify *n);

/* Says what changed: READY when all workers serve, RELOADING while they are
 * replaced, STOPPING. Gives the sign of life that a watchdog waits for, unless
 * every worker that should serve is silent. Call it at least four times a
 * second. */
void notify_follow(struct notify *n, const struct places *p);

#endif
