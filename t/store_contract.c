/* t/store_contract.c - what every kind of store promises about accounts, rooms
 * and logs. */

#include "lib/store_fixture.h"

static struct id ani, budi, cici, dodi; /* people */

static struct user
user_row(struct db *db, const struct id *id)
{
	struct user u = { 0 };

	db_user_get(db, id, &u, NULL);
	return u;
}

static struct member
member_row(struct db *db, const struct id *room, const struct id *user)
{
	struct member m;

	db_member_get(db, room, user, &m, NULL);
	return m;
}

static struct room
room_row(struct db *db, const struct id *id)
{
	struct room r = { 0 };

	db_room_get(db, id, &r, NULL);
	return r;
}

static void
test_first(struct db *db)
{
	struct user u = { .id = id_new(), .name = "Ani", .admin = true };
	struct err err = { 0 };
	uint64_t n = 9;

	is_int(db_user_count(db, 5, &n, NULL), 0, "accounts are counted");
	is_int(n, 0, "none at first");
	is_int(db_user_create(db, &u, "hash", true, &err), 0,
	    "the first account is made");
	ani = u.id;
	u = (struct user){ .id = id_new(), .name = "Eko" };
	is_int(db_user_create(db, &u, "hash", true, &err), -1,
	    "there is one first only");
	is_int(err.code, ERR_FORBIDDEN, "and it is said why");
	budi = fix_user(db, "budi");
	cici = fix_user(db, "cici");
	dodi = fix_user(db, "dodi");
	db_user_count(db, 2, &n, NULL);
	is_int(n, 2, "counting stops at the limit");
}

static void
test_users(struct db *db)
{
	struct id ids[] = { ani, id_new(), budi };
	struct user u = { .id = id_new(), .name = "aNI" };
	struct user_list l;
	struct err err = { 0 };
	char hash[PASSHASH_MAX];

	is_int(db_user_create(db, &u, "x", false, &err), -1,
	    "a name is taken in any case");
	is_int(err.code, ERR_CONFLICT, "which is a conflict");
	is_int(db_user_by_name(db, "ANI", &u, hash, NULL), 1,
	    "a user is found by name in any case");
	ok(id_eq(&u.id, &ani) && u.admin, "the right one");
	is_str(u.name, "Ani", "the name stays as it was typed");
	is_str(hash, "hash", "with the password's hash");
	is_int(db_user_by_name(db, "nobody", &u, hash, NULL), 0, "or not");
	is_int(db_user_get(db, &ids[1], &u, NULL), 0, "no such id");
	is_int(db_users_get(db, ids, 3, &l, NULL), 0, "several ids");
	is_int(l.n, 2, "those that exist");
	user_list_free(&l);
	db_users_prefix(db, "B", "", 10, &l, NULL);
	ok(l.n == 1 && id_eq(&l.v[0].id, &budi), "found by prefix");
	user_list_free(&l);
	db_users_prefix(db, "", "ani", 2, &l, NULL);
	ok(l.n == 2 && id_eq(&l.v[0].id, &budi) && id_eq(&l.v[1].id, &cici),
	    "by name, those behind, at most the limit");
	user_list_free(&l);
	is_int(db_users_seen(db, ids, 3, 500, NULL), 0, "seen at 500");
	db_users_seen(db, ids, 3, 400, NULL);
	is_int(user_row(db, &ani).last_seen, 500, "last_seen never goes back");
}

static void
test_sessions(struct db *db)
{
	struct session s = { .id = id_new(),
		.user = budi,
		.created = 1,
		.used = 1,
		.expires = clock_wall_ms() + 10000,
		.device = "Firefox" };
	uint64_t end = s.expires, seq = room_row(db, &budi).seq;
	uint8_t hash[TOKEN_HASH] = { 1, 2, 3 }, wrong[TOKEN_HASH] = { 1, 2 };
	struct event_list more;
	struct session got;
	struct user u;

	is_int(db_session_create(db, &s, hash, NULL), 0, "a log-in");
	is_int(db_session_get(db, hash, end - 1, &got, &u, NULL), 1,
	    "a session is found by its token");
	ok(id_eq(&got.id, &s.id) && id_eq(&u.id, &budi), "with its user");
	is_str(got.device, "Firefox", "and its device");
	is_int(db_session_get(db, wrong, 1, &got, &u, NULL), 0,
	    "not by another token");
	is_int(db_session_get(db, hash, end, &got, &u, NULL), 0,
	    "an expired one is absent");
	is_int(db_session_touch(db, &budi, &s.id, 5, end + 9, NULL), 0, "used");
	is_int(db_session_get(db, hash, end, &got, &u, NULL), 1,
	    "which moves its end forward");
	db_session_touch(db, &budi, &s.id, 2, 3, NULL);
	is_int(db_session_get(db, hash, end, &got, &u, NULL), 1, "never back");
	is_int(db_session_delete(db, &ani, &s.id, &more, NULL), 0,
	    "others cannot delete it");
	is_int(more.n, 0, "and leave no trace");
	is_int(db_session_delete(db, &budi, &s.id, &more, NULL), 0, "log out");
	ok(more.n == 1 && more.v[0].kind == EV_SESSION_REVOKED &&
		more.v[0].seq == seq + 1 && id_eq(&more.v[0].room, &budi),
	    "the self room tells of it");
	event_list_free(&more);
	is_int(db_session_get(db, hash, 1, &got, &u, NULL), 0, "it is gone");
	db_session_delete(db, &budi, &s.id, &more, NULL);
	is_int(more.n, 0, "deleting twice tells once");
	event_list_free(&more);
}

