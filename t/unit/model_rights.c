/* t/unit/model_rights.c - who may do what in a room: one line per rule. */

#include "../lib/tap.h"
#include "model/room.h"

enum { YES = 1, NOTHING = 0 };
enum who { SELF, OTHER };

/* want: YES, NOTHING, or an error code negated. */
struct rule {
	enum room_kind room;
	enum role actor;
	enum event_kind kind;
	enum who who;
	enum role target; /* what the subject is now (SELF: the actor's role) */
	enum role role;   /* asked for */
	int want;
};

#define M ROLE_MEMBER
#define A ROLE_ADMIN
#define O ROLE_OWNER
#define N ROLE_NONE

static const struct rule rules[] = {
	/* messages: members only; strangers learn of public rooms only */
	{ ROOM_PUBLIC, M, EV_MESSAGE, SELF, M, N, YES },
	{ ROOM_DIRECT, M, EV_MESSAGE, SELF, M, N, YES },
	{ ROOM_PUBLIC, N, EV_MESSAGE, SELF, N, N, -ERR_NOT_MEMBER },
	{ ROOM_PRIVATE, N, EV_MESSAGE, SELF, N, N, -ERR_NOT_FOUND },
	{ ROOM_DIRECT, N, EV_MESSAGE, SELF, N, N, -ERR_NOT_FOUND },
	{ ROOM_SELF, N, EV_MESSAGE, OTHER, N, N, -ERR_NOT_FOUND },
	/* joining */
	{ ROOM_PUBLIC, N, EV_JOIN, SELF, N, M, YES },
	{ ROOM_PUBLIC, M, EV_JOIN, SELF, M, M, NOTHING },
	{ ROOM_PUBLIC, N, EV_JOIN, SELF, N, O, -ERR_BAD_REQUEST },
	{ ROOM_PUBLIC, N, EV_JOIN, SELF, N, A, -ERR_BAD_REQUEST },
	{ ROOM_PRIVATE, N, EV_JOIN, SELF, N, M, -ERR_NOT_FOUND },
	{ ROOM_PRIVATE, M, EV_JOIN, SELF, M, M, NOTHING },
	{ ROOM_DIRECT, N, EV_JOIN, SELF, N, M, -ERR_NOT_FOUND },
	/* adding */
	{ ROOM_PUBLIC, N, EV_JOIN, OTHER, N, M, -ERR_NOT_MEMBER },
	{ ROOM_PUBLIC, M, EV_JOIN, OTHER, N, M, -ERR_FORBIDDEN },
	{ ROOM_PUBLIC, A, EV_JOIN, OTHER, N, M, YES },
	{ ROOM_PRIVATE, O, EV_JOIN, OTHER, N, M, YES },
	{ ROOM_PRIVATE, O, EV_JOIN, OTHER, N, A, -ERR_BAD_REQUEST },
	{ ROOM_PRIVATE, A, EV_JOIN, OTHER, M, M, NOTHING },
	{ ROOM_PRIVATE, N, EV_JOIN, OTHER, N, M, -ERR_NOT_FOUND },
	{ ROOM_DIRECT, M, EV_JOIN, OTHER, N, M, -ERR_FORBIDDEN },
	/* leaving */
	{ ROOM_PUBLIC, M, EV_LEAVE, SELF, M, N, YES },
	{ ROOM_PRIVATE, O, EV_LEAVE, SELF, O, N, YES },
	{ ROOM_PUBLIC, N, EV_LEAVE, SELF, N, N, NOTHING },
	{ ROOM_PRIVATE, N, EV_LEAVE, SELF, N, N, -ERR_NOT_FOUND },
	{ ROOM_DIRECT, M, EV_LEAVE, SELF, M, N, -ERR_FORBIDDEN },
	/* removing */
	{ ROOM_PUBLIC, M, EV_LEAVE, OTHER, M, N, -ERR_FORBIDDEN },
	{ ROOM_PUBLIC, N, EV_LEAVE, OTHER, M, N, -ERR_NOT_MEMBER },
	{ ROOM_PRIVATE, N, EV_LEAVE, OTHER, M, N, -ERR_NOT_FOUND },
	{ ROOM_PUBLIC, A, EV_LEAVE, OTHER, M, N, YES },
	{ ROOM_PUBLIC, A, EV_LEAVE, OTHER, N, N, NOTHING },
	{ ROOM_PUBLIC, A, EV_LEAVE, OTHER, A, N, -ERR_FORBIDDEN },
	{ ROOM_PUBLIC, A, EV_LEAVE, OTHER, O, N, -ERR_FORBIDDEN },
	{ ROOM_PUBLIC, O, EV_LEAVE, OTHER, A, N, YES },
	{ ROOM_DIRECT, M, EV_LEAVE, OTHER, M, N, -ERR_FORBIDDEN },
	/* roles */
	{ ROOM_PUBLIC, O, EV_ROLE, OTHER, M, A, YES },
	{ ROOM_PUBLIC, O, EV_ROLE, OTHER, A, M, YES },
	{ ROOM_PUBLIC, O, EV_ROLE, OTHER, M, O, YES },
	{ ROOM_PUBLIC, O, EV_ROLE, OTHER, A, A, NOTHING },
	{ ROOM_PUBLIC, O, EV_ROLE, OTHER, N, A, -ERR_NOT_FOUND },
	{ ROOM_PUBLIC, O, EV_ROLE, SELF, O, M, -ERR_FORBIDDEN },
	{ ROOM_PUBLIC, O, EV_ROLE, SELF, O, O, NOTHING },
	{ ROOM_PUBLIC, O, EV_ROLE, OTHER, M, N, -ERR_BAD_REQUEST },
	{ ROOM_PUBLIC, A, EV_ROLE, OTHER, M, A, -ERR_FORBIDDEN },
	{ ROOM_PUBLIC, M, EV_ROLE, SELF, M, O, -ERR_FORBIDDEN },
	{ ROOM_PRIVATE, N, EV_ROLE, OTHER, M, A, -ERR_NOT_FOUND },
	{ ROOM_DIRECT, M, EV_ROLE, OTHER, M, O, -ERR_FORBIDDEN },
	/* what no client may put anywhere */
	{ ROOM_PUBLIC, O, EV_CREATE, SELF, O, N, -ERR_FORBIDDEN },
	{ ROOM_PUBLIC, O, EV_READ, SELF, O, N, -ERR_FORBIDDEN },
	{ ROOM_PUBLIC, O, EV_ADDED, SELF, O, N, -ERR_FORBIDDEN },
	{ ROOM_PRIVATE, N, EV_CREATE, SELF, N, N, -ERR_NOT_FOUND },
};

