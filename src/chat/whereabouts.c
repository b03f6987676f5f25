/* chat/whereabouts.c - open addressing with linear probing. Whoever is at
 * several workers has several slots in a row of occupied ones; a slot that
 * becomes free is filled from behind, so that there are no tombstones. The ids
 * are made by servers, so nobody can choose them to collide. */
#include "chat/whereabouts.h"

#include <stdlib.h>

#include "base/mem.h"

#define CAP_MIN 16

void
whereabouts_free(struct whereabouts *w)
{
	free(w->slots);
	*w = (struct whereabouts){ 0 };
}

static size_t
home(const struct whereabouts *w, const struct id *user)
{
	return (size_t)(id_mix(user) >> 32) & (w->cap - 1);
}

static size_t
after(const struct whereabouts *w, size_t i)
{
	return (i + 1) & (w->cap - 1);
}

/* The user's slot at worker (0: at any), or the empty one that ends the
 * search. */
static size_t
find(const struct whereabouts *w, const struct id *user, uint32_t worker)
{
	size_t i = home(w, user);

	while (w->slots[i].worker != 0 &&
	       !(id_eq(&w->slots[i].user, user) &&
		   (worker == 0 || w->slots[i].worker == worker)))
		i = after(w, i);
	return i;
}

bool
whereabouts_anywhere(const struct whereabouts *w, const struct id *user)
{
	return w->count > 0 && w->slots[find(w, user, 0)].worker != 0;
}

/* At most 7 of 8 slots are used. */
static void
grow(struct whereabouts *w)
{
	struct whereabouts old = *w;
	const struct whereabout *s;

	w->cap = old.cap == 0 ? CAP_MIN : old.cap * 2;
	w->slots = mem_calloc(w->cap, sizeof(w->slots[0]));
	for (size_t i = 0; i < old.cap; i++) {
		s = &old.slots[i];
		if (s->worker != 0)
			w->slots[find(w, &s->user, s->worker)] = *s;
	}
	free(old.slots);
}

bool
whereabouts_add(struct whereabouts *w, const struct id *user, uint32_t worker)
{
	size_t i;

	if ((w->count + 1) * 8 > w->cap * 7)
		grow(w);
	i = find(w, user, worker);
	if (w->slots[i].worker != 0)
		return false;
	w->slots[i] = (struct whereabout){ *user, worker };
	w->count++;
	return true;
}

/* Those behind i move up, unless they would come before their home. */
static void
close_gap(struct whereabouts *w, size_t i)
{
	size_t mask = w->cap - 1, from;

	for (size_t j = after(w, i); w->slots[j].worker != 0; j = after(w, j)) {
		from = home(w, &w->slots[j].user);
		if (((j - from) & mask) < ((j - i) & mask))
			continue;
		w->slots[i] = w->slots[j];
		i = j;
	}
	w->slots[i].worker = 0;
}

bool
whereabouts_remove(
    struct whereabouts *w, const struct id *user, uint32_t worker)
{
	size_t i;

	if (w->count == 0)
		return false;
	i = find(w, user, worker);
	if (w->slots[i].worker == 0)
		return false;
	close_gap(w, i);
	w->count--;
	return true;
}

struct id *
whereabouts_at(const struct whereabouts *w, uint32_t worker, size_t *n_r)
{
	struct id *ids = NULL;
	size_t n = 0;

	for (size_t i = 0; i < w->cap; i++)
		n += w->slots[i].worker == worker;
	ids = mem_calloc(n + 1, sizeof(*ids));
	*n_r = n;
	for (size_t i = w->cap; i-- > 0;)
		if (w->slots[i].worker == worker)
			ids[--n] = w->slots[i].user;
	return ids;
}
