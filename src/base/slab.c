/* base/slab.c - objects of one size, out of blocks whose addresses are a
 * multiple of their size, so that an object finds its block. */
#include "base/slab.h"

#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <sys/mman.h>

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#define HIDE(p, n) ASAN_POISON_MEMORY_REGION(p, n)
#define SHOW(p, n) ASAN_UNPOISON_MEMORY_REGION(p, n)
#else
#define HIDE(p, n) ((void)0)
#define SHOW(p, n) ((void)0)
#endif

#define SLAB_BYTES 65536

/* An object that was given back. */
struct gone {
	struct gone *next;
};

struct slab {
	LIST_ENTRY(slab) link; /* in open, while there is room */
	struct gone *gone;
	uint32_t used;
	uint32_t fresh; /* so many from the start were ever given out */
};

static size_t
capacity(const struct slabs *s)
{
	return (SLAB_BYTES - sizeof(struct slab)) / s->size;
}

static struct slab *
slab_of(void *object)
{
	return (
	    struct slab *)((uintptr_t)object & ~(uintptr_t)(SLAB_BYTES - 1));
}

/* Not malloc's: with such an alignment that leaves holes. */
static void *
map_aligned(void)
{
	uint8_t *p = mmap(NULL, 2 * SLAB_BYTES, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	size_t before;

	if (p == MAP_FAILED)
		log_fatal("out of memory: %d bytes", 2 * SLAB_BYTES);
	before = -(uintptr_t)p & (SLAB_BYTES - 1);
	if (before > 0)
		munmap(p, before);
	munmap(p + before + SLAB_BYTES, SLAB_BYTES - before);
	return p + before;
}

/* Its pages are touched only when objects of theirs are given out. */
static struct slab *
slab_new(struct slabs *s)
{
	struct slab *b = map_aligned();

	*b = (struct slab){ .used = 0 };
	HIDE(b + 1, SLAB_BYTES - sizeof(*b));
	LIST_INSERT_HEAD(&s->open, b, link);
	return b;
}

static void
slab_drop(struct slab *b)
{
	LIST_REMOVE(b, link);
	SHOW(b, SLAB_BYTES);
	munmap(b, SLAB_BYTES);
}

void
slabs_init(struct slabs *s, size_t size)
{
	*s = (struct slabs){ .size = (size + 7) & ~(size_t)7 };
	LIST_INIT(&s->open);
}

/* No tool sees a single object of them. */
static void
say_leaked(const struct slabs *s)
{
	log_error("objects leaked", "count=%zu size=%zu", s->used, s->size);
#ifdef ENABLE_FAILPOINTS
	abort();
#endif
}

void
slabs_free(struct slabs *s)
{
	if (s->used > 0)
		say_leaked(s);
	if (s->spare != NULL)
		slab_drop(s->spare);
	s->spare = NULL;
}

void *
slab_get(struct slabs *s)
{
	struct slab *b = LIST_FIRST(&s->open);
	void *p;

	if (b == NULL)
		b = slab_new(s);
	if (b == s->spare)
		s->spare = NULL;
	if (b->gone != NULL) {
		p = b->gone;
		SHOW(p, s->size);
		b->gone = b->gone->next;
	} else {
		p = (uint8_t *)(b + 1) + s->size * b->fresh++;
		SHOW(p, s->size);
	}
	if (++b->used == capacity(s))
		LIST_REMOVE(b, link);
	s->used++;
	return memset(p, 0, s->size);
}

void
slab_put(struct slabs *s, void *object)
{
	struct slab *b = slab_of(object);
	struct gone *o = object;

	if (b->used-- == capacity(s))
		LIST_INSERT_HEAD(&s->open, b, link);
	s->used--;
	o->next = b->gone;
	b->gone = o;
	HIDE(o, s->size);
	if (b->used > 0)
		return;
	if (s->spare != NULL && s->spare != b)
		slab_drop(b);
	else
		s->spare = b;
}