/* What changes the group itself; the room is called "old", about nothing. */
static const struct {
	enum room_kind room;
	enum role actor;
	enum event_kind kind;
	const char *text;
	bool open;
	int want;
} changes[] = {
	{ ROOM_PUBLIC, A, EV_RENAME, "new", false, YES },
	{ ROOM_PRIVATE, O, EV_RENAME, "new", false, YES },
	{ ROOM_PUBLIC, A, EV_RENAME, "old", false, NOTHING },
	{ ROOM_PUBLIC, A, EV_RENAME, "", false, -ERR_BAD_REQUEST },
	{ ROOM_PUBLIC, A, EV_RENAME, " ", false, -ERR_BAD_REQUEST },
	{ ROOM_PUBLIC, M, EV_RENAME, "new", false, -ERR_FORBIDDEN },
	{ ROOM_PUBLIC, M, EV_RENAME, "old", false, -ERR_FORBIDDEN },
	{ ROOM_PUBLIC, N, EV_RENAME, "new", false, -ERR_NOT_MEMBER },
	{ ROOM_PRIVATE, N, EV_RENAME, "new", false, -ERR_NOT_FOUND },
	{ ROOM_DIRECT, N, EV_RENAME, "new", false, -ERR_NOT_FOUND },
	{ ROOM_DIRECT, M, EV_RENAME, "new", false, -ERR_FORBIDDEN },
	{ ROOM_PUBLIC, A, EV_TOPIC, "new", false, YES },
	{ ROOM_PUBLIC, A, EV_TOPIC, "", false, NOTHING },
	{ ROOM_PUBLIC, A, EV_TOPIC, "\t", false, -ERR_BAD_REQUEST },
	{ ROOM_PRIVATE, M, EV_TOPIC, "new", false, -ERR_FORBIDDEN },
	{ ROOM_PUBLIC, N, EV_TOPIC, "new", false, -ERR_NOT_MEMBER },
	{ ROOM_PRIVATE, N, EV_TOPIC, "new", false, -ERR_NOT_FOUND },
	{ ROOM_DIRECT, M, EV_TOPIC, "new", false, -ERR_FORBIDDEN },
	{ ROOM_PUBLIC, O, EV_VISIBILITY, "", false, YES },
	{ ROOM_PRIVATE, O, EV_VISIBILITY, "", true, YES },
	{ ROOM_PUBLIC, O, EV_VISIBILITY, "", true, NOTHING },
	{ ROOM_PRIVATE, O, EV_VISIBILITY, "", false, NOTHING },
	{ ROOM_PUBLIC, A, EV_VISIBILITY, "", false, -ERR_FORBIDDEN },
	{ ROOM_PUBLIC, M, EV_VISIBILITY, "", true, -ERR_FORBIDDEN },
	{ ROOM_PUBLIC, N, EV_VISIBILITY, "", false, -ERR_NOT_MEMBER },
	{ ROOM_PRIVATE, N, EV_VISIBILITY, "", true, -ERR_NOT_FOUND },
	{ ROOM_DIRECT, M, EV_VISIBILITY, "", true, -ERR_FORBIDDEN },
	{ ROOM_PUBLIC, O, EV_MUTE, "", false, -ERR_FORBIDDEN },
	{ ROOM_PUBLIC, O, EV_ARCHIVE, "", false, -ERR_FORBIDDEN },
};

