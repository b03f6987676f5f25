/* bus/redis/datagram.h - what is published in Redis. Private to src/bus/redis.
 *
 *	header   magic (1 byte), flags (1), host (12), worker (2),
 *	         generation (4), which server (1), of how many (1)
 *	messages as in bus/wire.h
 *
 * Which server this is in the sender's list, so that hosts whose lists differ
 * are noticed. Integers are big endian. */
#ifndef BUS_REDIS_DATAGRAM_H
#define BUS_REDIS_DATAGRAM_H

#include "base/buf.h"
#include "bus/bus.h"

#define DATAGRAM_HEADER 22

enum {
	DATAGRAM_RESYNC = 1, /* messages before this one may have been lost */
	DATAGRAM_BEAT = 2,   /* the host lives */
};

struct datagram {
	unsigned flags;
	struct bus_from from;
	unsigned server, servers;
};

void datagram_header(struct buf *b, const struct datagram *d);

/* 0, or -1: not one of ours, or a message in it is malformed. */
int datagram_read(const uint8_t *p, size_t len, struct datagram *d_r);

#endif
