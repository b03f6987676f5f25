/* t/unit/chat_hub_rooms.c - who hears which room, in both directions, however
 * people come and go. */

#include "../lib/tap.h"
#include "chat/hub_private.h"

#define USERS 120
#define ROOMS 4
#define TURNS 20000

static struct hub hub;
static struct hub_user users[USERS];
static struct hub_room rooms[ROOMS];
static bool in[USERS][ROOMS]; /* who should be where */

static unsigned
count(const struct hub_room *room, const struct hub_user *u)
{
	unsigned n = 0;

	for (uint32_t i = 0; i < room->nusers; i++)
		n += room->users[i] == u;
	return n;
}

static unsigned
count_rooms(const struct hub_user *u, const struct hub_room *room)
{
	unsigned n = 0;

	for (uint32_t i = 0; i < u->nrooms; i++)
		n += u->rooms[i] == room;
	return n;
}

static bool
all_right(void)
{
	for (size_t i = 0; i < USERS; i++)
		for (size_t k = 0; k < ROOMS; k++)
			if (count(&rooms[k], &users[i]) != in[i][k] ||
			    count_rooms(&users[i], &rooms[k]) != in[i][k])
				return false;
	return true;
}

/* Some of the first room's people are in the others too. */
static void
toggle(size_t i, size_t k)
{
	if (in[i][k])
		hub_detach(&hub, &users[i], &rooms[k], 0);
	else
		hub_attach(&hub, &users[i], &rooms[k]);
	in[i][k] = !in[i][k];
}

static void
test_random(void)
{
	size_t wrong = 0;

	for (size_t i = 0; i < USERS; i++)
		toggle(i, 0);
	for (unsigned turn = 0; turn < TURNS; turn++) {
		size_t k = (size_t)(random() % ROOMS);

		toggle((size_t)(random() % USERS), k);
		if (turn % 100 == 0 && !all_right())
			wrong++;
	}
	is_int(wrong, 0, "everybody is where they should be, once");
}

static void
test_all_gone(void)
{
	for (size_t i = 0; i < USERS; i++)
		for (size_t k = 0; k < ROOMS; k++)
			if (in[i][k])
				toggle(i, k);
	ok(all_right(), "all have left");
	for (size_t k = 0; k < ROOMS; k++)
		is_int(rooms[k].nusers, 0, "room %zu is empty", k);
}

int
main(void)
{
	srandom(4711);
	for (size_t i = 0; i < USERS; i++) {
		users[i].rooms = &users[i].first;
		users[i].cap = 1;
		SLIST_INIT(&users[i].devices);
	}
	test_random();
	test_all_gone();
	for (size_t k = 0; k < ROOMS; k++)
		free(rooms[k].users);
	for (size_t i = 0; i < USERS; i++)
		if (users[i].rooms != &users[i].first)
			free(users[i].rooms);
	return done_testing();
}