static struct id
id_of(uint8_t n)
{
	return (struct id){ .b = { n } };
}

static void
check(const struct rule *r)
{
	struct room room = { .id = id_of(1), .kind = r->room };
	struct member actor = { .user = id_of(2), .role = r->actor };
	struct member target = { .user = id_of(3), .role = r->target };
	struct event ev = { .room = room.id, .from = actor.user };
	struct event_subject s = { .user = target.user, .role = r->role };
	struct err err = { 0 };
	int got;

	ev.kind = r->kind;
	if (r->who == SELF)
		s.user = target.user = actor.user;
	got = room_may(&room, &actor, &target, &ev, &s, &err);
	if (got == -1)
		got = -(int)err.code;
	is_int(got, r->want, "%s room: %s, %s %s (%s), role %s",
	    room_kind_name(r->room), role_name(r->actor),
	    event_kind_name(r->kind), r->who == SELF ? "self" : "other",
	    role_name(r->target), role_name(r->role));
}

static void
check_change(size_t i)
{
	struct room room = {
		.id = id_of(1), .kind = changes[i].room, .label = "old"
	};
	struct member actor = { .user = id_of(2), .role = changes[i].actor };
	struct member nobody = { 0 };
	struct event ev = { .room = room.id, .from = actor.user };
	struct event_subject s = { .open = changes[i].open };
	struct err err = { 0 };
	int got;

	ev.kind = changes[i].kind;
	strcpy(s.text, changes[i].text);
	got = room_may(&room, &actor, &nobody, &ev, &s, &err);
	if (got == -1)
		got = -(int)err.code;
	is_int(got, changes[i].want, "%s room: %s, %s \"%s\" %s",
	    room_kind_name(room.kind), role_name(actor.role),
	    event_kind_name(ev.kind), s.text, s.open ? "open" : "");
}

