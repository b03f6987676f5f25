/* net/chunk.h - bytes written once and shared by many queues. */
#ifndef NET_CHUNK_H
#define NET_CHUNK_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/* Immutable once it is in a queue. Counted without locks: one thread only. */
struct chunk {
	uint32_t refs;
	uint32_t len;
	uint8_t data[];
};

struct chunk *chunk_new(const void *p, size_t len); /* copies; refs = 1 */
struct chunk *chunk_ref(struct chunk *c);
void chunk_unref(struct chunk *c);

#endif