static void
test_create(struct db *db)
{
	struct id users[] = { budi, ani, budi }, nobody = id_new(), id, again;
	struct room_new n = { .room = { .id = id_new(),
				  .kind = ROOM_PRIVATE,
				  .label = "Burung" },
		.creator = ani,
		.cid = cid_new(),
		.users = users,
		.nusers = 3 };
	struct event_list more;
	struct err err = { 0 };

	is_int(db_room_create(db, &n, &id, &more, NULL), 1, "a group");
	is_int(more.n, 5, "create, two joins, two entries; nobody twice");
	ok(more.v[0].kind == EV_CREATE && more.v[0].seq == 1 &&
		more.v[1].kind == EV_JOIN && id_eq(&more.v[2].room, &ani) &&
		more.v[2].kind == EV_ADDED && more.v[3].seq == 3,
	    "in this order");
	event_list_free(&more);
	is_int(member_row(db, &id, &ani).role, ROLE_OWNER, "who made it owns");
	is_int(member_row(db, &id, &budi).role, ROLE_MEMBER, "others do not");
	is_int(room_row(db, &id).members, 2, "members are counted");
	n.room.id = id_new();
	is_int(db_room_create(db, &n, &again, &more, NULL), 0, "repeated");
	ok(id_eq(&again, &id) && more.n == 0, "it is the same room");
	strcpy(n.room.label, "Other");
	is_int(db_room_create(db, &n, &again, &more, &err), -1, "not the same");
	is_int(err.code, ERR_CONFLICT, "is a conflict");
	n.cid = cid_new();
	n.users = &nobody;
	n.nusers = 1;
	is_int(db_room_create(db, &n, &again, &more, &err), -1, "a stranger");
	is_int(err.code, ERR_NOT_FOUND, "cannot be a member");
	is_int(db_room_get(db, &n.room.id, &n.room, NULL), 0,
	    "and nothing is left of the attempt");
}

static void
test_direct(struct db *db)
{
	struct id one[] = { ani, cici }, two[] = { cici, ani }, self[2];
	struct room_view v;
	struct id room = fix_room(db, ROOM_DIRECT, one, 2), again;
	struct room_new n = { .room = { .kind = ROOM_DIRECT } };
	struct event_list more;
	struct err err = { 0 };

	again = fix_room(db, ROOM_DIRECT, two, 2);
	ok(id_eq(&room, &again), "two people have one direct room");
	is_int(db_room_view(db, &room, &ani, &v, NULL), 1, "seen by one");
	ok(id_eq(&v.peer.id, &cici), "the peer is the other");
	event_free_body(&v.last);
	db_room_view(db, &room, &cici, &v, NULL);
	ok(id_eq(&v.peer.id, &ani), "and the other way round");
	event_free_body(&v.last);
	self[0] = n.creator = ani;
	n.users = self;
	n.nusers = 1;
	n.room.id = id_new();
	is_int(db_room_create(db, &n, &again, &more, &err), -1, "with oneself");
	is_int(err.code, ERR_BAD_REQUEST, "there is none");
}

static void
test_append(struct db *db)
{
	struct id users[] = { ani, budi }, nowhere = id_new();
	struct id room = fix_room(db, ROOM_PRIVATE, users, 2);
	struct event ev;
	struct member m;

	is_int(fix_say(db, &room, &ani, "one"), 4, "the next seq");
	is_int(fix_say(db, &room, &budi, "two"), 5, "and the next");
	is_int(room_row(db, &room).no, 2, "messages are counted");
	is_int(room_row(db, &room).last_message, 5, "the last is known");
	m = member_row(db, &room, &budi);
	ok(m.read_seq == 5 && m.read_no == 2,
	    "one has read what one sent oneself");
	is_int(member_row(db, &room, &ani).read_no, 1, "others have not");
	is_int(fix_say(db, &room, &cici, "x"), -ERR_NOT_FOUND,
	    "strangers are told of no private room");
	is_int(fix_say(db, &nowhere, &ani, "x"), -ERR_NOT_FOUND, "no room");
	is_int(fix_say(db, &ani, &ani, "x"), -ERR_FORBIDDEN,
	    "nobody writes into a self room");
	fix_message(&ev, &room, &ani, "reply");
	ev.target = 4;
	is_int(fix_append(db, &ev), 6, "a reply to a message");
	event_free_body(&ev);
	for (uint64_t target = 2; target < 100; target += 97) {
		fix_message(&ev, &room, &ani, "reply");
		ev.target = target;
		is_int(fix_append(db, &ev), -ERR_BAD_REQUEST,
		    "not to a join, not to what is not there");
		event_free_body(&ev);
	}
	is_int(room_row(db, &room).seq, 6, "what was refused took no seq");
}

static void
test_repeat(struct db *db)
{
	struct id users[] = { ani, budi };
	struct id room = fix_room(db, ROOM_PRIVATE, users, 2);
	struct event ev;
	struct event_subject s = { .user = budi };

	fix_message(&ev, &room, &budi, "halo");
	is_int(fix_append(db, &ev), 4, "stored");
	is_int(fix_append(db, &ev), 4, "again: the first seq");
	ok(ev.no == 1 && ev.at > 0, "with the first no and time");
	event_set_body(&ev, "other", 5);
	is_int(fix_append(db, &ev), -ERR_CONFLICT, "another body: a conflict");
	event_set_body(&ev, "halo", 4);
	ev.from = ani;
	is_int(fix_append(db, &ev), 5, "another's same cid is another event");
	ev.from = budi;
	is_int(fix_change(db, EV_LEAVE, &room, &ani, &s), 6, "removed");
	is_int(fix_append(db, &ev), 4, "also then the first seq is told");
	is_int(room_row(db, &room).seq, 6, "nothing was stored twice");
	event_free_body(&ev);
}

