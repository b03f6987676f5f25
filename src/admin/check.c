/* admin/check.c - is the store whole, are the logs without holes, and do the
 * rows say what the logs say? With a digest of everything, so that two stores
 * can be compared. */

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/digest.h"
#include "admin/ops.h"
#include "admin/walk.h"
#include "base/map.h"
#include "base/mem.h"
#include "store/rooms.h"

#define PROBLEMS_MAX 100 /* of one answer; counted beyond */

struct check {
	struct db *db;
	struct admin_call *call;
	struct digest digest;
	struct buf problems; /* strings of a JSON array */
	uint64_t nproblems;
	uint64_t users, rooms, events, messages, members;
	uint64_t total; /* events there should be */
};

/* One room while its log is folded. */
struct fold {
	const struct room *row;
	struct map members; /* of struct member, by user */
	uint64_t seq, no, at, last_message;
	struct cid cid;
	struct room now; /* kind, label, topic */
};

static void __attribute__((format(printf, 3, 4)))
problem(struct check *c, const struct id *room, const char *fmt, ...)
{
	char text[160], line[220], hex[ID_HEX];
	va_list ap;

	if (c->nproblems++ >= PROBLEMS_MAX)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	snprintf(line, sizeof(line), "room %s: %s", id_hex(room, hex), text);
	json_str(&c->problems, line, strlen(line));
}

/* Folding a log -------------------------------------------------------------
 */

static struct member *
fold_member(struct fold *f, const struct id *user)
{
	struct member *m = map_get(&f->members, user);

	if (m != NULL)
		return m;
	MEM_NEW(m);
	m->user = *user;
	map_put(&f->members, m);
	return m;
}

static void
fold_event(struct check *c, struct fold *f, const struct event *ev)
{
	struct event_subject s;

	if (ev->kind == EV_MESSAGE)
		return;
	if (event_subject(ev, &s, NULL) == -1) {
		problem(c, &ev->room, "event %ju cannot be read",
		    (uintmax_t)ev->seq);
		return;
	}
	room_describe(&f->now, ev->kind, &s);
	if (ev->kind == EV_JOIN) {
		fold_member(f, &s.user)->joined = ev->seq;
		fold_member(f, &s.user)->role = s.role;
		return;
	}
	if (ev->kind != EV_LEAVE && ev->kind != EV_ROLE)
		return;
	fold_member(f, &s.user)->role = s.role; /* leave: none */
	if (ev->kind == EV_LEAVE && !id_is_zero(&s.heir))
		fold_member(f, &s.heir)->role = ROLE_OWNER;
	if (ev->kind == EV_ROLE && s.role == ROLE_OWNER)
		fold_member(f, &ev->from)->role = ROLE_ADMIN;
}

/* The next event of the log: the next number? */
static void
take_event(struct check *c, struct fold *f, const struct event *ev)
{
	bool message = ev->kind == EV_MESSAGE;

	if (ev->seq != f->seq + 1)
		problem(c, &ev->room, "event %ju comes after %ju",
		    (uintmax_t)ev->seq, (uintmax_t)f->seq);
	if (ev->no != f->no + message)
		problem(c, &ev->room, "no %ju at event %ju is not %ju",
		    (uintmax_t)ev->no, (uintmax_t)ev->seq,
		    (uintmax_t)(f->no + message));
	f->seq = ev->seq;
	f->no = ev->no;
	f->at = ev->at;
	f->cid = ev->cid;
	if (message)
		f->last_message = ev->seq;
	c->events++;
	c->messages += message;
	digest_event(&c->digest, ev);
	if (f->row->kind != ROOM_SELF)
		fold_event(c, f, ev);
}

/* What is told is never the end, and never more: a log may have more events
 * than its row says. */
static void
tell(const struct check *c)
{
	if (c->call->progress != NULL && c->events < c->total)
		c->call->progress(c->events, c->total, c->call->progress_arg);
}

/* What is folded, for the walks. */
struct folding {
	struct check *c;
	struct fold *f;
	uint64_t members;
};

static int
take_page(const struct event *v, size_t n, void *arg)
{
	struct folding *w = arg;

	for (size_t i = 0; i < n; i++)
		take_event(w->c, w->f, &v[i]);
	tell(w->c);
	return 0;
}

static void
compare_head(struct check *c, const struct fold *f)
{
	const struct room *r = f->row;

	if (r->seq != f->seq || r->no != f->no ||
	    r->last_message != f->last_message ||
	    (f->seq > 0 && (r->at != f->at || !cid_eq(&r->cid, &f->cid))))
		problem(c, &r->id,
		    "its head is %ju/%ju, its log ends at %ju/%ju",
		    (uintmax_t)r->seq, (uintmax_t)r->no, (uintmax_t)f->seq,
		    (uintmax_t)f->no);
	if (r->kind != ROOM_SELF &&
	    (r->kind != f->now.kind || strcmp(r->label, f->now.label) != 0 ||
		strcmp(r->topic, f->now.topic) != 0))
		problem(c, &r->id,
		    "its log tells another label, topic or visibility");
}

