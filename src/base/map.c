/* base/map.c - open addressing with linear probing; an entry that goes lets
 * those behind it move up, so that there are no tombstones. */
#include "base/map.h"

#include <bsd/stdlib.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/sip.h"

#define CAP_MIN 8

/* Clients choose some keys; drawn once per process. */
static struct sip_key secret;
static pthread_once_t secret_once = PTHREAD_ONCE_INIT;

static void
secret_draw(void)
{
	arc4random_buf(&secret, sizeof(secret));
}

void
map_init_at(struct map *m, size_t key_off, size_t key_len)
{
	pthread_once(&secret_once, secret_draw);
	memset(m, 0, sizeof(*m));
	m->key_off = (uint32_t)key_off;
	m->key_len = (uint32_t)key_len;
}

void
map_free(struct map *m)
{
	free(m->slots);
	m->slots = NULL;
	m->cap = m->count = 0;
}

static const void *
key_of(const struct map *m, const void *obj)
{
	return (const char *)obj + m->key_off;
}

static size_t
home(const struct map *m, const void *key)
{
	return sip_hash(&secret, key, m->key_len, 1, 3) & (m->cap - 1);
}

/* The slot with that key, or the empty one where it would go. */
static size_t
find(const struct map *m, const void *key)
{
	size_t i = home(m, key);

	while (m->slots[i] != NULL &&
	       memcmp(key_of(m, m->slots[i]), key, m->key_len) != 0)
		i = (i + 1) & (m->cap - 1);
	return i;
}

static void
grow(struct map *m)
{
	void **old = m->slots;
	size_t old_cap = m->cap;

	m->cap = old_cap > 0 ? old_cap * 2 : CAP_MIN;
	m->slots = mem_calloc(m->cap, sizeof(*m->slots));
	for (size_t i = 0; i < old_cap; i++)
		if (old[i] != NULL)
			m->slots[find(m, key_of(m, old[i]))] = old[i];
	free(old);
}

void *
map_get(const struct map *m, const void *key)
{
	return m->count == 0 ? NULL : m->slots[find(m, key)];
}

void
map_put(struct map *m, void *obj)
{
	if (m->count + 1 > m->cap / 4 * 3)
		grow(m);
	m->slots[find(m, key_of(m, obj))] = obj;
	m->count++;
}

/* Fills the hole at i with entries behind it that may go there: those whose
 * home does not lie between the hole and themselves. None goes further back
 * than the hole, but that those at the table's begin may come round to its end:
 * a walk that looks at the hole's place again leaves out nothing. */
static void
close_hole(struct map *m, size_t hole)
{
	size_t mask = m->cap - 1;

	for (size_t i = (hole + 1) & mask; m->slots[i] != NULL;
	     i = (i + 1) & mask) {
		size_t from_home = (i - home(m, key_of(m, m->slots[i]))) & mask;

		if (from_home < ((i - hole) & mask))
			continue;
		m->slots[hole] = m->slots[i];
		hole = i;
	}
	m->slots[hole] = NULL;
}

void *
map_remove(struct map *m, const void *key)
{
	void *obj;
	size_t i;

	if (m->count == 0)
		return NULL;
	i = find(m, key);
	obj = m->slots[i];
	if (obj == NULL)
		return NULL;
	close_hole(m, i);
	m->count--;
	return obj;
}

void *
map_next(const struct map *m, size_t *i)
{
	while (*i < m->cap)
		if (m->slots[(*i)++] != NULL)
			return m->slots[*i - 1];
	return NULL;
}