static void
test_several(struct db *db)
{
	struct id room = fix_room(db, ROOM_PRIVATE, &ani, 1);
	struct event ev[4];
	bool again[4];
	struct append a = { .ev = ev, .n = 3, .repeated = again }, *ops = &a;

	for (int i = 0; i < 4; i++)
		fix_message(&ev[i], &room, &ani, "x");
	db->driver->append(db, &ops, 1);
	ok(a.err.code == ERR_NONE && ev[0].seq == 3 && ev[2].seq == 5,
	    "several are stored in order");
	a.n = 4;
	ev[3].target = 99;
	db->driver->append(db, &ops, 1);
	is_int(a.err.code, ERR_BAD_REQUEST, "one is wrong: refused");
	is_int(room_row(db, &room).seq, 5, "all or none");
	ev[3].target = 0;
	db->driver->append(db, &ops, 1);
	ok(again[0] && again[2] && !again[3] && ev[1].seq == 4 &&
		ev[3].seq == 6,
	    "those that were stored keep their seq, the rest follows");
	a.n = 2;
	ev[0].cid = ev[1].cid = cid_new();
	db->driver->append(db, &ops, 1);
	ok(ev[0].seq == 7 && ev[1].seq == 7 && again[1],
	    "one cid twice in one append is one event");
	for (int i = 0; i < 4; i++)
		event_free_body(&ev[i]);
}

/* One of several turns out to be something else after those before it were
 * taken up: none of them is, and what else is in the batch goes on. */
static void
test_several_taken_back(struct db *db)
{
	struct id room = fix_room(db, ROOM_PRIVATE, &ani, 1);
	struct event first, ev[3], last;
	struct append a[] = { { .ev = &first, .n = 1 }, { .ev = ev, .n = 3 },
		{ .ev = &last, .n = 1 } };
	struct append *ops[] = { &a[0], &a[1], &a[2] };
	struct event_list l;

	fix_message(&first, &room, &ani, "first");
	fix_message(&last, &room, &ani, "last");
	for (int i = 0; i < 3; i++)
		fix_message(&ev[i], &room, &ani, "several");
	ev[2].cid = first.cid;
	db->driver->append(db, ops, 3);
	is_int(a[1].err.code, ERR_CONFLICT, "the third is something else");
	ok(first.seq == 3 && last.seq == 4, "before and behind it is stored");
	is_int(room_row(db, &room).no, 2, "the room counts two");
	is_int(member_row(db, &room, &ani).read_seq, 4, "read by their author");
	db_events(db, &room, 3, 99, 99, 0, &l, NULL);
	ok(l.n == 2 && strcmp(l.v[0].body, "first") == 0 &&
		strcmp(l.v[1].body, "last") == 0,
	    "and has two");
	event_list_free(&l);
	ev[2].cid = cid_new();
	db->driver->append(db, &ops[1], 1);
	ok(ev[0].seq == 5 && ev[2].seq == 7, "asked for rightly, they are");
	for (int i = 0; i < 3; i++)
		event_free_body(&ev[i]);
	event_free_body(&first);
	event_free_body(&last);
}

static int
say_under(struct db *db, struct event *ev, uint64_t joined)
{
	struct append a = { .ev = ev, .n = 1, .joined = joined }, *ops = &a;

	db->driver->append(db, &ops, 1);
	return a.err.code ? -(int)a.err.code : (int)ev->seq;
}

/* A try that comes late, after its sender was removed and added again. */
static void
test_membership(struct db *db)
{
	struct id users[] = { ani, budi };
	struct id room = fix_room(db, ROOM_PRIVATE, users, 2);
	struct event_subject s = { .user = budi, .role = ROLE_MEMBER };
	struct event one, two;

	fix_message(&one, &room, &budi, "one");
	fix_message(&two, &room, &budi, "two");
	is_int(member_row(db, &room, &budi).joined, 3, "joined by event 3");
	is_int(say_under(db, &one, 3), 4, "stored under that membership");
	fix_change(db, EV_LEAVE, &room, &ani, &s);
	is_int(say_under(db, &two, 3), -ERR_NOT_FOUND, "not when it is over");
	is_int(fix_change(db, EV_JOIN, &room, &ani, &s), 6, "and back");
	is_int(say_under(db, &two, 3), -ERR_NOT_MEMBER,
	    "nor in the next one: a refusal is final");
	is_int(room_row(db, &room).seq, 6, "nothing of it is left");
	is_int(say_under(db, &one, 3), 4,
	    "what was stored under the former is answered as ever");
	is_int(say_under(db, &two, 6), 7, "who knows of the new one may");
	event_free_body(&one);
	event_free_body(&two);
}

static void
test_batch(struct db *db)
{
	struct id room = fix_room(db, ROOM_PRIVATE, &ani, 1);
	struct event ev[3];
	struct append a[3], *ops[3];

	for (int i = 0; i < 3; i++) {
		fix_message(&ev[i], &room, i == 1 ? &budi : &ani, "x");
		a[i] = (struct append){ .ev = &ev[i], .n = 1 };
		ops[i] = &a[i];
	}
	db->driver->append(db, ops, 3);
	ok(a[0].err.code == 0 && a[2].err.code == 0 && ev[0].seq == 3 &&
		ev[2].seq == 4,
	    "a refusal in a batch disturbs nobody else");
	is_int(a[1].err.code, ERR_NOT_FOUND, "and is told to its own");
	for (int i = 0; i < 3; i++)
		event_free_body(&ev[i]);
}

