/* bench/seed.c - fills an empty store for measurements: people with a session
 * each, spread over rooms.
 *
 *   seed STORE USERS ROOMS > people
 *
 * STORE is an SQLite file or a mongodb:// URI.
 * Person i is in room i % ROOMS. Prints a line each: token, user, room. The
 * server must not run. */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "chat/auth.h"
#include "model/room.h"
#include "net/loop.h"
#include "store/rooms.h"
#include "store/store.h"
#include "store/users.h"

struct seed {
	struct loop *loop;
	size_t nusers, nrooms;
	struct id *users, *rooms;
	struct err err;
};

static int
add_user(struct db *db, struct seed *s, size_t i)
{
	struct user u = { .id = id_new(), .created = clock_wall_ms() };
	char token[AUTH_TOKEN], hex[ID_HEX], room[ID_HEX];
	uint8_t hash[TOKEN_HASH];
	struct session session;

	snprintf(u.name, sizeof(u.name), "u%zu", 100 + i);
	s->users[i] = u.id;
	auth_token_new(token, hash);
	auth_session_begin(&session, &u.id, "bench");
	if (db_user_create(db, &u, "*", false, &s->err) == -1 ||
	    db_session_create(db, &session, hash, &s->err) == -1)
		return -1;
	printf("%s %s %s\n", token, id_hex(&u.id, hex),
	    id_hex(&s->rooms[i % s->nrooms], room));
	return 0;
}

/* With all its people at once. */
static int
add_room(struct db *db, struct seed *s, size_t k)
{
	struct id *users =
	    mem_calloc(s->nusers / s->nrooms + 1, sizeof(*users));
	struct room_new n = { .cid = cid_new(), .users = users };
	struct event_list more = { 0 };
	int rc;

	n.room.id = s->rooms[k];
	n.room.kind = ROOM_PRIVATE;
	snprintf(n.room.label, sizeof(n.room.label), "room %zu", k);
	n.creator = s->users[k];
	for (size_t i = k + s->nrooms; i < s->nusers; i += s->nrooms)
		users[n.nusers++] = s->users[i];
	rc = db_room_create(db, &n, &n.room.id, &more, &s->err);
	event_list_free(&more);
	free(users);
	return rc;
}

static void
work(struct db *db, void *arg)
{
	struct seed *s = arg;

	for (size_t k = 0; k < s->nrooms; k++)
		s->rooms[k] = id_new();
	for (size_t i = 0; i < s->nusers; i++)
		if (add_user(db, s, i) == -1)
			return;
	for (size_t k = 0; k < s->nrooms; k++)
		if (add_room(db, s, k) == -1)
			return;
}

static void
done(void *arg)
{
	struct seed *s = arg;

	loop_stop(s->loop);
}

static int
fill(struct seed *s, const struct store_conf *conf)
{
	struct store *st;

	s->loop = loop_new();
	if (store_prepare(conf, &s->err) == -1 ||
	    (st = store_open(conf, s->loop, &s->err)) == NULL)
		return -1;
	store_write(st, work, done, s);
	loop_run(s->loop);
	store_close(&st);
	loop_free(&s->loop);
	return s->err.code ? -1 : 0;
}

int
main(int argc, char **argv)
{
	struct shlock lock;
	struct store_conf conf = { .write_lock = &lock };
	struct seed s = { 0 };
	int rc;

	if (argc != 4 || sodium_init() == -1) {
		fprintf(stderr, "usage: seed STORE USERS ROOMS\n");
		return 2;
	}
	conf.path = argv[1];
	conf.driver = strncmp(argv[1], "mongodb", 7) == 0 ? argv[1] : "sqlite";
	s.nusers = strtoul(argv[2], NULL, 10);
	s.nrooms = strtoul(argv[3], NULL, 10);
	if (s.nrooms == 0 || s.nusers < s.nrooms) {
		fprintf(stderr, "seed: at least one person for each room\n");
		return 2;
	}
	s.users = mem_calloc(s.nusers, sizeof(*s.users));
	s.rooms = mem_calloc(s.nrooms, sizeof(*s.rooms));
	shlock_init(&lock);
	rc = fill(&s, &conf);
	if (rc == -1)
		fprintf(stderr, "seed: %s\n", s.err.text);
	free(s.users);
	free(s.rooms);
	return rc == -1;
}
