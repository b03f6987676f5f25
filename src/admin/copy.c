/* admin/copy.c - everything from one store into another, and the proof that it
 * is there. Accounts come last, so that nobody logs into half a copy. */
#include "admin/copy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/failpoint.h"
#include "base/map.h"
#include "base/mem.h"
#include "store/copy.h"

#define PAGE       500
#define PAGE_BYTES (4u << 20)

/* How far a room of the target is. */
struct had {
	struct id id;
	uint64_t seq;
};

struct copy {
	const struct copy_job *job;
	struct copy_report *r;
	struct err *err;
	struct map had;       /* of struct had, by id */
	struct copy_row *row; /* a page */
	const char *what;     /* the part of the work that goes on */
	uint64_t done, total; /* events of that part */
	struct digest *all;   /* of everything that was compared */
	struct side *side;    /* whose rows are read */
};

static void
tell(const struct copy *c)
{
	if (c->job->progress != NULL && c->done < c->total)
		c->job->progress(
		    c->what, c->done, c->total, c->job->progress_arg);
}

static void
begin(struct copy *c, const char *what)
{
	c->what = what;
	c->done = 0;
	tell(c);
}

/* Rooms ---------------------------------------------------------------------
 */

typedef int room_fn(struct copy *c, const struct room *row);

static int
each_room(struct copy *c, room_fn *fn)
{
	struct id after = { { 0 } };
	struct room_rows l;
	size_t n;
	int rc = 0;

	do {
		if (db_rooms_scan(
			c->job->from, &after, true, PAGE, &l, c->err) == -1)
			return -1;
		for (size_t i = 0; i < l.n && rc == 0; i++)
			rc = fn(c, &l.v[i]);
		n = l.n;
		if (n > 0)
			after = l.v[n - 1].id;
		room_rows_free(&l);
	} while (n > 0 && rc == 0);
	return rc;
}

static int
count_room(struct copy *c, const struct room *row)
{
	c->total += row->seq;
	return 0;
}

/* What the target holds ------------------------------------------------------
 */

static int
something_else(struct copy *c, const char *what, const struct id *id)
{
	char hex[ID_HEX];

	return err_set(c->err, ERR_CONFLICT,
	    "the target is neither empty nor a former copy: its %s %s is not "
	    "as in the source. Nothing was changed; name an empty target",
	    what, id_hex(id, hex));
}

static int
check_user(struct copy *c, const struct copy_row *row)
{
	struct user u;
	int rc = db_user_get(c->job->from, &row->user.id, &u, c->err);

	if (rc == 0)
		return something_else(c, "user", &row->user.id);
	return rc == -1 ? -1 : 0;
}

/* Is the last event of the target's room the source's at that number? */
static int
same_event(struct copy *c, const struct room *to)
{
	struct event_list l;
	bool same;

	if (to->seq == 0)
		return 1;
	if (db_events(c->job->from, &to->id, to->seq, to->seq, 1, 0, &l,
		c->err) == -1)
		return -1;
	same = l.n == 1 && cid_eq(&l.v[0].cid, &to->cid);
	event_list_free(&l);
	return same;
}

static int
check_room(struct copy *c, const struct copy_row *row)
{
	const struct room *to = &row->room;
	struct had *had;
	struct room from;
	int rc = db_room_get(c->job->from, &to->id, &from, c->err);

	if (rc == 1)
		rc = from.seq < to->seq ? 0 : same_event(c, to);
	if (rc == 0)
		return something_else(c, "room", &to->id);
	if (rc == -1)
		return -1;
	MEM_NEW(had);
	had->id = to->id;
	had->seq = to->seq;
	map_put(&c->had, had);
	return 0;
}

typedef int page_fn(
    struct copy *c, enum copy_kind kind, const struct copy_row *v, size_t n);

/* All rows of a kind, in pages; an empty last one too. */
static int
each_page(struct copy *c, struct db *db, enum copy_kind kind, page_fn *fn)
{
	struct copy_row after = { .passhash = "" };
	int n;

	do {
		n = db_copy_list(db, kind, &after, PAGE, c->row, c->err);
		if (n == -1 || fn(c, kind, c->row, (size_t)n) == -1)
			return -1;
		if (n > 0)
			after = c->row[n - 1];
	} while (n > 0);
	return 0;
}

static int
check_page(
    struct copy *c, enum copy_kind kind, const struct copy_row *v, size_t n)
{
	int rc = 0;

	for (size_t i = 0; i < n && rc == 0; i++)
		rc = kind == COPY_USERS ? check_user(c, &v[i])
					: check_room(c, &v[i]);
	return rc;
}

/* Copying -------------------------------------------------------------------
 */

