/* t/unit/chat_whereabouts.c - the set of (person, worker) against a plain table
 * that does the same. */
#include <stdlib.h>
#include <string.h>

#include "../lib/tap.h"
#include "base/id.h"
#include "chat/whereabouts.h"

#define PEOPLE  400
#define WORKERS 5
#define STEPS   100000

static struct id people[PEOPLE];
static bool at[PEOPLE][WORKERS];
static uint64_t seed = 0x9e3779b97f4a7c15;

static uint32_t
below(uint32_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 33) % n;
}

static size_t
person(const struct id *id)
{
	size_t i = 0;

	while (i < PEOPLE && !id_eq(&people[i], id))
		i++;
	return i;
}

/* How often set and table disagree on who is anywhere. */
static int
wrong_anywhere(const struct whereabouts *w)
{
	int wrong = 0;
	bool any;

	for (size_t i = 0; i < PEOPLE; i++) {
		any = false;
		for (size_t k = 0; k < WORKERS; k++)
			any = any || at[i][k];
		wrong += whereabouts_anywhere(w, &people[i]) != any;
	}
	return wrong;
}

/* The same on who is at one worker. */
static int
wrong_lists(const struct whereabouts *w)
{
	size_t n, i, all = 0, listed = 0;
	struct id *ids;
	int wrong = 0;

	for (uint32_t k = 0; k < WORKERS; k++) {
		ids = whereabouts_at(w, k + 1, &n);
		listed += n;
		for (size_t j = 0; j < n; j++) {
			i = person(&ids[j]);
			wrong += i == PEOPLE || !at[i][k];
		}
		free(ids);
		for (i = 0; i < PEOPLE; i++)
			all += at[i][k];
	}
	return wrong + (all != listed) + (w->count != all);
}

/* More come than go, or the other way round. */
static int
some_steps(struct whereabouts *w, uint32_t come, int steps)
{
	int wrong = 0;

	while (steps-- > 0) {
		uint32_t i = below(PEOPLE), k = below(WORKERS);
		bool add = below(10) < come, done;

		done = add ? whereabouts_add(w, &people[i], k + 1)
			   : whereabouts_remove(w, &people[i], k + 1);
		wrong += done != (add ? !at[i][k] : at[i][k]);
		at[i][k] = add;
	}
	return wrong;
}

int
main(void)
{
	struct whereabouts w = { 0 };
	int answers = 0, anywhere = 0, lists = 0;

	for (size_t i = 0; i < PEOPLE; i++)
		people[i] = id_new();
	ok(!whereabouts_anywhere(&w, &people[0]) &&
		!whereabouts_remove(&w, &people[0], 1),
	    "nobody is in an empty set");
	for (int round = 0; round < 20; round++) {
		answers += some_steps(&w, round % 2 ? 2 : 8, STEPS / 20);
		anywhere += wrong_anywhere(&w);
		lists += wrong_lists(&w);
	}
	is_int(answers, 0, "coming and going says whether it changed anything");
	is_int(anywhere, 0, "who is anywhere is known");
	is_int(lists, 0, "and who is at each worker, once");
	whereabouts_free(&w);
	ok(!whereabouts_anywhere(&w, &people[0]), "it is empty when freed");
	return done_testing();
}