static int
self_room(enum event_kind kind, struct id owner, struct id from)
{
	struct room room = { .id = owner, .kind = ROOM_SELF };
	struct member actor = { .user = from }, target = { 0 };
	struct event ev = { .room = owner, .from = from };
	struct event_subject s = { 0 };
	struct err err = { 0 };
	int rc;

	ev.kind = kind;
	rc = room_may(&room, &actor, &target, &ev, &s, &err);
	return rc == -1 ? -(int)err.code : rc;
}

static int
membership(uint64_t began, uint64_t sent_under)
{
	struct member me = { .role = ROLE_MEMBER, .joined = began };
	struct err err = { 0 };
	int rc = room_same_membership(&me, sent_under, &err);

	return rc == -1 ? -(int)err.code : rc;
}

static void
test_membership(void)
{
	is_int(membership(7, 7), 0, "what was sent under this membership");
	is_int(membership(7, 0), 0, "or under whichever");
	is_int(membership(9, 7), -ERR_NOT_MEMBER, "not under an earlier one");
	is_int(membership(7, 9), -ERR_NOT_MEMBER, "nor one that never was");
}

static void
test_self(void)
{
	is_int(self_room(EV_READ, id_of(1), id_of(1)), YES,
	    "one moves one's own cursors");
	is_int(self_room(EV_READ, id_of(1), id_of(2)), -ERR_NOT_FOUND,
	    "nobody else's");
	is_int(self_room(EV_MUTE, id_of(1), id_of(1)), YES, "mutes");
	is_int(self_room(EV_MUTE, id_of(1), id_of(2)), -ERR_NOT_FOUND,
	    "for oneself");
	is_int(self_room(EV_ARCHIVE, id_of(1), id_of(1)), YES, "archives");
	is_int(self_room(EV_ARCHIVE, id_of(1), id_of(2)), -ERR_NOT_FOUND,
	    "for oneself");
	is_int(self_room(EV_ADDED, id_of(1), id_of(1)), -ERR_FORBIDDEN,
	    "entries that follow from other logs are not for clients");
	is_int(self_room(EV_MESSAGE, id_of(1), id_of(1)), -ERR_FORBIDDEN,
	    "nor are messages");
}

static int
read_code(enum room_kind kind, enum role role, struct id user)
{
	struct room room = { .id = id_of(1), .kind = kind };
	struct member me = { .user = user, .role = role };
	struct err err = { 0 };

	return room_may_read(&room, &me, &err) == 0 ? 0 : -(int)err.code;
}

static void
test_read(void)
{
	is_int(
	    read_code(ROOM_PRIVATE, ROLE_MEMBER, id_of(2)), 0, "members read");
	is_int(read_code(ROOM_PUBLIC, ROLE_NONE, id_of(2)), -ERR_NOT_MEMBER,
	    "strangers do not read public rooms");
	is_int(read_code(ROOM_PRIVATE, ROLE_NONE, id_of(2)), -ERR_NOT_FOUND,
	    "and are not told of private ones");
	is_int(read_code(ROOM_DIRECT, ROLE_NONE, id_of(2)), -ERR_NOT_FOUND,
	    "nor of direct ones");
	is_int(read_code(ROOM_SELF, ROLE_NONE, id_of(1)), 0,
	    "a self room is read by its user");
	is_int(read_code(ROOM_SELF, ROLE_NONE, id_of(2)), -ERR_NOT_FOUND,
	    "and nobody else");
}

int
main(void)
{
	for (size_t i = 0; i < sizeof(rules) / sizeof(*rules); i++)
		check(&rules[i]);
	for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++)
		check_change(i);
	test_membership();
	test_self();
	test_read();
	return done_testing();
}