static int
copy_log(struct copy *c, const struct room *row)
{
	const struct had *had = map_get(&c->had, &row->id);
	uint64_t seq = had != NULL ? had->seq : 0;
	struct event_list l;
	int rc = 0;

	c->done += seq;
	while (rc == 0 && seq < row->seq) {
		if (db_events(c->job->from, &row->id, seq + 1, row->seq, PAGE,
			PAGE_BYTES, &l, c->err) == -1)
			return -1;
		if (l.n == 0)
			return err_set(c->err, ERR_INTERNAL,
			    "the source has a hole: run burungctl check");
		rc = db_copy_events(c->job->to, l.v, l.n, c->err);
		seq = l.v[l.n - 1].seq;
		c->done += l.n;
		event_list_free(&l);
		tell(c);
		FAILPOINT("copy.events");
	}
	return rc;
}

/* *v_r: all members, freed by the caller. */
static int
read_members(struct copy *c, struct db *db, const struct room *row,
    struct member **v_r, size_t *n_r)
{
	struct member_views l;
	uint64_t after = 0;
	size_t got;

	*v_r = NULL;
	*n_r = 0;
	if (row->kind == ROOM_SELF)
		return 0;
	do {
		if (db_members(db, &row->id, after, PAGE, &l, c->err) == -1)
			return -1;
		*v_r = mem_reallocarray(*v_r, *n_r + l.n + 1, sizeof(**v_r));
		for (size_t i = 0; i < l.n; i++)
			(*v_r)[(*n_r)++] = l.v[i].member;
		got = l.n;
		if (got > 0)
			after = l.v[got - 1].member.joined;
		member_views_free(&l);
	} while (got > 0);
	return 0;
}

static int
copy_room(struct copy *c, const struct room *row)
{
	struct member *v;
	size_t n;
	int rc = copy_log(c, row);

	if (rc == -1)
		return -1;
	rc = read_members(c, c->job->from, row, &v, &n);
	if (rc == 0)
		rc = db_copy_room(c->job->to, row, v, n, c->err);
	free(v);
	FAILPOINT("copy.room");
	return rc;
}

static int
copy_page(
    struct copy *c, enum copy_kind kind, const struct copy_row *v, size_t n)
{
	int rc = db_copy_put(c->job->to, kind, v, n, false, c->err);

	FAILPOINT("copy.table");
	return rc;
}

static int
copy_kind(struct copy *c, enum copy_kind kind)
{
	if (db_copy_put(c->job->to, kind, NULL, 0, true, c->err) == -1)
		return -1;
	return each_page(c, c->job->from, kind, copy_page);
}

static int
copy_all(struct copy *c)
{
	begin(c, "copying");
	if (each_room(c, copy_room) == -1 || copy_kind(c, COPY_DIRECTS) == -1 ||
	    copy_kind(c, COPY_INVITES) == -1 ||
	    copy_kind(c, COPY_SESSIONS) == -1)
		return -1;
	return copy_kind(c, COPY_USERS);
}

/* Comparing -----------------------------------------------------------------
 */

/* One side: what it holds of a room or a table. */
struct side {
	struct digest digest;
	uint64_t n; /* rows, or events */
	uint64_t members;
	char hex[DIGEST_HEX];
};

static int
digest_log(
    struct copy *c, struct db *db, const struct room *row, struct side *s)
{
	struct event_list l;
	uint64_t seq = 0;
	size_t n;

	do {
		if (db_events(db, &row->id, seq + 1, UINT64_MAX, PAGE,
			PAGE_BYTES, &l, c->err) == -1)
			return -1;
		for (size_t i = 0; i < l.n; i++)
			digest_event(&s->digest, &l.v[i]);
		n = l.n;
		s->n += n;
		if (n > 0)
			seq = l.v[n - 1].seq;
		event_list_free(&l);
	} while (n > 0);
	return 0;
}

static int
digest_side(
    struct copy *c, struct db *db, const struct id *room, struct side *s)
{
	struct room row = { .id = *room };
	struct member *v = NULL;
	size_t n = 0;
	int rc;

	*s = (struct side){ .n = 0 };
	digest_start(&s->digest);
	rc = db_room_get(db, room, &row, c->err) == -1 ? -1 : 0;
	digest_room(&s->digest, &row);
	if (rc == 0)
		rc = digest_log(c, db, &row, s);
	if (rc == 0)
		rc = read_members(c, db, &row, &v, &n);
	for (size_t i = 0; i < n; i++)
		digest_member(&s->digest, &v[i]);
	s->members = n;
	free(v);
	digest_end(&s->digest, s->hex);
	return rc;
}

static int
differs(struct copy *c, const char *what)
{
	return err_set(c->err, ERR_INTERNAL,
	    "%s differ between the two: has somebody written meanwhile? Stop "
	    "who uses them, and run it again",
	    what);
}

static int
compare_room(struct copy *c, const struct room *row)
{
	struct side from, to;
	char text[40], hex[ID_HEX];

	if (digest_side(c, c->job->from, &row->id, &from) == -1 ||
	    digest_side(c, c->job->to, &row->id, &to) == -1)
		return -1;
	if (strcmp(from.hex, to.hex) != 0) {
		snprintf(
		    text, sizeof(text), "room %s: it", id_hex(&row->id, hex));
		return differs(c, text);
	}
	c->r->rooms += row->kind != ROOM_SELF;
	c->r->members += from.members;
	c->r->events += from.n;
	digest_text(c->all, from.hex, strlen(from.hex));
	c->done += from.n;
	tell(c);
	return 0;
}

