/* t/unit/model_event.c - events, their bodies and their JSON. */

#include "../lib/tap.h"
#include "model/event.h"

#define ROOM "650000000000000000000001"
#define USER "65e000000000000000000001"
#define HEIR "65e000000000000000000002"
#define CID  "018f000000000000000000000000000a"

static struct event
make(enum event_kind kind, const char *body)
{
	struct event ev = { .seq = 42, .no = 40, .at = 1732387200000 };

	ev.kind = kind;
	id_parse(ROOM, 24, &ev.room);
	id_parse(USER, 24, &ev.from);
	cid_parse(CID, 32, &ev.cid);
	event_set_body(&ev, body, strlen(body));
	return ev;
}

static void
test_json(void)
{
	struct event ev = make(EV_MESSAGE, "halo \"dunia\"\n");
	struct buf b = { 0 };

	event_json(&b, &ev);
	is_str(buf_cstr(&b),
	    "{\"ev\":\"message\",\"room\":\"" ROOM "\",\"seq\":42,\"no\":40,"
	    "\"at\":1732387200000,\"from\":\"" USER "\",\"cid\":\"" CID "\","
	    "\"body\":\"halo \\\"dunia\\\"\\n\"}",
	    "a message as clients get it");
	buf_clear(&b);
	ev.target = 41;
	event_json(&b, &ev);
	ok(strstr(buf_cstr(&b), ",\"reply\":41}") != NULL,
	    "an answer tells what it answers");
	buf_clear(&b);
	event_free_body(&ev);
	ev = make(EV_CREATE, "{\"kind\":\"public\",\"label\":\"a\"}");
	event_json(&b, &ev);
	is_str(buf_cstr(&b),
	    "{\"ev\":\"create\",\"room\":\"" ROOM "\",\"seq\":42,\"no\":40,"
	    "\"at\":1732387200000,\"from\":\"" USER "\",\"cid\":\"" CID "\","
	    "\"body\":{\"kind\":\"public\",\"label\":\"a\"}}",
	    "the body of another event is an object");
	event_free_body(&ev);
	buf_free(&b);
}

/* The body that write makes is read back by event_subject. */
static struct event_subject
again(enum event_kind kind, struct buf *b)
{
	struct event_subject s = { 0 };
	struct event ev = make(kind, buf_cstr(b));

	ok(event_subject(&ev, &s, NULL) == 0, "the body of %s is read",
	    event_kind_name(kind));
	event_free_body(&ev);
	buf_clear(b);
	return s;
}

static void
test_member_bodies(void)
{
	struct event_subject s = { .role = ROLE_ADMIN }, r;
	struct buf b = { 0 };

	id_parse(USER, 24, &s.user);
	id_parse(HEIR, 24, &s.heir);
	event_body_join(&b, &s, "budi", "");
	is_str(buf_cstr(&b),
	    "{\"user\":\"" USER "\",\"name\":\"budi\",\"display\":\"budi\","
	    "\"role\":\"admin\"}",
	    "join says who joins as what");
	r = again(EV_JOIN, &b);
	ok(id_eq(&r.user, &s.user) && r.role == ROLE_ADMIN, "and stays so");
	event_body_leave(&b, &s);
	r = again(EV_LEAVE, &b);
	ok(id_eq(&r.user, &s.user) && id_eq(&r.heir, &s.heir),
	    "leave names the heir");
	s.heir = (struct id){ 0 };
	event_body_leave(&b, &s);
	is_str(buf_cstr(&b), "{\"user\":\"" USER "\"}", "if there is one");
	buf_clear(&b);
	event_body_role(&b, &s);
	r = again(EV_ROLE, &b);
	ok(id_eq(&r.user, &s.user) && r.role == ROLE_ADMIN, "role says which");
	event_body_create(&b, "public", "a \"b\"");
	is_str(buf_cstr(&b), "{\"kind\":\"public\",\"label\":\"a \\\"b\\\"\"}",
	    "create says kind and label");
	r = again(EV_CREATE, &b);
	ok(id_eq(&r.user, &s.user), "create's subject is its sender");
	buf_free(&b);
}

static void
test_self_bodies(void)
{
	struct event_subject s = { .seq = 7, .no = 5 }, r;
	struct buf b = { 0 };

	id_parse(ROOM, 24, &s.room);
	id_parse(HEIR, 24, &s.session);
	event_body_self(&b, EV_ADDED, &s);
	is_str(buf_cstr(&b), "{\"room\":\"" ROOM "\",\"seq\":7}", "added");
	r = again(EV_ADDED, &b);
	ok(id_eq(&r.room, &s.room) && r.seq == 7, "room and seq come back");
	event_body_self(&b, EV_READ, &s);
	is_str(buf_cstr(&b), "{\"room\":\"" ROOM "\",\"seq\":7,\"no\":5}",
	    "read has no too");
	r = again(EV_READ, &b);
	is_int(r.no, 5, "which comes back");
	s.until = 99;
	s.on = true;
	event_body_self(&b, EV_MUTE, &s);
	is_str(buf_cstr(&b),
	    "{\"room\":\"" ROOM "\",\"until\":99,"
	    "\"archived\":true,\"no\":5}",
	    "mute says until when");
	r = again(EV_MUTE, &b);
	ok(id_eq(&r.room, &s.room) && r.until == 99 && r.on && r.no == 5,
	    "which comes back");
	s.on = true;
	event_body_self(&b, EV_ARCHIVE, &s);
	is_str(buf_cstr(&b), "{\"room\":\"" ROOM "\",\"on\":true,\"no\":5}",
	    "archive says whether");
	r = again(EV_ARCHIVE, &b);
	ok(id_eq(&r.room, &s.room) && r.on && r.no == 5, "which comes back");
	event_body_self(&b, EV_SESSION_REVOKED, &s);
	r = again(EV_SESSION_REVOKED, &b);
	ok(id_eq(&r.session, &s.session), "session_revoked names the session");
	buf_free(&b);
}

