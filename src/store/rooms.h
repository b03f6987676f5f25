/* store/rooms.h - rooms, members and their logs. All calls block: only on a
 * store thread. Lookups: 1 found, 0 absent, -1 *err. */
#ifndef STORE_ROOMS_H
#define STORE_ROOMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/id.h"
#include "model/event.h"
#include "model/room.h"
#include "store/store.h"
#include "store/users.h"

/* A room to be made. Its log begins with create and a join for each, the
 * owner's first; whoever is named twice joins once. A group is found again by
 * its creator's cid, which is also the cid of the `added` entry in the
 * creator's self room. Asking again with another kind or label is a CONFLICT. A
 * new member's cursor is at the join: what was before is not unread. */
struct room_new {
	struct room room;  /* id, kind, label */
	struct id creator; /* owner; both are members of a direct room */
	struct cid cid;    /* repeated by the same creator: the same room */
	const struct id *users; /* further members (direct: the other one) */
	size_t nusers;          /* unknown ids are an error NOT_FOUND */
	uint32_t owned_max; /* a group when the creator owns so many already:
			     * FORBIDDEN. 0: no limit */
};

/* Makes the room, or finds the one of that direct pair or that cid (then
 * nothing is written and *more is empty). 1 made, 0 was there, -1. *id_r is its
 * id. more gets all events, of the room and of self rooms, in order. */
int db_room_create(struct db *db, const struct room_new *n, struct id *id_r,
    struct event_list *more, struct err *err);

int db_room_get(
    struct db *db, const struct id *id, struct room *r, struct err *err);
/* Absent: *m_r has room and user, and role NONE. */
int db_member_get(struct db *db, const struct id *room, const struct id *user,
    struct member *m_r, struct err *err);

/* The room as user sees it; found also when not a member (role NONE; then
 * without peer and last message). */
int db_room_view(struct db *db, const struct id *room, const struct id *user,
    struct room_view *v_r, struct err *err);

/* Rooms of a user by falling last activity (at, id), those behind (at, id) when
 * at > 0. 0 or -1. */
struct room_pos {
	uint64_t at;
	struct id id;
};
int db_rooms_of(struct db *db, const struct id *user,
    const struct room_pos *after, size_t limit, struct room_views *l_r,
    struct err *err);

/* Public groups whose label begins with prefix (case folded), by
 * (folded label, id), those behind (label, id) when label is not "". */
int db_groups_prefix(struct db *db, const struct id *user, const char *prefix,
    const struct room *after, size_t limit, struct room_views *l_r,
    struct err *err);

/* Public groups whose label has, for each word of words (1 to GROUP_WORDS of
 * them, of ROOM_LABEL_MAX characters together), one that begins with it, case
 * folded; each once, by (the word found, id). *pos: list those behind it (word
 * "": from the start), and where the last one listed is; word "": that was
 * all. */
#define GROUP_WORDS 8
struct group_pos {
	char word[ROOM_LABEL_MAX * 4 + 1];
	struct id id;
};
int db_groups_words(struct db *db, const struct id *user, const char *words,
    struct group_pos *pos, size_t limit, struct room_views *l_r,
    struct err *err);

struct member_view {
	struct member member;
	struct user user;
};
struct member_views {
	struct member_view *v;
	size_t n;
};
void member_views_free(struct member_views *l);

/* Members by joined seq, those behind after (0: from the start). */
int db_members(struct db *db, const struct id *room, uint64_t after,
    size_t limit, struct member_views *l_r, struct err *err);

/* All rooms a user is a member of, with their heads: for the hub. The self room
 * is not among them. */
struct head {
	struct id room;
	uint64_t seq;
	uint32_t members;
	struct cid cid;
	uint64_t joined; /* db_heads_of: since which event the user is in */
};
struct head_list {
	struct head *v;
	size_t n;
};
void head_list_free(struct head_list *l);
int db_heads_of(struct db *db, const struct id *user, struct head_list *l_r,
    struct err *err);

/* Current heads of up to n rooms (self rooms too) in place: seq, members, cid;
 * seq 0 when absent. 0 or -1. */
int db_heads(struct db *db, struct head *v, size_t n, struct err *err);

/* Events of a room with from <= seq <= to, rising, at most limit and about
 * max_bytes of bodies (0: no bound; at least one event). 0 or -1. */
int db_events(struct db *db, const struct id *room, uint64_t from, uint64_t to,
    size_t limit, size_t max_bytes, struct event_list *l_r, struct err *err);

/* All rooms by id, those behind after (NULL: from the start), at most limit.
 * self: self rooms too. 0 or -1. */
struct room_rows {
	struct room *v;
	size_t n;
};
void room_rows_free(struct room_rows *l);
int db_rooms_scan(struct db *db, const struct id *after, bool self,
    size_t limit, struct room_rows *l_r, struct err *err);

/* All users by id, those who are gone too, as db_rooms_scan. */
int db_users_scan(struct db *db, const struct id *after, size_t limit,
    struct user_list *l_r, struct err *err);

/* Between the two all reads of this connection see one state of the store. On
 * a reader thread, within one store_work_cb. 0 or -1. */
int db_snapshot(struct db *db, struct err *err);
void db_snapshot_end(struct db *db);

#endif