static void
digest_row(struct digest *d, enum copy_kind kind, const struct copy_row *v)
{
	switch (kind) {
	case COPY_USERS:
		digest_user(d, &v->user);
		digest_u64(d, v->user.last_seen);
		digest_text(d, v->passhash, strlen(v->passhash));
		break;
	case COPY_SESSIONS:
		digest_bytes(d, v->hash, sizeof(v->hash));
		digest_bytes(d, &v->session.id, sizeof(v->session.id));
		digest_bytes(d, &v->session.user, sizeof(v->session.user));
		digest_u64(d, v->session.created);
		digest_u64(d, v->session.used);
		digest_u64(d, v->session.expires);
		digest_text(d, v->session.device, strlen(v->session.device));
		break;
	case COPY_INVITES:
		digest_bytes(d, v->hash, sizeof(v->hash));
		digest_bytes(d, &v->invite.id, sizeof(v->invite.id));
		digest_bytes(d, &v->invite.creator, sizeof(v->invite.creator));
		digest_bytes(d, &v->invite.user, sizeof(v->invite.user));
		digest_u64(d, v->invite.created);
		digest_u64(d, v->invite.expires);
		digest_u64(d, v->invite.used);
		break;
	case COPY_DIRECTS:
		digest_bytes(d, &v->direct.low, sizeof(v->direct.low));
		digest_bytes(d, &v->direct.high, sizeof(v->direct.high));
		digest_bytes(d, &v->direct.room, sizeof(v->direct.room));
		break;
	case COPY_ROOMS:
		digest_bytes(d, &v->room.id, sizeof(v->room.id));
		break;
	}
}

static int
digest_page(
    struct copy *c, enum copy_kind kind, const struct copy_row *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		digest_row(&c->side->digest, kind, &v[i]);
	c->side->n += n;
	return 0;
}

static int
digest_kind(struct copy *c, struct db *db, enum copy_kind kind, struct side *s)
{
	int rc;

	*s = (struct side){ .n = 0 };
	digest_start(&s->digest);
	c->side = s;
	rc = each_page(c, db, kind, digest_page);
	c->side = NULL;
	digest_end(&s->digest, s->hex);
	return rc;
}

static int
compare_kind(struct copy *c, enum copy_kind kind, const char *what, uint64_t *n)
{
	struct side from, to;

	if (digest_kind(c, c->job->from, kind, &from) == -1 ||
	    digest_kind(c, c->job->to, kind, &to) == -1)
		return -1;
	if (strcmp(from.hex, to.hex) != 0)
		return differs(c, what);
	digest_text(c->all, from.hex, strlen(from.hex));
	*n = from.n;
	return 0;
}

static int
compare_all(struct copy *c)
{
	struct copy_report *r = c->r;
	uint64_t rooms;

	begin(c, "comparing");
	if (each_room(c, compare_room) == -1 ||
	    compare_kind(c, COPY_ROOMS, "the rooms", &rooms) == -1 ||
	    compare_kind(c, COPY_DIRECTS, "direct rooms", &r->directs) == -1 ||
	    compare_kind(c, COPY_INVITES, "invitations", &r->invites) == -1 ||
	    compare_kind(c, COPY_SESSIONS, "sessions", &r->sessions) == -1)
		return -1;
	return compare_kind(c, COPY_USERS, "users", &r->users);
}

/* Everything ----------------------------------------------------------------
 */

static int
run(struct copy *c)
{
	const struct copy_job *job = c->job;
	int rc;

	if (db_snapshot(job->from, c->err) == -1)
		return -1;
	rc = each_room(c, count_room);
	if (rc == 0)
		rc = each_page(c, job->to, COPY_ROOMS, check_page);
	if (rc == 0)
		rc = each_page(c, job->to, COPY_USERS, check_page);
	if (rc == 0)
		rc = copy_all(c);
	if (rc == 0)
		rc = compare_all(c);
	db_snapshot_end(job->from);
	return rc;
}

int
admin_copy(const struct copy_job *job, struct copy_report *r, struct err *err)
{
	struct copy c = { .job = job, .r = r, .err = err };
	struct digest all;
	struct had *had;
	int rc;

	*r = (struct copy_report){ .users = 0 };
	map_init(&c.had, struct had, id);
	c.row = mem_calloc(PAGE, sizeof(*c.row));
	c.all = &all;
	digest_start(&all);
	rc = run(&c);
	digest_end(&all, r->digest);
	for (size_t i = 0; (had = map_next(&c.had, &i)) != NULL;)
		free(had);
	map_free(&c.had);
	free(c.row);
	return rc;
}