static void
test_room_bodies(void)
{
	struct event_subject s = { .text = "a \"b\"" }, r;
	struct buf b = { 0 };

	event_body_room(&b, EV_RENAME, &s);
	is_str(buf_cstr(&b), "{\"label\":\"a \\\"b\\\"\"}", "rename");
	r = again(EV_RENAME, &b);
	is_str(r.text, s.text, "the label comes back");
	event_body_room(&b, EV_TOPIC, &s);
	is_str(buf_cstr(&b), "{\"topic\":\"a \\\"b\\\"\"}", "topic");
	r = again(EV_TOPIC, &b);
	is_str(r.text, s.text, "it comes back");
	event_body_room(&b, EV_VISIBILITY, &s);
	is_str(buf_cstr(&b), "{\"kind\":\"private\"}", "visibility");
	r = again(EV_VISIBILITY, &b);
	ok(!r.open, "private is not open");
	s.open = true;
	event_body_room(&b, EV_VISIBILITY, &s);
	r = again(EV_VISIBILITY, &b);
	ok(r.open, "public is");
	buf_free(&b);
}

static void
refused(enum event_kind kind, const char *body, const char *why)
{
	struct err err = { 0 };
	struct event_subject s;
	struct event ev = make(kind, body);

	is_int(event_subject(&ev, &s, &err), -1, "refused: %s", why);
	is_int(err.code, ERR_BAD_REQUEST, "as a bad request: %s", err.text);
	event_free_body(&ev);
}

static void
test_bad_bodies(void)
{
	refused(EV_JOIN, "{\"user\":\"" USER "\"}", "a join without a role");
	refused(EV_ROLE, "{\"user\":\"" USER "\",\"role\":\"god\"}",
	    "an unknown role");
	refused(EV_LEAVE, "{}", "a leave of nobody");
	refused(EV_READ, "{\"room\":\"" ROOM "\"}", "a cursor without seq");
	refused(EV_ADDED, "", "an empty body");
	refused(EV_RENAME, "{}", "a rename without a label");
	refused(EV_TOPIC, "{\"topic\":1}", "a topic that is no text");
	refused(EV_VISIBILITY, "{\"kind\":\"direct\"}", "an impossible kind");
	refused(EV_MUTE, "{\"room\":\"" ROOM "\"}", "a mute without an end");
	refused(EV_ARCHIVE, "{\"room\":\"" ROOM "\",\"on\":1}",
	    "an archive of neither");
	refused(EV_MESSAGE, "{}", "a message");
	refused((enum event_kind)63, "{}", "an unknown kind");
}

static int
text(const char *s, size_t len)
{
	struct err err = { 0 };
	int rc = event_check_text(s, len, 16, &err);

	return rc == 0 ? 0 : (int)err.code;
}

static void
test_text(void)
{
	is_int(text("0123456789abcdef", 16), 0, "a text at the limit");
	is_int(text("0123456789abcdefg", 17), ERR_TOO_LARGE, "one beyond it");
	is_int(text("", 0), ERR_BAD_REQUEST, "an empty text");
	is_int(text(" \n\t\xe3\x80\x80", 6), ERR_BAD_REQUEST, "white space");
	is_int(text(" \n.", 3), 0, "white space and a dot");
	is_int(text("a\0b", 3), ERR_BAD_REQUEST, "NUL");
	is_int(text("\xc0\x80", 2), ERR_BAD_REQUEST, "an overlong form");
	is_int(text("\xed\xa0\x80", 3), ERR_BAD_REQUEST, "a surrogate");
}

static void
test_list(void)
{
	struct event_list l = { 0 };

	for (unsigned i = 1; i <= 9; i++) {
		struct event ev = make(EV_MESSAGE, "x");

		ev.seq = i;
		event_list_push(&l, &ev);
		if (i == 1)
			ok(ev.body == NULL, "the body moves into the list");
	}
	is_int(l.n, 9, "a list grows");
	is_int(l.v[8].seq, 9, "in order");
	is_str(l.v[0].body, "x", "with the bodies");
	event_list_free(&l);
	ok(l.v == NULL && l.n == 0, "and is empty when freed");
}

int
main(void)
{
	test_json();
	test_member_bodies();
	test_self_bodies();
	test_room_bodies();
	test_bad_bodies();
	test_text();
	test_list();
	ok(event_kind_is_self(EV_READ) && !event_kind_is_self(EV_MESSAGE),
	    "cursors belong to self rooms, messages do not");
	ok(event_kind_name((enum event_kind)63) == NULL, "63 is no kind");
	return done_testing();
}
