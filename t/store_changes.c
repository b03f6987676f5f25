/* t/store_changes.c - changes of rooms that are decided on as of an event one
 * knows: what every driver must refuse of them, and that a refusal holds for
 * all tries. */

#include "lib/store_fixture.h"

static struct id ani, budi, cici, dodi;

/* Asked for: a private group of ani (owner), budi (admin) and cici (member). */
struct asked {
	const char *name;
	enum event_kind kind;
	struct id *by, *user;
	enum role role;
	const char *text;
	bool open; /* visibility: public from then on */
};

static struct id
group(struct db *db, enum room_kind kind)
{
	struct id users[] = { ani, budi, cici };
	struct id room = fix_room(db, kind, users, 3);
	struct event_subject s = { .user = budi, .role = ROLE_ADMIN };

	fix_change(db, EV_ROLE, &room, &ani, &s);
	return room;
}

static uint64_t
head(struct db *db, const struct id *room)
{
	struct room r;

	db_room_get(db, room, &r, NULL);
	return r.seq;
}

static struct event_subject
subject_of(const struct asked *a)
{
	struct event_subject s = { .role = a->role, .open = a->open };

	if (a->user != NULL)
		s.user = *a->user;
	if (a->text != NULL)
		strcpy(s.text, a->text);
	return s;
}

static void
make(struct event *ev, const struct asked *a, const struct id *room)
{
	struct event_subject s = subject_of(a);

	fix_asked(ev, a->kind, room, a->by, &s);
}

static int64_t
do_now(struct db *db, const struct asked *a, const struct id *room)
{
	struct event_subject s = subject_of(a);

	return fix_change(db, a->kind, room, a->by, &s);
}

static const struct asked rename_x = { "rename", EV_RENAME, &budi, NULL, 0, "X",
	false };
static const struct asked rename_y = { "another name", EV_RENAME, &ani, NULL, 0,
	"Y", false };
static const struct asked topic_x = { "topic", EV_TOPIC, &budi, NULL, 0, "X",
	false };
static const struct asked open_it = { "opened", EV_VISIBILITY, &ani, NULL, 0,
	NULL, true };
static const struct asked add_dodi = { "add", EV_JOIN, &budi, &dodi,
	ROLE_MEMBER, NULL, false };
static const struct asked remove_dodi = { "removal", EV_LEAVE, &ani, &dodi, 0,
	NULL, false };
static const struct asked remove_cici = { "remove", EV_LEAVE, &budi, &cici, 0,
	NULL, false };
static const struct asked add_cici = { "back", EV_JOIN, &ani, &cici,
	ROLE_MEMBER, NULL, false };
static const struct asked raise_cici = { "role", EV_ROLE, &ani, &cici,
	ROLE_ADMIN, NULL, false };
static const struct asked lower_cici = { "lowered", EV_ROLE, &ani, &cici,
	ROLE_MEMBER, NULL, false };
static const struct asked lower_budi = { "author lowered", EV_ROLE, &ani, &budi,
	ROLE_MEMBER, NULL, false };
static const struct asked raise_budi = { "author raised", EV_ROLE, &ani, &budi,
	ROLE_ADMIN, NULL, false };
static const struct asked hand_over = { "handed over", EV_ROLE, &ani, &budi,
	ROLE_OWNER, NULL, false };
static const struct asked hand_back = { "handed back", EV_ROLE, &budi, &ani,
	ROLE_OWNER, NULL, false };
static const struct asked cici_leaves = { "leave", EV_LEAVE, &cici, &cici, 0,
	NULL, false };

