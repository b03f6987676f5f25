/* t/unit/model_room.c - rooms: labels, keys, JSON. */

#include "../lib/tap.h"
#include "model/room.h"

#define ROOM "650000000000000000000001"
#define LOW  "65e000000000000000000001"
#define HIGH "65e000000000000000000002"

static struct room_view
make(void)
{
	struct room_view v = { .room = { .kind = ROOM_PUBLIC,
				   .members = 3,
				   .seq = 42,
				   .no = 40,
				   .at = 1732387200000,
				   .label = "burung",
				   .topic = "of birds" } };

	id_parse(ROOM, 24, &v.room.id);
	cid_parse("018f000000000000000000000000000a", 32, &v.room.cid);
	return v;
}

#define COMMON                                                                 \
	"\"members\":3,\"seq\":42,\"no\":40,\"at\":1732387200000,"             \
	"\"cid\":\"018f000000000000000000000000000a\""

static void
test_stranger(void)
{
	struct room_view v = make();
	struct buf b = { 0 };

	room_view_json(&b, &v);
	is_str(buf_cstr(&b),
	    "{\"id\":\"" ROOM "\",\"kind\":\"public\",\"label\":\"burung\","
	    "\"topic\":\"of birds\"," COMMON ",\"last\":null}",
	    "a room one is not in has no role and no cursor");
	buf_free(&b);
}

static void
test_member(void)
{
	static const char want[] =
	    "{\"id\":\"" ROOM "\",\"kind\":\"direct\",\"label\":\"\","
	    "\"topic\":\"\",\"peer\":{\"id\":\"" HIGH "\",\"name\":\"budi\","
	    "\"display\":\"budi\"}," COMMON ",\"role\":\"member\","
	    "\"joined\":7,\"read_seq\":41,\"read_no\":39,\"muted\":77,"
	    "\"archived\":true,"
	    "\"last\":{\"ev\":\"message\",";
	struct room_view v = make();
	struct buf b = { 0 };

	v.room.kind = ROOM_DIRECT;
	v.room.label[0] = v.room.topic[0] = '\0';
	id_parse(HIGH, 24, &v.peer.id);
	strcpy(v.peer.name, "budi");
	v.me.role = ROLE_MEMBER;
	v.me.joined = 7;
	v.me.read_seq = 41;
	v.me.read_no = 39;
	v.me.muted = 77;
	v.me.archived = 41;
	v.last.kind = EV_MESSAGE;
	v.last.seq = 42;
	event_set_body(&v.last, "halo", 4);
	room_view_json(&b, &v);
	ok(strncmp(buf_cstr(&b), want, strlen(want)) == 0,
	    "a direct room has its peer, role, cursor and last message: %s",
	    buf_cstr(&b));
	event_free_body(&v.last);
	buf_free(&b);
}

static void
test_archived(void)
{
	struct room r = { .no = 5 };
	struct member m = { 0 };

	ok(!room_archived(&r, &m, 100), "a room is not archived by itself");
	m.archived = 6;
	ok(room_archived(&r, &m, 100), "it stays while nothing is said");
	r.no = 6;
	ok(!room_archived(&r, &m, 100), "the next message brings it back");
	m.muted = 101;
	ok(room_archived(&r, &m, 100), "not one that came while it was muted");
	ok(!room_archived(&r, &m, 101), "the first behind that does");
}

static void
test_describe(void)
{
	struct room r = { 0 };
	struct event_subject s = { .text = "one", .open = true };

	room_describe(&r, EV_CREATE, &s);
	ok(r.kind == ROOM_PUBLIC && strcmp(r.label, "one") == 0,
	    "a log begins with kind and label");
	strcpy(s.text, "two");
	s.open = false;
	room_describe(&r, EV_RENAME, &s);
	ok(r.kind == ROOM_PUBLIC && strcmp(r.label, "two") == 0, "renamed");
	strcpy(s.text, "three");
	room_describe(&r, EV_TOPIC, &s);
	ok(strcmp(r.label, "two") == 0 && strcmp(r.topic, "three") == 0,
	    "about something");
	room_describe(&r, EV_VISIBILITY, &s);
	ok(r.kind == ROOM_PRIVATE && strcmp(r.label, "two") == 0, "private");
	room_describe(&r, EV_ROLE, &s);
	is_str(r.label, "two", "a role changes none of it");
	r.kind = ROOM_DIRECT;
	room_describe(&r, EV_CREATE, &s);
	ok(r.kind == ROOM_DIRECT && strcmp(r.label, "two") == 0,
	    "a direct room stays what it is");
}

static void
test_direct_key(void)
{
	char one[DIRECT_KEY], two[DIRECT_KEY];
	struct id a, b;

	id_parse(LOW, 24, &a);
	id_parse(HIGH, 24, &b);
	room_direct_key(&a, &b, one);
	room_direct_key(&b, &a, two);
	is_str(one, LOW ":" HIGH, "the key begins with the lower id");
	is_str(two, one, "whoever asks");
}

static void
test_kinds(void)
{
	char long_topic[251];

	is_int(room_kind_parse("public"), ROOM_PUBLIC, "public is a kind");
	is_int(room_kind_parse("direct"), ROOM_DIRECT, "direct is one");
	is_int(room_kind_parse("secret"), 0, "secret is none");
	is_str(room_kind_name(ROOM_PRIVATE), "private", "private has a name");
	is_int(room_check_label("Halo dunia", 10, NULL), 0, "a label");
	is_int(room_check_label("  ", 2, NULL), -1, "blanks are none");
	is_int(room_check_label("a\tb", 3, NULL), -1, "tabs are refused");
	is_int(room_check_topic("", 0, NULL), 0, "no topic is one");
	is_int(room_check_topic(" ", 1, NULL), -1, "blanks are none");
	memset(long_topic, 'x', sizeof(long_topic));
	is_int(room_check_topic(long_topic, 250, NULL), 0, "of 250 characters");
	is_int(room_check_topic(long_topic, 251, NULL), -1, "not of 251");
}

static void
test_views_free(void)
{
	struct room_views l = { .v = malloc(sizeof(struct room_view)), .n = 1 };

	l.v[0] = make();
	event_set_body(&l.v[0].last, "x", 1);
	room_views_free(&l);
	ok(l.v == NULL && l.n == 0, "a list of rooms is freed");
}

int
main(void)
{
	test_stranger();
	test_member();
	test_archived();
	test_describe();
	test_direct_key();
	test_kinds();
	test_views_free();
	return done_testing();
}
