/* net/chunk.c - counted, immutable bytes. */
#include "net/chunk.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"

struct chunk *
chunk_new(const void *p, size_t len)
{
	struct chunk *c;

	if (len > UINT32_MAX)
		log_fatal("a chunk of %zu bytes", len);
	c = mem_alloc(sizeof(*c) + len);
	c->refs = 1;
	c->len = (uint32_t)len;
	if (len > 0)
		memcpy(c->data, p, len);
	return c;
}

struct chunk *
chunk_ref(struct chunk *c)
{
	c->refs++;
	return c;
}

void
chunk_unref(struct chunk *c)
{
	if (--c->refs == 0)
		free(c);
}