/* What is asked, and what comes between: each of them, in order. */
static const struct {
	const struct asked *asked;
	const struct asked *between[3];
	bool refused;
} cases[] = {
	{ &rename_x, { NULL }, false },
	{ &rename_x, { &topic_x, &add_dodi, &remove_cici }, false },
	{ &rename_x, { &rename_y }, true },
	{ &rename_x, { &lower_budi, &raise_budi }, true },
	{ &topic_x, { &rename_y, &open_it }, false },
	{ &topic_x, { &lower_budi, &raise_budi }, true },
	{ &add_dodi, { &raise_cici }, false },
	{ &add_dodi, { &add_dodi, &remove_dodi }, true },
	{ &add_dodi, { &lower_budi, &raise_budi }, true },
	{ &remove_cici, { &rename_y, &add_dodi, &remove_dodi }, false },
	{ &remove_cici, { &raise_cici, &lower_cici }, true },
	{ &remove_cici, { &cici_leaves, &add_cici }, true },
	{ &raise_cici, { &add_dodi, &rename_y }, false },
	{ &raise_cici, { &remove_cici, &add_cici }, true },
	{ &raise_cici, { &hand_over, &hand_back }, true },
	{ &open_it, { &hand_over, &hand_back }, true },
	{ &open_it, { &rename_y, &remove_cici }, false },
	{ &cici_leaves, { &rename_y, &lower_budi }, false },
	{ &cici_leaves, { &remove_cici, &add_cici }, true },
	{ &cici_leaves, { &raise_cici, &lower_cici }, true },
};

static void
test_case(struct db *db, size_t i)
{
	struct id room = group(db, ROOM_PRIVATE);
	uint64_t known = head(db, &room), before;
	struct event ev;
	char what[200];
	int64_t got;

	snprintf(what, sizeof(what), "%s behind", cases[i].asked->name);
	make(&ev, cases[i].asked, &room);
	for (size_t j = 0; j < 3 && cases[i].between[j] != NULL; j++) {
		const struct asked *b = cases[i].between[j];

		strlcat(what, " ", sizeof(what));
		strlcat(what, b->name, sizeof(what));
		ok(do_now(db, b, &room) > 0, "%s", b->name);
		fix_say(db, &room, &ani, "and something said");
	}
	before = head(db, &room);
	got = fix_append_known(db, &ev, known);
	is_int(got,
	    cases[i].refused ? -(int64_t)ERR_CONFLICT : (int64_t)before + 1,
	    "%s", what);
	is_int(head(db, &room), cases[i].refused ? before : before + 1,
	    "%s: that and no more", what);
	is_int(fix_append_known(db, &ev, known), got, "%s: asked again", what);
	got = fix_append_known(db, &ev, head(db, &room));
	ok(got > 0, "%s: who knows of it may", what);
	event_free_body(&ev);
}

/* A try that waits while another with the same cid is refused, and comes to be
 * when it would be allowed again: the refusal holds. */
static void
test_refusal_is_final(struct db *db)
{
	struct id room = group(db, ROOM_PRIVATE);
	uint64_t known = head(db, &room);
	struct event ev;

	make(&ev, &rename_x, &room);
	do_now(db, &lower_budi, &room);
	is_int(fix_append_known(db, &ev, known), -ERR_FORBIDDEN,
	    "refused when one may not");
	do_now(db, &raise_budi, &room);
	is_int(fix_append_known(db, &ev, known), -ERR_CONFLICT,
	    "and also when one may again");
	is_int(head(db, &room), known + 2, "nothing was stored");
	event_free_body(&ev);
}

/* What was so already was told as done: a late try must not do it again. */
static void
test_done_is_done(struct db *db)
{
	struct id room = group(db, ROOM_PRIVATE);
	uint64_t known = head(db, &room);
	struct event ev;

	make(&ev, &remove_dodi, &room);
	is_int(fix_append_known(db, &ev, known), 0, "nobody to remove");
	do_now(db, &add_dodi, &room);
	is_int(fix_append_known(db, &ev, known), -ERR_CONFLICT,
	    "who came since is not removed by it");
	event_free_body(&ev);
	make(&ev, &rename_x, &room);
	known = head(db, &room);
	is_int(fix_append_known(db, &ev, known), (int64_t)known + 1, "stored");
	do_now(db, &rename_y, &room);
	is_int(fix_append_known(db, &ev, known), (int64_t)known + 1,
	    "what is stored is answered as ever");
	event_free_body(&ev);
}