static void
test_members(struct db *db)
{
	struct id room = fix_room(db, ROOM_PUBLIC, &ani, 1);
	struct event_subject s = { .user = budi, .role = ROLE_MEMBER };
	uint64_t self = room_row(db, &budi).seq;
	struct member_views l;

	fix_say(db, &room, &ani, "before");
	is_int(fix_say(db, &room, &budi, "x"), -ERR_NOT_MEMBER, "not yet");
	is_int(fix_change(db, EV_JOIN, &room, &budi, &s), 4, "joined");
	is_int(member_row(db, &room, &budi).read_no, 1,
	    "what was before is not unread");
	is_int(room_row(db, &budi).seq, self + 1, "the self room tells");
	is_int(fix_change(db, EV_JOIN, &room, &budi, &s), 0, "twice: nothing");
	s.user = cici;
	is_int(fix_change(db, EV_JOIN, &room, &ani, &s), 5, "added");
	s.user = id_new();
	is_int(fix_change(db, EV_JOIN, &room, &ani, &s), -ERR_NOT_FOUND,
	    "nobody who is not there");
	is_int(room_row(db, &room).members, 3, "three are in");
	db_members(db, &room, 2, 1, &l, NULL);
	ok(l.n == 1 && id_eq(&l.v[0].user.id, &budi) &&
		l.v[0].member.joined == 4,
	    "members by their joins, those behind, at most the limit");
	member_views_free(&l);
	s.user = cici;
	is_int(fix_change(db, EV_LEAVE, &room, &budi, &s), -ERR_FORBIDDEN,
	    "members remove nobody");
	is_int(fix_change(db, EV_LEAVE, &room, &ani, &s), 6, "the owner does");
	is_int(fix_change(db, EV_LEAVE, &room, &ani, &s), 0, "once");
	is_int(fix_say(db, &room, &cici, "x"), -ERR_NOT_MEMBER, "out is out");
}

static struct event
event_at(struct db *db, const struct id *room, uint64_t seq)
{
	struct event ev = { 0 };
	struct event_list l;

	db_events(db, room, seq, seq, 1, 0, &l, NULL);
	if (l.n == 1) {
		ev = l.v[0];
		l.v[0].body = NULL;
	}
	event_list_free(&l);
	return ev;
}

static void
test_owners(struct db *db)
{
	struct id users[] = { ani, budi, cici, dodi };
	struct id room = fix_room(db, ROOM_PRIVATE, users, 4);
	struct event_subject s = { .user = cici, .role = ROLE_OWNER }, got;
	struct event ev;

	fix_change(db, EV_ROLE, &room, &ani, &s);
	is_int(member_row(db, &room, &cici).role, ROLE_OWNER, "handed over");
	is_int(member_row(db, &room, &ani).role, ROLE_ADMIN,
	    "the former owner is an admin");
	s = (struct event_subject){ .user = cici };
	is_int(fix_change(db, EV_LEAVE, &room, &cici, &s), 7, "left");
	is_int(member_row(db, &room, &ani).role, ROLE_OWNER,
	    "the oldest admin inherits");
	ev = event_at(db, &room, 7);
	ok(event_subject(&ev, &got, NULL) == 0 && id_eq(&got.heir, &ani),
	    "the event says so");
	event_free_body(&ev);
	s.user = ani;
	fix_change(db, EV_LEAVE, &room, &ani, &s);
	is_int(member_row(db, &room, &budi).role, ROLE_OWNER,
	    "without admins the oldest member");
	s.user = dodi;
	fix_change(db, EV_LEAVE, &room, &dodi, &s);
	s.user = budi;
	is_int(fix_change(db, EV_LEAVE, &room, &budi, &s), 10,
	    "the last one may leave");
	is_int(room_row(db, &room).members, 0, "the room is nobody's");
}

static void
test_cursor(struct db *db)
{
	struct id users[] = { ani, budi };
	struct id room = fix_room(db, ROOM_PRIVATE, users, 2);
	struct event_subject s = { .room = room, .seq = 4 }, got;
	uint64_t self = room_row(db, &ani).seq;
	struct event ev;

	for (int i = 0; i < 3; i++)
		fix_say(db, &room, &budi, "x");
	is_int(fix_change(db, EV_READ, &ani, &ani, &s), self + 1, "read");
	is_int(member_row(db, &room, &ani).read_no, 1, "no follows from seq");
	is_int(fix_change(db, EV_READ, &ani, &ani, &s), 0, "not twice");
	s.seq = 3;
	is_int(fix_change(db, EV_READ, &ani, &ani, &s), 0, "not back");
	s.seq = 1000;
	is_int(fix_change(db, EV_READ, &ani, &ani, &s), self + 2, "too far");
	ev = event_at(db, &ani, self + 2);
	event_subject(&ev, &got, NULL);
	ok(got.seq == 6 && got.no == 3, "ends at the last event");
	event_free_body(&ev);
	is_int(member_row(db, &room, &ani).read_seq, 6, "the row too");
	is_int(fix_change(db, EV_READ, &cici, &cici, &s), -ERR_NOT_FOUND,
	    "strangers have no cursor in it");
	is_int(fix_change(db, EV_READ, &ani, &cici, &s), -ERR_NOT_FOUND,
	    "nobody moves another's cursor");
}

static void
test_events(struct db *db)
{
	struct id room = fix_room(db, ROOM_PRIVATE, &ani, 1);
	struct event_list l;

	for (int i = 0; i < 10; i++)
		fix_say(db, &room, &ani, "0123456789");
	db_events(db, &room, 3, 8, 100, 0, &l, NULL);
	ok(l.n == 6 && l.v[0].seq == 3 && l.v[5].seq == 8 && l.v[5].no == 6 &&
		l.v[0].body_len == 10,
	    "a range of a log, rising, whole");
	event_list_free(&l);
	db_events(db, &room, 1, UINT64_MAX, 4, 0, &l, NULL);
	is_int(l.n, 4, "at most the limit");
	event_list_free(&l);
	db_events(db, &room, 3, 12, 100, 25, &l, NULL);
	is_int(l.n, 3, "about so many bytes");
	event_list_free(&l);
	db_events(db, &room, 3, 12, 100, 1, &l, NULL);
	is_int(l.n, 1, "but one at least");
	event_list_free(&l);
	is_int(db_events(db, &room, 13, 20, 9, 0, &l, NULL), 0, "past the end");
	is_int(l.n, 0, "is nothing");
	event_list_free(&l);
}

