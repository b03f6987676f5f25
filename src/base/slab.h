/* base/slab.h - objects of one size, of which there are tens of thousands for
 * long: without malloc's eight bytes each, and not strewn between what else was
 * allocated while they came, which would keep whole pages from being given
 * back. For one thread. */
#ifndef BASE_SLAB_H
#define BASE_SLAB_H

#include <sys/queue.h>

#include <stddef.h>

struct slab;

struct slabs {
	size_t size;            /* of each object */
	size_t used;            /* objects that are out */
	LIST_HEAD(, slab) open; /* slabs with room */
	struct slab *spare;     /* an empty one of them */
};

/* For objects of 8 to 4096 bytes. Nothing is allocated yet. */
void slabs_init(struct slabs *s, size_t size);
/* All objects must be back: those that are not are logged as leaked, and what
 * is built with failpoints for tests ends there. */
void slabs_free(struct slabs *s);

/* Cleared, aligned to 8 bytes. Never NULL. */
void *slab_get(struct slabs *s);
void slab_put(struct slabs *s, void *object);

#endif