/* Who joins alone may do so as long as the group is public. */
static void
test_join(struct db *db)
{
	static const struct asked join = { "join", EV_JOIN, &dodi, &dodi,
		ROLE_MEMBER, NULL, false };
	static const struct asked close_it = { "closed", EV_VISIBILITY, &ani,
		NULL, 0, NULL, false };
	struct id room = group(db, ROOM_PUBLIC);
	uint64_t known = head(db, &room);
	struct event ev;

	make(&ev, &join, &room);
	do_now(db, &rename_y, &room);
	do_now(db, &close_it, &room);
	is_int(fix_append_known(db, &ev, known), -ERR_NOT_FOUND, "closed");
	do_now(db, &open_it, &room);
	is_int(fix_append_known(db, &ev, known), -ERR_CONFLICT,
	    "a refusal to join is final too");
	is_int(fix_append_known(db, &ev, head(db, &room)),
	    (int64_t)head(db, &room) + 1, "asked anew, one joins");
	event_free_body(&ev);
}

/* What one wants of a room for oneself hangs on being a member. */
static void
test_wish(struct db *db, enum event_kind kind)
{
	struct id room = group(db, ROOM_PRIVATE);
	struct event_subject s = {
		.room = room, .on = true, .until = clock_wall_ms() + 60000
	};
	uint64_t known = head(db, &room), self;
	struct event ev;

	fix_asked(&ev, kind, &cici, &cici, &s);
	do_now(db, &remove_cici, &room);
	is_int(fix_append_known(db, &ev, known), -ERR_NOT_FOUND, "%s: out",
	    event_kind_name(kind));
	do_now(db, &add_cici, &room);
	self = head(db, &cici);
	is_int(fix_append_known(db, &ev, known), -ERR_CONFLICT,
	    "%s: not in the next membership", event_kind_name(kind));
	is_int(head(db, &cici), (int64_t)self, "nothing was stored");
	known = head(db, &room);
	do_now(db, &rename_y, &room);
	fix_say(db, &room, &ani, "something else");
	ok(fix_append_known(db, &ev, known) > 0,
	    "%s: what else came is no matter", event_kind_name(kind));
	event_free_body(&ev);
}

/* Heads tell since when one is a member, also after a return. */
static void
test_heads(struct db *db)
{
	struct id room = group(db, ROOM_PRIVATE);
	struct head_list l;
	uint64_t joined = 0;

	do_now(db, &remove_cici, &room);
	do_now(db, &add_cici, &room);
	db_heads_of(db, &cici, &l, NULL);
	for (size_t i = 0; i < l.n; i++)
		if (id_eq(&l.v[i].room, &room))
			joined = l.v[i].joined;
	is_int(
	    joined, (int64_t)head(db, &room), "a member since the last join");
	head_list_free(&l);
}

static void
test_too_long_ago(struct db *db)
{
	struct id room = group(db, ROOM_PRIVATE);
	uint64_t known = head(db, &room);
	struct event ev, say[50];
	struct append a = { .ev = say, .n = 50 }, *ops = &a;

	make(&ev, &rename_x, &room);
	is_int(fix_append_known(db, &ev, known + 1), -ERR_CONFLICT,
	    "an event that is not there is another past");
	for (int n = 0; n < 2050; n += 50) {
		for (int i = 0; i < 50; i++)
			fix_message(&say[i], &room, &ani, "x");
		db->driver->append(db, &ops, 1);
		for (int i = 0; i < 50; i++)
			event_free_body(&say[i]);
	}
	is_int(head(db, &room), known + 2050, "much was said");
	is_int(fix_append_known(db, &ev, known), -ERR_CONFLICT,
	    "what was known too long ago counts no more");
	is_int(fix_append_known(db, &ev, known + 50), known + 2051,
	    "2000 events are looked through");
	event_free_body(&ev);
}

int
main(void)
{
	struct db *db;

	fix_begin();
	db = fix_db();
	ani = fix_user(db, "ani");
	budi = fix_user(db, "budi");
	cici = fix_user(db, "cici");
	dodi = fix_user(db, "dodi");
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		test_case(db, i);
	test_refusal_is_final(db);
	test_done_is_done(db);
	test_join(db);
	test_wish(db, EV_MUTE);
	test_wish(db, EV_ARCHIVE);
	test_heads(db);
	test_too_long_ago(db);
	fix_close(db);
	return done_testing();
}