static void
test_lists(struct db *db)
{
	struct id users[] = { dodi, cici }, loner = fix_user(db, "loner");
	struct id a = fix_room(db, ROOM_PUBLIC, users, 2);
	struct head v[3] = { { .room = a }, { .room = dodi } };
	struct room_views l, next;
	struct head_list h;
	struct room_pos pos;

	fix_room(db, ROOM_DIRECT, users, 2);
	fix_say(db, &a, &dodi, "last of all");
	v[2].room = id_new();
	db_rooms_of(db, &dodi, NULL, 100, &l, NULL);
	ok(l.n == 2, "one's rooms, those left are not among them");
	ok(l.v[0].room.at >= l.v[1].room.at, "the most active first");
	pos = (struct room_pos){ l.v[0].room.at, l.v[0].room.id };
	db_rooms_of(db, &dodi, &pos, 100, &next, NULL);
	ok(next.n == 1 && id_eq(&next.v[0].room.id, &l.v[1].room.id),
	    "page by page");
	room_views_free(&next);
	room_views_free(&l);
	db_heads_of(db, &dodi, &h, NULL);
	is_int(h.n, 2, "the heads of all");
	head_list_free(&h);
	is_int(db_heads(db, v, 3, NULL), 0, "heads by id");
	ok(v[0].seq == 4 && v[0].members == 2 && v[1].seq > 0 && v[2].seq == 0,
	    "self rooms too; an absent one is 0");
	db_heads_of(db, &loner, &h, NULL);
	is_int(h.n, 0, "a new account is nowhere");
	head_list_free(&h);
}

static void
test_views(struct db *db)
{
	struct id users[] = { ani, budi };
	struct id room = fix_room(db, ROOM_PUBLIC, users, 2);
	struct room_view v;

	fix_say(db, &room, &ani, "halo");
	is_int(db_room_view(db, &room, &budi, &v, NULL), 1, "a member sees");
	is_str(v.last.body, "halo", "the last message");
	event_free_body(&v.last);
	is_int(db_room_view(db, &room, &cici, &v, NULL), 1, "others the room");
	ok(v.me.role == ROLE_NONE && v.last.seq == 0, "but no message");
	room = id_new();
	is_int(db_room_view(db, &room, &ani, &v, NULL), 0, "none: absent");
}

static void
test_groups(struct db *db)
{
	struct room_views l;
	struct room after;

	fix_room(db, ROOM_PUBLIC, &dodi, 1);
	db_groups_prefix(db, &dodi, "rOO", NULL, 100, &l, NULL);
	ok(l.n > 2, "public groups by prefix in any case: %zu", l.n);
	for (size_t i = 0; i < l.n; i++)
		if (l.v[i].room.kind != ROOM_PUBLIC)
			fail("a room that is not public is listed");
	after = l.v[0].room;
	room_views_free(&l);
	db_groups_prefix(db, &dodi, "room", &after, 1, &l, NULL);
	ok(l.n == 1 && id_cmp(&l.v[0].room.id, &after.id) > 0, "page by page");
	room_views_free(&l);
	db_groups_prefix(db, &dodi, "zzz", NULL, 100, &l, NULL);
	is_int(l.n, 0, "or none");
	room_views_free(&l);
}

/* A session of user that begins now; no two hashes are the same. */
static struct id
fix_session(struct db *db, const struct id *user)
{
	static uint8_t next = 100;
	uint8_t hash[TOKEN_HASH] = { next++ };
	struct session s = { .id = id_new(),
		.user = *user,
		.used = next,
		.expires = clock_wall_ms() + 100000 };
	struct err err = { 0 };

	if (db_session_create(db, &s, hash, &err) == -1)
		bail_out(err.text);
	return s.id;
}

static size_t
sessions_left(struct db *db, const struct id *user)
{
	struct session_list l;
	size_t n;

	db_sessions_of(db, user, 100, &l, NULL);
	n = l.n;
	session_list_free(&l);
	return n;
}

static void
test_session_list(struct db *db)
{
	struct id user = fix_user(db, "seas"), keep;
	struct session_list l;
	struct event_list more;

	fix_session(db, &user);
	keep = fix_session(db, &user);
	fix_session(db, &user);
	is_int(db_sessions_of(db, &user, 2, &l, NULL), 0, "one's sessions");
	ok(l.n == 2 && l.v[0].used > l.v[1].used && id_eq(&l.v[1].id, &keep),
	    "the last used first, at most the limit");
	session_list_free(&l);
	is_int(db_sessions_delete(db, &user, &keep, &more, NULL), 0, "ended");
	ok(more.n == 2 && more.v[1].kind == EV_SESSION_REVOKED &&
		more.v[1].seq == more.v[0].seq + 1,
	    "each is told in the self room");
	event_list_free(&more);
	is_int(db_session_alive(db, &user, &keep, NULL), 1, "but the kept one");
	is_int(db_sessions_delete(db, &user, NULL, &more, NULL), 0, "then all");
	is_int(sessions_left(db, &user), 0, "none is left");
	event_list_free(&more);
}

