/* store/mongo/mg_known.h - rooms as one connection knows them: the row and
 * every event behind it folded, and what of that the rows still lack. Private
 * to store/mongo. */
#ifndef STORE_MONGO_MG_KNOWN_H
#define STORE_MONGO_MG_KNOWN_H

#include <sys/queue.h>

#include "store/mongo/mg.h"

struct known_member {
	struct member m; /* role NONE: not a member */
	uint64_t as_of;  /* seq of the last event about the role */
	bool loaded;     /* the row was read; else only the cursor counts */
	bool cursor;     /* the row lacks this cursor */
	bool placed;     /* the row lacks this role */
	bool fresh;      /* joined since: mute and archive start anew */
};

/* What an entry of a self room does to the row of (room, user). */
struct wish {
	struct id room, user;
	enum event_kind kind;
	uint64_t seq; /* of the entry */
	uint64_t read_seq, read_no, muted, archived;
};

/* What messages move of a room. */
struct room_head {
	uint64_t seq, no, at, last_message;
	struct cid cid;
};

struct known {
	struct room room;      /* as of room.seq */
	bool there;            /* false: there is no such room */
	bool missing;          /* it is, but its row is not */
	bool described;        /* the row lacks label, topic or kind */
	uint64_t row;          /* seq up to which the row is folded */
	uint64_t checked;      /* the batch in which it was read last */
	bool closed;           /* no more is planned before that is stored */
	unsigned planned;      /* events that are in room, but not stored yet */
	struct room_head base; /* before those */
	size_t base_wishes;
	struct map members;       /* of struct known_member, by user */
	struct event_list follow; /* entries of self rooms to be written */
	struct wish *wishes;
	size_t nwishes;
	TAILQ_ENTRY(known) link; /* the last used first */
};

struct mg_cache *mg_cache_new(void);
void mg_cache_free(struct mg_cache **c);
/* Forgets everything: after any error. */
void mg_cache_clear(struct mg_cache *c);
/* The same, down to a size, before a batch. */
void mg_cache_trim(struct mg_cache *c);

/* The room; read when it is not known. NULL with *err. */
struct known *mg_known(struct mg *m, const struct id *room, struct err *err);
/* NULL: not known. */
struct known *mg_known_already(struct mg *m, const struct id *room);
/* For a room that is being made: nothing is read. */
struct known *mg_known_new(struct mg *m, const struct room *room);
/* Folds what is stored behind k by now. 0, or -1 *err. */
int mg_refresh(struct mg *m, struct known *k, struct err *err);
void mg_forget(struct mg *m, const struct id *room);

/* mg_room.c. A room whose rows are behind, by its log. *r is only what its
 * rows, those of its members too, have been raised to: who was told of more
 * would go by a member's row that does not know of its removal. 1, 0: no such
 * room, or -1 *err, also when the rows cannot be written. */
int mg_read_log(
    struct mg *m, const struct id *id, struct room *r, struct err *err);
/* mg_head.c. Of up to MG_HEADS_AT_ONCE rooms those whose next event exists: the
 * row is behind. l->v is to be freed. How many, or -1. */
#define MG_HEADS_AT_ONCE 200
struct mg_moved {
	struct id *v;
	size_t n;
};
int mg_find_moved(struct mg *m, const struct head *v, size_t n,
    struct mg_moved *l, struct err *err);
/* Within a snapshot the room stays as it is now. */
void mg_see(struct mg *m, const struct room *room, bool there);

/* The row of user in k, role NONE if none. NULL with *err. */
struct known_member *mg_known_member(
    struct mg *m, struct known *k, const struct id *user, struct err *err);

/* Their rows were read: k and w become what these say. */
void mg_known_as_row(struct known *k, const bson_t *doc);
void mg_known_member_as_row(struct known_member *w, const bson_t *doc);

/* The same without reading the row: for what moves only the cursor. */
struct known_member *mg_known_place(
    struct mg *m, struct known *k, const struct id *user);

/* mg_fold.c. k gets ev, its next event. own: its author writes what follows
 * from it elsewhere. 0, or -1 *err. */
int mg_fold(struct mg *m, struct known *k, const struct event *ev, bool own,
    struct err *err);
/* The entry of user's self room that follows from ev (join, leave). create_cid:
 * NULL or the cid of the group's making, when user is its maker. */
void mg_follow(const struct event *ev, const struct id *user,
    const struct cid *create_cid, struct event *entry_r);
void mg_add_wish(struct known *k, const struct wish *w);

/* mg_settle.c. Rows become what is known: first the entries that follow, then
 * the members, then the rooms, each only moved forward. 0, or -1 *err (then
 * whoever reads the room finds the rest to be done). */
int mg_settle(struct mg *m, struct err *err);
/* The room's row becomes *r, whatever it was. 0 or -1. */
int mg_put_room(struct mg *m, const struct room *r, struct err *err);

/* Internal events, without asking who may: entries of self rooms. Stored once
 * for each cid; numbers filled in. 0, or -1 *err. mg_append.c. */
int mg_put_entries(struct mg *m, struct event *ev, size_t n, struct err *err);
/* One append as if it had been asked for. 0, or -1 *err. */
int mg_append_one(struct mg *m, struct append *a, struct err *err);

/* mg_change.c, mg_self.c --------------------------------------------------- */

/* One append while it is looked at. */
struct change {
	struct append *a;
	struct event *ev;
	struct event_subject s;
	struct known *room;
	struct known_member *actor, *target;
	uint64_t now; /* ms: the time these events get */
};

/* May it be? 1: yes, the body is as it is to be stored; 0: nothing to do; -1
 * *err. */
int mg_check_change(struct mg *m, struct change *c, struct err *err);
int mg_check_self(struct mg *m, struct change *c, struct err *err);
/* mg_since.c. May c be, after what came into k, the room it is about, since its
 * author knew that? 0, or -1 *err (CONFLICT). */
int mg_check_since(struct mg *m, const struct change *c, const struct known *k,
    struct err *err);
/* Finds what of a is stored already. How many are new, or -1 *err. */
int mg_find_repeats(struct mg *m, struct append *a, struct err *err);

struct known *mg_cache_first(struct mg_cache *c);

#endif