/* The row against the log, which then forgets this member. */
static void
compare_member(struct check *c, struct fold *f, const struct member *row)
{
	struct member *m = map_get(&f->members, &row->user);
	char hex[ID_HEX];

	id_hex(&row->user, hex);
	if (m == NULL || m->role != row->role || m->joined != row->joined)
		problem(
		    c, &f->row->id, "the log tells another role of %s", hex);
	if (row->read_seq > f->seq || row->read_no > f->no)
		problem(c, &f->row->id, "%s has read what is not there", hex);
	if (m != NULL)
		m->role = ROLE_NONE;
	c->members++;
	digest_member(&c->digest, row);
}

static int
compare_page(const struct member_view *v, size_t n, void *arg)
{
	struct folding *w = arg;

	for (size_t i = 0; i < n; i++)
		compare_member(w->c, w->f, &v[i].member);
	w->members += n;
	return 0;
}

static int
compare_members(struct folding *w)
{
	const struct room *row = w->f->row;

	if (walk_members(
		w->c->db, &row->id, compare_page, w, w->c->call->err) == -1)
		return -1;
	if (w->members != row->members)
		problem(w->c, &row->id, "it counts %u members and has %ju",
		    row->members, (uintmax_t)w->members);
	return 0;
}

/* Who is in the log but not in the rows; frees the fold. */
static void
end_members(struct check *c, struct fold *f)
{
	struct member *m;
	size_t pos = 0;

	while ((m = map_next(&f->members, &pos)) != NULL) {
		char hex[ID_HEX];

		if (m->role != ROLE_NONE)
			problem(c, &f->row->id,
			    "%s is a member by its log only",
			    id_hex(&m->user, hex));
		free(m);
	}
	map_free(&f->members);
}

static int
check_room(const struct room *row, void *arg)
{
	struct check *c = arg;
	struct fold f = { .row = row, .now.kind = row->kind };
	struct folding w = { .c = c, .f = &f };
	int rc;

	c->rooms += row->kind != ROOM_SELF;
	map_init(&f.members, struct member, user);
	digest_room(&c->digest, row);
	rc = walk_log(c->db, &row->id, take_page, &w, c->call->err);
	if (rc == 0) {
		compare_head(c, &f);
		if (row->kind != ROOM_SELF)
			rc = compare_members(&w);
	}
	if (rc == -1)
		c->nproblems = 0; /* the error is the answer */
	end_members(c, &f);
	return rc;
}

/* Everything ----------------------------------------------------------------
 */

static int
check_user(struct check *c, const struct user *u)
{
	struct room self;
	int found = db_room_get(c->db, &u->id, &self, c->call->err);

	if (found == -1)
		return -1;
	if (found == 0 || self.kind != ROOM_SELF)
		problem(c, &u->id, "a user without a self room");
	c->users += u->state != USER_GONE;
	digest_user(&c->digest, u);
	return 0;
}

static int
each_user(struct check *c)
{
	struct id after = { { 0 } };
	struct user_list l;
	size_t n;
	int rc = 0;

	do {
		if (db_users_scan(c->db, &after, WALK_PAGE, &l, c->call->err) ==
		    -1)
			return -1;
		for (size_t i = 0; i < l.n && rc == 0; i++)
			rc = check_user(c, &l.v[i]);
		n = l.n;
		if (n > 0)
			after = l.v[n - 1].id;
		user_list_free(&l);
	} while (n > 0 && rc == 0);
	return rc;
}

static int
check_all(struct check *c)
{
	int rc;

	if (db_snapshot(c->db, c->call->err) == -1)
		return -1;
	rc = walk_count(c->db, &c->total, c->call->err);
	if (rc == 0)
		rc = each_user(c);
	if (rc == 0)
		rc = walk_rooms(c->db, check_room, c, c->call->err);
	db_snapshot_end(c->db);
	return rc;
}

static void
answer(struct check *c)
{
	struct buf *b = c->call->out;
	char hex[DIGEST_HEX];

	digest_end(&c->digest, hex);
	json_kbool(b, "ok", c->nproblems == 0);
	json_ku64(b, "users", c->users);
	json_ku64(b, "rooms", c->rooms);
	json_ku64(b, "members", c->members);
	json_ku64(b, "events", c->events);
	json_ku64(b, "messages", c->messages);
	json_kstr(b, "digest", hex);
	json_ku64(b, "problems_found", c->nproblems);
	json_key(b, "problems");
	json_open(b, '[');
	buf_add(b, c->problems.data, c->problems.len);
	json_close(b, ']');
}

static void
check_run(struct db *db, struct admin_call *call)
{
	struct check c = { .db = db, .call = call };
	struct err damage = { 0 };

	digest_start(&c.digest);
	if (db_integrity(db, &damage) == -1) {
		json_str(&c.problems, damage.text, strlen(damage.text));
		c.nproblems++;
	}
	if (check_all(&c) == 0)
		answer(&c);
	else
		digest_end(&c.digest, NULL);
	if (call->progress != NULL)
		call->progress(1, 1, call->progress_arg);
	buf_free(&c.problems);
}

const struct admin_op admin_check = { .name = "check", .run = check_run };
