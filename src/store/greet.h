/* store/greet.h - what a device that says hello is to be told, for many of them
 * at a time. Blocks: only on a store thread. */
#ifndef STORE_GREET_H
#define STORE_GREET_H

#include "store/rooms.h"
#include "store/users.h"

/* The self room is read first, so that what happens later stands in it behind
 * self_seq; then the session, then the rooms and their heads, so that a room
 * whose leave is not heard behind its head is not among them. */
struct greeting {
	struct id user, session;
	size_t limit; /* of rooms */

	/* The answer; lists to be freed with greeting_clear. */
	int found; /* 1; 0: the session is over; -1: err */
	struct err err;
	struct user account;
	uint64_t self_seq;
	struct head_list heads;  /* of all rooms, as db_heads_of */
	struct room_views rooms; /* the first ones, as db_rooms_of */
};

void db_greet(struct db *db, struct greeting *const *v, size_t n);
void greeting_clear(struct greeting *g);

/* Sessions by the hashes of their tokens, without what db_session_get says of
 * the user. */
struct session_ask {
	uint8_t hash[TOKEN_HASH];
	int found; /* as db_session_get */
	struct err err;
	struct session session;
};
void db_sessions_get(
    struct db *db, struct session_ask *const *v, size_t n, uint64_t now);

/* The cids of events; zero where there is none. 0 or -1. */
struct event_at {
	struct id room;
	uint64_t seq;
	struct cid cid;
};
int db_cids(struct db *db, struct event_at *v, size_t n, struct err *err);

#endif
