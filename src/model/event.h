/* model/event.h - one thing that happened in a room, and its JSON. */
#ifndef MODEL_EVENT_H
#define MODEL_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/id.h"
#include "model/role.h"

/* The numbers are stored and travel on the bus: never change one. */
enum event_kind {
	EV_CREATE = 1,
	EV_JOIN = 2,
	EV_LEAVE = 3,
	EV_ROLE = 4,
	EV_MESSAGE = 5,
	EV_RENAME = 6,
	EV_TOPIC = 7,
	EV_VISIBILITY = 8,
	/* self rooms only */
	EV_ADDED = 64,
	EV_REMOVED = 65,
	EV_READ = 66,
	EV_SESSION_REVOKED = 67,
	EV_MUTE = 68,
	EV_ARCHIVE = 69,
};

#define EVENT_TEXT_MAX 1000 /* bytes: the longest label or topic */

struct event {
	struct id room;
	uint64_t seq;    /* 1, 2, 3 … in its room; 0: not stored yet */
	uint64_t no;     /* messages up to here */
	uint64_t at;     /* ms UTC */
	uint64_t target; /* the message it answers, edits …; 0: none */
	struct id from;
	struct cid cid;
	enum event_kind kind;
	uint32_t body_len;
	char *body; /* message: the text; else a JSON object. NUL behind it */
};

/* What the JSON body of a non-message event says; absent fields are zero. */
struct event_subject {
	struct id user;    /* create, join, leave, role: whom */
	struct id room;    /* entries of a self room: which */
	struct id heir;    /* leave: the new owner */
	struct id session; /* session_revoked */
	uint64_t seq;      /* added, removed, read */
	uint64_t no;       /* read: at seq; mute, archive: of the room then */
	uint64_t until;    /* mute: ms UTC; 0: no longer */
	enum role role;    /* join, role */
	bool open;         /* create, visibility: public from now on */
	bool on;           /* archive; mute: is it archived then? */
	char text[EVENT_TEXT_MAX + 1]; /* create, rename: the label; topic */
};

const char *event_kind_name(enum event_kind kind); /* "message"; NULL unknown */

/* Is it an event of a self room? */
bool event_kind_is_self(enum event_kind kind);

/* ev's body becomes a copy of body (freeing a former one). */
void event_set_body(struct event *ev, const void *body, size_t len);
void event_free_body(struct event *ev);

/* Reads the body of a non-message event. 0, or -1 with *err. */
int event_subject(
    const struct event *ev, struct event_subject *s_r, struct err *err);

/* Does ev, an event of the room in which asked (whose subject is s) is to be,
 * change who may ask for that, or what it is about? An entry of a self room is
 * asked for in the room that it is about. */
bool event_bears_on(const struct event *ev, const struct event *asked,
    const struct event_subject *s);

/* Appends the body for one kind to b. name and display: of s->user, for join.
 */
void event_body_create(struct buf *b, const char *kind, const char *label);
void event_body_join(struct buf *b, const struct event_subject *s,
    const char *name, const char *display);
void event_body_leave(struct buf *b, const struct event_subject *s);
void event_body_role(struct buf *b, const struct event_subject *s);
/* rename, topic, visibility. */
void event_body_room(
    struct buf *b, enum event_kind kind, const struct event_subject *s);
void event_body_self(
    struct buf *b, enum event_kind kind, const struct event_subject *s);

/* Appends the event as clients get it: {"ev":"message","room":…}. */
void event_json(struct buf *b, const struct event *ev);

/* Checks a message's text: 1 … max bytes, not only white space, UTF-8 without
 * NUL. 0, or -1 with *err (BAD_REQUEST, TOO_LARGE). */
int event_check_text(const char *s, size_t len, size_t max, struct err *err);

/* Events that came into being together; owned arrays. */
struct event_list {
	struct event *v;
	size_t n;
	size_t cap;
};

/* Moves *ev (its body too) into the list. */
void event_list_push(struct event_list *l, struct event *ev);
void event_list_free(struct event_list *l);

#endif
