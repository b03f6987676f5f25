/* admin/copy.c - everything from one store into another, and the proof that it
 * is there. Accounts come last, so that nobody logs into half a copy. */
#include <stdlib.h>
#include <string.h>

#include "admin/copy_own.h"
#include "base/failpoint.h"
#include "base/mem.h"

void
copy_tell(const struct copy *c)
{
	if (c->job->progress != NULL && c->done < c->total)
		c->job->progress(
		    c->what, c->done, c->total, c->job->progress_arg);
}

void
copy_begin(struct copy *c, const char *what)
{
	c->what = what;
	c->done = 0;
	copy_tell(c);
}

void
copy_done(struct copy *c)
{
	if (c->job->progress != NULL && c->total > 0)
		c->job->progress(
		    c->what, c->total, c->total, c->job->progress_arg);
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

int
copy_each_page(
    struct copy *c, struct db *db, enum copy_kind kind, copy_page_fn *fn)
{
	struct copy_row after = { .passhash = "" };
	int n;

	do {
		n = db_copy_list(db, kind, &after, WALK_PAGE, c->row, c->err);
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
		if (db_events(c->job->from, &row->id, seq + 1, row->seq,
			WALK_PAGE, WALK_PAGE_BYTES, &l, c->err) == -1)
			return -1;
		if (l.n == 0)
			return err_set(c->err, ERR_INTERNAL,
			    "the source has a hole: run burungctl check");
		rc = db_copy_events(c->job->to, l.v, l.n, c->err);
		seq = l.v[l.n - 1].seq;
		c->done += l.n;
		event_list_free(&l);
		copy_tell(c);
		FAILPOINT("copy.events");
	}
	return rc;
}

/* The members of a room, as one list. */
struct all {
	struct member *v;
	size_t n;
};

static int
take_members(const struct member_view *v, size_t n, void *arg)
{
	struct all *all = arg;

	all->v = mem_reallocarray(all->v, all->n + n, sizeof(*all->v));
	for (size_t i = 0; i < n; i++)
		all->v[all->n++] = v[i].member;
	return 0;
}

static int
copy_room(const struct room *row, void *arg)
{
	struct copy *c = arg;
	struct all all = { .n = 0 };
	int rc = copy_log(c, row);

	if (rc == -1)
		return -1;
	if (row->kind != ROOM_SELF)
		rc = walk_members(
		    c->job->from, &row->id, take_members, &all, c->err);
	if (rc == 0)
		rc = db_copy_room(c->job->to, row, all.v, all.n, c->err);
	free(all.v);
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
	return copy_each_page(c, c->job->from, kind, copy_page);
}

static int
copy_all(struct copy *c)
{
	copy_begin(c, "copying");
	if (walk_rooms(c->job->from, copy_room, c, c->err) == -1 ||
	    copy_kind(c, COPY_DIRECTS) == -1 ||
	    copy_kind(c, COPY_INVITES) == -1 ||
	    copy_kind(c, COPY_SESSIONS) == -1)
		return -1;
	if (copy_kind(c, COPY_USERS) == -1)
		return -1;
	copy_done(c);
	return 0;
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
	rc = walk_count(job->from, &c->total, c->err);
	if (rc == 0)
		rc = copy_each_page(c, job->to, COPY_ROOMS, check_page);
	if (rc == 0)
		rc = copy_each_page(c, job->to, COPY_USERS, check_page);
	if (rc == 0)
		rc = copy_all(c);
	if (rc == 0)
		rc = copy_compare(c);
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
	c.row = mem_calloc(WALK_PAGE, sizeof(*c.row));
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