static void
test_password(struct db *db)
{
	struct id user = fix_user(db, "passer"), nobody = id_new(), keep;
	char hash[PASSHASH_MAX];
	struct event_list more;
	struct err err = { 0 };
	struct user u;

	keep = fix_session(db, &user);
	fix_session(db, &user);
	is_int(db_user_set_password(db, &user, "other", &keep, &more, NULL), 0,
	    "another password");
	is_int(more.n, 1, "ends the other sessions");
	event_list_free(&more);
	is_int(db_session_alive(db, &user, &keep, NULL), 1, "not the kept one");
	db_user_by_name(db, "passer", &u, hash, NULL);
	is_str(hash, "other", "it is the password from now on");
	is_int(db_user_set_password(db, &nobody, "x", NULL, &more, &err), -1,
	    "of nobody");
	is_int(err.code, ERR_NOT_FOUND, "there is none");
	is_int(db_user_set_admin(db, &user, true, NULL), 0, "an administrator");
	ok(user_row(db, &user).admin, "is one");
	is_int(db_user_set_admin(db, &nobody, true, &err), -1, "nobody is not");
}

static void
test_disable(struct db *db)
{
	struct id user = fix_user(db, "naughty");
	uint8_t hash[TOKEN_HASH] = { 77 };
	struct session s = { .id = id_new(), .user = user, .expires = 1 };
	struct event_list more;
	struct err err = { 0 };

	fix_session(db, &user);
	is_int(db_user_disable(db, &user, true, &more, NULL), 0, "disabled");
	is_int(more.n, 1, "the sessions end");
	event_list_free(&more);
	is_int(user_row(db, &user).state, USER_DISABLED, "the row says so");
	is_int(db_session_create(db, &s, hash, &err), -1, "no new session");
	is_int(err.code, ERR_FORBIDDEN, "is to be had");
	db_user_disable(db, &user, true, &more, NULL);
	is_int(more.n, 0, "twice changes nothing");
	is_int(db_user_disable(db, &user, false, &more, NULL), 0, "enabled");
	is_int(db_session_create(db, &s, hash, &err), 0, "one is welcome");
}

static void
test_remove(struct db *db)
{
	struct id user = fix_user(db, "leaver"), people[] = { user, ani };
	struct id group = fix_room(db, ROOM_PRIVATE, people, 2);
	struct id direct = fix_room(db, ROOM_DIRECT, people, 2), again;
	uint64_t seq = room_row(db, &group).seq;
	struct event_list more;
	struct user_list l;
	struct room_view v;
	struct err err = { 0 };
	struct event ev;
	struct user u;

	fix_session(db, &user);
	is_int(db_user_remove(db, &user, &more, NULL), 0, "deleted");
	is_int(more.n, 3, "a leave, its entry, and the session's end");
	event_list_free(&more);
	ev = event_at(db, &group, seq + 1);
	ok(ev.kind == EV_LEAVE && id_eq(&ev.from, &user), "the group is left");
	event_free_body(&ev);
	is_int(member_row(db, &group, &ani).role, ROLE_OWNER, "and inherited");
	is_int(member_row(db, &direct, &user).role, ROLE_MEMBER,
	    "a direct room stays the other one's");
	db_room_view(db, &direct, &ani, &v, NULL);
	ok(id_eq(&v.peer.id, &user) && v.peer.state == USER_GONE,
	    "who sees that the peer is gone");
	event_free_body(&v.last);
	u = user_row(db, &user);
	ok(u.state == USER_GONE && u.name[0] == '\0' && u.display[0] == '\0',
	    "the id stays, without a name");
	is_int(db_user_by_name(db, "leaver", &u, NULL, NULL), 0, "not found");
	again = fix_user(db, "leaver");
	ok(!id_eq(&again, &user), "another may have the name");
	db_users_prefix(db, "", "", 1000, &l, NULL);
	for (size_t i = 0; i < l.n; i++)
		if (id_eq(&l.v[i].id, &user))
			fail("who is gone is listed");
	user_list_free(&l);
	is_int(db_user_remove(db, &user, &more, &err), -1, "twice");
	is_int(err.code, ERR_NOT_FOUND, "is too late");
	is_int(db_user_disable(db, &user, false, &more, &err), -1, "enabling");
	is_int(err.code, ERR_NOT_FOUND, "brings nobody back");
}

static void
test_scans(struct db *db)
{
	struct id after = { { 0 } };
	struct user_list u;
	struct room_rows r;
	size_t users = 0, rooms = 0, rising = 1;

	while (db_rooms_scan(db, &after, true, 3, &r, NULL) == 0 && r.n > 0) {
		rising = rising && id_cmp(&r.v[0].id, &after) > 0;
		after = r.v[r.n - 1].id;
		rooms += r.n;
		room_rows_free(&r);
	}
	room_rows_free(&r);
	ok(rising && rooms > 10, "all rooms by id, page by page: %zu", rooms);
	db_users_scan(db, NULL, 1000, &u, NULL);
	users = u.n;
	user_list_free(&u);
	db_rooms_scan(db, NULL, false, 1000, &r, NULL);
	is_int(r.n + users, rooms, "every user has a self room");
	room_rows_free(&r);
}

static void
test_snapshot(struct db *db)
{
	struct id room = fix_room(db, ROOM_PRIVATE, &ani, 1);
	struct db *reader = fix_connect();
	uint64_t seq = room_row(reader, &room).seq;
	struct head h = { .room = room };

	is_int(db_snapshot(reader, NULL), 0, "one state");
	db_heads(reader, &h, 1, NULL);
	fix_say(db, &room, &ani, "meanwhile");
	db_heads(reader, &h, 1, NULL);
	is_int(h.seq, seq, "whatever others write");
	is_int(room_row(reader, &room).seq, seq, "for all reads");
	db_snapshot_end(reader);
	is_int(room_row(reader, &room).seq, seq + 1, "until it ends");
	fix_close(reader);
}

