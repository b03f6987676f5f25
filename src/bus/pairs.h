/* bus/pairs.h - the sockets between the workers of a host. Private to src/bus.
 */
#ifndef BUS_PAIRS_H
#define BUS_PAIRS_H

#include "bus/bus.h"

/* fd[i * workers + j]: the end of place i towards place j; -1: none, closed. */
struct bus_pairs {
	unsigned workers;
	int fd[];
};

static inline int *
pairs_end(struct bus_pairs *p, unsigned from, unsigned to)
{
	return &p->fd[from * p->workers + to];
}

#endif
