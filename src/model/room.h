/* model/room.h - a room, who is in it, and who may do what. */
#ifndef MODEL_ROOM_H
#define MODEL_ROOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/id.h"
#include "model/event.h"
#include "model/role.h"
#include "model/user.h"

#define ROOM_LABEL_MAX 64  /* characters */
#define ROOM_TOPIC_MAX 250 /* characters */

/* Stored: never change a number. */
enum room_kind {
	ROOM_PUBLIC = 1,
	ROOM_PRIVATE = 2,
	ROOM_DIRECT = 3,
	ROOM_SELF = 4, /* a user's own log; its id is the user's */
};

/* The row of a room: a fold of its log up to seq. */
struct room {
	struct id id;
	enum room_kind kind;
	uint32_t members;
	uint64_t seq; /* the last event */
	uint64_t no;  /* messages so far */
	uint64_t at;  /* its time */
	struct cid cid;
	uint64_t last_message; /* seq of the last message; 0: none */
	char label[ROOM_LABEL_MAX * 4 + 1];
	char topic[ROOM_TOPIC_MAX * 4 + 1]; /* "": none */
};

struct member {
	struct id room;
	struct id user;
	enum role role;
	uint64_t joined; /* seq of the join */
	uint64_t read_seq;
	uint64_t read_no;
	uint64_t muted;    /* until, ms UTC; 0: not */
	uint64_t archived; /* 1 + no of the room when it was; 0: not */
};

/* A room as one user sees it in a list. */
struct room_view {
	struct room room;
	struct member me;  /* role NONE: not a member */
	struct user peer;  /* direct rooms */
	struct event last; /* the last message; seq 0: none. Owned */
};

struct room_views {
	struct room_view *v;
	size_t n;
};
void room_views_free(struct room_views *l);

const char *room_kind_name(enum room_kind kind);
enum room_kind room_kind_parse(const char *name); /* 0: unknown */
int room_check_label(const char *s, size_t len, struct err *err);
int room_check_topic(const char *s, size_t len, struct err *err);

/* Is the room still in the member's archive? It came back with the first
 * message behind member.archived that was not sent while it was muted; last_at
 * is the time of the room's last message. */
bool room_archived(
    const struct room *room, const struct member *me, uint64_t last_at);

/* The Room object of doc/PROTOCOL.md. */
void room_view_json(struct buf *b, const struct room_view *v);

/* May actor (role NONE: not a member) put ev into room, where target is the
 * member row of the event's subject (role NONE: not in the room)?
 * 1: yes. 0: nothing to do (already so), answer success. -1: *err; a room the
 * actor must not know of gives NOT_FOUND. Pure: nothing is read or changed. */
int room_may(const struct room *room, const struct member *actor,
    const struct member *target, const struct event *ev,
    const struct event_subject *s, struct err *err);

/* May the user of me (role NONE: not a member) read the room's log? 0 or -1. */
int room_may_read(
    const struct room *room, const struct member *me, struct err *err);

/* Is it still the membership under which something was sent: the one that began
 * with event `joined` (0: whichever it is)? me is a member. 0, or -1
 * NOT_MEMBER: the sender left meanwhile and came back. */
int room_same_membership(
    const struct member *me, uint64_t joined, struct err *err);

/* What ev (create, rename, topic, visibility; its subject s) makes of a room's
 * kind, label and topic; nothing by any other event, and of a direct room. */
void room_describe(
    struct room *room, enum event_kind kind, const struct event_subject *s);

/* The key of the direct room of two users: "<low hex>:<high hex>". */
#define DIRECT_KEY (24 + 1 + 24 + 1)
void room_direct_key(
    const struct id *a, const struct id *b, char out[DIRECT_KEY]);

#endif