/* A server's copies are made by its own tools. */
static void
test_no_backup(struct db *db)
{
	struct err err = { 0 };

	is_int(db_integrity(db, &err), 0, "the store is whole");
	is_int(
	    db_backup(db, "copy", NULL, NULL, &err), -1, "no copy into a file");
	is_int(err.code, ERR_BAD_REQUEST, "and it is said how: %s", err.text);
	is_int(store_swap(&fix_conf, "copy", &err), -1, "nor from one");
	is_int(err.code, ERR_BAD_REQUEST, "and it is said how: %s", err.text);
	fix_close(db);
}

struct come {
	unsigned calls;
	uint64_t done, total;
};

static void
note_come(uint64_t done, uint64_t total, void *arg)
{
	struct come *come = arg;

	come->calls++;
	come->done = done;
	come->total = total;
}

static void
test_backup(struct db *db)
{
	struct come come = { 0 };
	struct id room = fix_room(db, ROOM_PRIVATE, &ani, 1);
	struct store_conf conf = fix_conf;
	char path[128], main_path[96];
	struct err err = { 0 };
	struct db *copy;

	strlcpy(main_path, fix_path, sizeof(main_path));
	snprintf(path, sizeof(path), "%s/copy.db", fix_dir);
	is_int(db_integrity(db, &err), 0, "the store is whole");
	is_int(db_backup(db, path, note_come, &come, &err), 0, "a copy: %s",
	    err.text);
	ok(come.calls > 0 && come.done == come.total && come.total > 0,
	    "which tells how far it has come");
	is_int(db_backup(db, path, NULL, NULL, &err), -1,
	    "never over what is there");
	fix_say(db, &room, &ani, "after the copy");
	conf.path = path;
	copy = store_open_alone(&conf, &err);
	is_int(room_row(copy, &room).seq, 2, "it is as it was then");
	is_int(db_integrity(copy, &err), 0, "and whole");
	store_close_alone(&copy);
	fix_close(db);
	is_int(
	    store_swap(&fix_conf, path, &err), 0, "put in place: %s", err.text);
	db = fix_connect();
	is_int(room_row(db, &room).seq, 2, "it is the store");
	is_int(fix_say(db, &room, &ani, "on"), 3, "which goes on from there");
	fix_close(db);
	snprintf(path, sizeof(path), "%s.old", main_path);
	conf.path = path;
	copy = store_open_alone(&conf, &err);
	is_int(room_row(copy, &room).seq, 3, "the former one is kept");
	store_close_alone(&copy);
}

/* How many public groups these words find, all pages of `limit` together. */
static size_t
found(struct db *db, const char *words, size_t limit)
{
	struct group_pos pos = { 0 };
	struct room_views l;
	size_t n = 0;

	do {
		if (db_groups_words(db, &dodi, words, &pos, limit, &l, NULL) ==
		    -1)
			return SIZE_MAX;
		n += l.n;
		if (pos.word[0] != '\0' && l.n != limit)
			fail("a page that is not full, and not the last");
		room_views_free(&l);
	} while (pos.word[0] != '\0');
	return n;
}

static int64_t
rename_to(struct db *db, const struct id *room, const struct id *from,
    const char *label)
{
	struct event_subject s = { 0 };

	strcpy(s.text, label);
	return fix_change(db, EV_RENAME, room, from, &s);
}

static void
test_describe(struct db *db)
{
	struct id users[] = { ani, budi };
	struct id room = fix_room(db, ROOM_PUBLIC, users, 2);
	struct event_subject s = { .text = "all of them" };
	struct room_views l;

	is_int(rename_to(db, &room, &budi, "x"), -ERR_FORBIDDEN, "a member");
	is_int(rename_to(db, &room, &cici, "x"), -ERR_NOT_MEMBER, "nobody");
	is_int(rename_to(db, &room, &ani, "Kutilang"), 4, "renamed");
	is_int(rename_to(db, &room, &ani, "Kutilang"), 0, "once");
	is_str(room_row(db, &room).label, "Kutilang", "the row has it");
	is_int(fix_change(db, EV_TOPIC, &room, &ani, &s), 5, "a topic");
	is_str(room_row(db, &room).topic, "all of them", "the row has it");
	s.text[0] = '\0';
	is_int(fix_change(db, EV_TOPIC, &room, &ani, &s), 6, "cleared");
	is_str(room_row(db, &room).topic, "", "it is gone");
	db_groups_prefix(db, &dodi, "kuTI", NULL, 9, &l, NULL);
	is_int(l.n, 1, "listed under the new label");
	room_views_free(&l);
	is_int(fix_change(db, EV_VISIBILITY, &room, &ani, &s), 7, "private");
	is_int(fix_change(db, EV_VISIBILITY, &room, &ani, &s), 0, "once");
	is_int(room_row(db, &room).kind, ROOM_PRIVATE, "the row has it");
	is_int(rename_to(db, &room, &cici, "x"), -ERR_NOT_FOUND, "unknown now");
	db_groups_prefix(db, &dodi, "kuti", NULL, 9, &l, NULL);
	is_int(l.n, 0, "listed no more");
	room_views_free(&l);
	is_int(found(db, "kutilang", 9), 0, "nor found by words");
	s.open = true;
	is_int(fix_change(db, EV_VISIBILITY, &room, &ani, &s), 8, "public");
	is_int(found(db, "kutilang", 9), 1, "found again");
}

