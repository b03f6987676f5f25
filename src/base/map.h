/* base/map.h - a hash table of pointers to objects that carry their own key: 8
 * bytes a slot, open addressing, keyed SipHash (clients choose some keys). */
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include <stddef.h>
#include <stdint.h>

/* key_off: where in the object its key starts; key_len: its length. */
struct map {
	void **slots;
	size_t cap; /* 0 or a power of two */
	size_t count;
	uint32_t key_off;
	uint32_t key_len;
};

/* map_init(&m, struct room, id) */
#define map_init(m, type, field)                                               \
	map_init_at((m), offsetof(type, field), sizeof(((type *)0)->field))
void map_init_at(struct map *m, size_t key_off, size_t key_len);
void map_free(struct map *m); /* the table, not the objects */

/* The object with that key, or NULL. */
void *map_get(const struct map *m, const void *key);

/* Puts obj in; an object with the same key must not be there. */
void map_put(struct map *m, void *obj);

/* Takes the object with that key out; it or NULL. */
void *map_remove(struct map *m, const void *key);

/* for (size_t i = 0; (obj = map_next(&m, &i)) != NULL;) … Nothing may be put
 * during the walk, and only the current object be removed; after that the walk
 * goes one step back (i--), to what has moved up. It may then see a second time
 * what it has passed, but leaves out nothing. */
void *map_next(const struct map *m, size_t *i);

#endif