static void
test_words(struct db *db)
{
	static const char *const labels[] = { "Pasar burung, Jakarta",
		"burung-burung Bandung", "Burung dan Bunga",
		"ÉCOLE de Ångström", "Птицы" };
	char long_words[] = "a b c d e f g h i";
	struct id room[5];

	for (int i = 0; i < 5; i++) {
		room[i] = fix_room(db, ROOM_PUBLIC, &ani, 1);
		rename_to(db, &room[i], &ani, labels[i]);
	}
	is_int(found(db, "BURUNG", 9), 3, "a word anywhere, in any case");
	is_int(found(db, "bu", 1), 3, "its beginning; each group once");
	is_int(found(db, "b", 2), 3, "in pages");
	is_int(found(db, "jak bur", 9), 1, "all words must be there");
	is_int(found(db, "jak ban", 9), 0, "in one group");
	is_int(found(db, "urung", 9), 0, "not its middle");
	is_int(found(db, "école ångs", 9), 1, "with accents");
	is_int(found(db, "птиц", 9), 1, "and other alphabets");
	is_int(found(db, " - ", 9), -1, "no word is no search");
	is_int(found(db, long_words, 9), -1, "nor are nine");
	rename_to(db, &room[0], &ani, "Pasar ikan");
	is_int(found(db, "burung", 9), 2, "the former words are forgotten");
	is_int(found(db, "ikan", 9), 1, "the new ones known");
}

static void
test_wishes(struct db *db)
{
	struct id users[] = { ani, budi };
	struct id room = fix_room(db, ROOM_DIRECT, users, 2);
	struct event_subject s = { .room = room, .on = true }, never = s, got;
	uint64_t self = room_row(db, &budi).seq, soon = clock_wall_ms() + 60000;
	struct event ev, again;
	struct room_view v;

	never.on = false;
	is_int(
	    fix_change(db, EV_ARCHIVE, &budi, &budi, &s), self + 1, "archived");
	is_int(fix_change(db, EV_ARCHIVE, &budi, &budi, &s), 0, "once");
	db_room_view(db, &room, &budi, &v, NULL);
	ok(room_archived(&v.room, &v.me, v.last.at), "the row has it");
	event_free_body(&v.last);
	is_int(member_row(db, &room, &ani).archived, 0, "others do not");
	fix_say(db, &room, &ani, "are you there?");
	is_int(fix_change(db, EV_ARCHIVE, &budi, &budi, &never), 0,
	    "a message brought it back");
	s.until = soon;
	is_int(fix_change(db, EV_MUTE, &budi, &budi, &s), self + 2, "muted");
	is_int(fix_change(db, EV_MUTE, &budi, &budi, &s), 0, "once");
	is_int(member_row(db, &room, &budi).muted, soon, "the row has it");
	is_int(member_row(db, &room, &budi).archived, 0,
	    "muting does not put back what came back");
	fix_change(db, EV_ARCHIVE, &budi, &budi, &s);
	fix_say(db, &room, &ani, "hey");
	is_int(fix_change(db, EV_ARCHIVE, &budi, &budi, &s), 0,
	    "muted, it stays in the archive");
	s.until = 0;
	is_int(fix_change(db, EV_MUTE, &budi, &budi, &s), self + 4, "unmuted");
	ev = event_at(db, &budi, self + 4);
	event_subject(&ev, &got, NULL);
	is_int(got.no, room_row(db, &room).no, "as of the last message");
	ok(got.on, "when it was in the archive");
	s.on = false;
	fix_asked(&again, EV_MUTE, &budi, &budi, &s);
	again.cid = ev.cid;
	is_int(fix_append(db, &again), self + 4, "asked for twice, it is once");
	s.on = true;
	event_free_body(&again);
	event_free_body(&ev);
	is_int(fix_change(db, EV_ARCHIVE, &budi, &budi, &s), 0,
	    "what came before that does not bring it back");
	s.until = 5;
	is_int(fix_change(db, EV_MUTE, &budi, &budi, &s), 0,
	    "until a time that has passed is not at all");
	is_int(fix_change(db, EV_MUTE, &cici, &cici, &s), -ERR_NOT_FOUND,
	    "strangers have no say");
	is_int(fix_change(db, EV_ARCHIVE, &ani, &budi, &s), -ERR_NOT_FOUND,
	    "nor for others");
	s.room = ani;
	is_int(fix_change(db, EV_MUTE, &ani, &ani, &s), -ERR_NOT_FOUND,
	    "a self room is no room to mute");
}

static void
test_wishes_end(struct db *db)
{
	struct id users[] = { ani, budi };
	struct id room = fix_room(db, ROOM_PUBLIC, users, 2);
	struct event_subject s = { .room = room,
		.on = true,
		.until = clock_wall_ms() + 60000,
		.user = budi,
		.role = ROLE_MEMBER };

	fix_change(db, EV_ARCHIVE, &budi, &budi, &s);
	fix_change(db, EV_MUTE, &budi, &budi, &s);
	fix_change(db, EV_LEAVE, &room, &budi, &s);
	fix_change(db, EV_JOIN, &room, &budi, &s);
	ok(member_row(db, &room, &budi).muted == 0 &&
		member_row(db, &room, &budi).archived == 0,
	    "who leaves and comes back begins anew");
}

int
main(void)
{
	struct db *db;

	fix_begin();
	db = fix_db();
	test_first(db);
	test_users(db);
	test_sessions(db);
	test_create(db);
	test_direct(db);
	test_append(db);
	test_membership(db);
	test_repeat(db);
	test_several(db);
	test_several_taken_back(db);
	test_batch(db);
	test_members(db);
	test_owners(db);
	test_cursor(db);
	test_events(db);
	test_lists(db);
	test_views(db);
	test_groups(db);
	test_session_list(db);
	test_password(db);
	test_disable(db);
	test_remove(db);
	test_scans(db);
	test_snapshot(db);
	test_describe(db);
	test_words(db);
	test_wishes(db);
	test_wishes_end(db);
	if (fix_is_file())
		test_backup(db); /* closes it */
	else
		test_no_backup(db);
	return done_testing();
}
