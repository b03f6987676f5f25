/* store/mongo/mg_create.c - making a room, once. The log is written first,
 * under an id that nobody knows yet; then one insert decides that there is the
 * room: of a direct room its key, of a group the entry `added` in its maker's
 * self room, under the maker's cid. The rows follow from the log, by whom ever.
 */

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/failpoint.h"
#include "base/mem.h"
#include "store/making.h"
#include "store/mongo/mg_known.h"

/* What is under way. */
struct making {
	struct mg *m;
	const struct room_new *n;
	struct event_list log;
	struct event_list *more;
};

static void
take_room(const bson_t *doc, void *arg)
{
	mg_get_id(doc, "room", arg);
}

/* 1 *id_r is the direct room of these two; 0; -1. */
static int
find_direct(
    struct mg *m, const struct room_new *n, struct id *id_r, struct err *err)
{
	char key[DIRECT_KEY];

	room_direct_key(&n->creator, n->users, key);
	return mg_get(m, C_DIRECTS, mg_doc("_id:s", key), take_room, id_r, err);
}

/* Is the room the one that n describes? */
static int
check_same(struct mg *m, const struct room_new *n, const struct id *id,
    struct err *err)
{
	struct event ev;
	int rc = mg_event_at(m, id, 1, &ev, err);

	if (rc == -1)
		return -1;
	rc = making_same(n, rc == 1 ? &ev : NULL, err);
	event_free_body(&ev);
	return rc;
}

/* A group is found again by the creator's cid. */
static int
find_group(
    struct mg *m, const struct room_new *n, struct id *id_r, struct err *err)
{
	struct event like = {
		.room = n->creator, .from = n->creator, .cid = n->cid
	};
	struct event ev;
	int rc = mg_event_by_cid(m, &like, &ev, err);

	if (rc != 1)
		return rc;
	rc = making_about(&ev, id_r, err);
	event_free_body(&ev);
	return rc == -1 ? -1 : check_same(m, n, id_r, err);
}

static int
find(struct mg *m, const struct room_new *n, struct id *id_r, struct err *err)
{
	return making_is_direct(n) ? find_direct(m, n, id_r, err)
				   : find_group(m, n, id_r, err);
}

/* The log ------------------------------------------------------------------ */

static void
push(struct making *k, enum event_kind kind, const struct cid *cid,
    const struct buf *body)
{
	struct event ev = { .room = k->n->room.id,
		.seq = k->log.n + 1,
		.at = clock_wall_ms(),
		.from = k->n->creator,
		.cid = *cid,
		.kind = kind };

	event_set_body(&ev, body->data, body->len);
	event_list_push(&k->log, &ev);
}

static void
push_create(struct making *k)
{
	struct buf body = { 0 };

	making_body(&body, k->n);
	push(k, EV_CREATE, &k->n->cid, &body);
	buf_free(&body);
}

static bool
joined(const struct making *k, const struct id *user)
{
	struct cid cid = cid_derive("join", user, 1);

	for (size_t i = 0; i < k->log.n; i++)
		if (cid_eq(&k->log.v[i].cid, &cid))
			return true;
	return false;
}

/* The join of one member. Who is there already is left alone. */
static int
push_join(
    struct making *k, const struct id *user, enum role role, struct err *err)
{
	struct event_subject s = { .user = *user, .role = role };
	struct cid cid = cid_derive("join", user, 1);
	struct buf body = { 0 };
	struct user u;

	if (joined(k, user))
		return 0;
	if (mg_need_user(k->m, user, err) == -1 ||
	    mg_user_get(&k->m->db, user, &u, err) != 1)
		return -1;
	event_body_join(&body, &s, u.name, u.display);
	push(k, EV_JOIN, &cid, &body);
	buf_free(&body);
	return 0;
}

static int
write_log(struct making *k, struct err *err)
{
	const bson_t **docs = mem_calloc(k->log.n, sizeof(*docs));
	bool seq_taken;
	size_t n;
	int rc;

	for (size_t i = 0; i < k->log.n; i++)
		docs[i] = mg_put_event(&k->log.v[i]);
	rc =
	    mg_insert_many(k->m, C_EVENTS, docs, k->log.n, &n, &seq_taken, err);
	for (size_t i = 0; i < k->log.n; i++) {
		union {
			const bson_t *c;
			bson_t *v;
		} doc = { docs[i] };

		bson_destroy(doc.v);
	}
	free(docs);
	if (rc == 0)
		return err_set(
		    err, ERR_CONFLICT, "There is a room of this id already.");
	return rc == 1 ? 0 : -1;
}

/* The decision ------------------------------------------------------------- */

static struct event
maker_entry(struct making *k)
{
	struct event entry;

	mg_follow(&k->log.v[1], &k->n->creator, &k->n->cid, &entry);
	return entry;
}

/* 1: ours; 0: another's; -1. */
static int
decide_direct(struct making *k, struct err *err)
{
	char key[DIRECT_KEY];

	room_direct_key(&k->n->creator, k->n->users, key);
	return mg_insert(
	    k->m, C_DIRECTS, mg_doc("_id:s room:b", key, &k->n->room.id), err);
}

static int
decide_group(struct making *k, struct event *entry, struct err *err)
{
	struct event_subject about;

	if (mg_put_entries(k->m, entry, 1, err) == -1)
		return -1;
	if (entry->kind != EV_ADDED || event_subject(entry, &about, err) == -1)
		return making_other(err);
	return id_eq(&about.room, &k->n->room.id);
}

/* Another was first: what we wrote is nobody's. */
static int
give_up(struct making *k, struct id *id_r, struct err *err)
{
	mg_delete(k->m, C_EVENTS, mg_doc("room:b", &k->n->room.id), NULL);
	return find(k->m, k->n, id_r, err) == 1 ? 0 : -1;
}

/* Rows and entries --------------------------------------------------------- */

/* The room's events and the entries that follow from them, in the order that
 * one who writes both at once would have written them. */
static void
tell(struct making *k, struct event *entries)
{
	for (size_t i = 0; i < k->log.n; i++) {
		event_list_push(k->more, &k->log.v[i]);
		if (i > 0)
			event_list_push(k->more, &entries[i - 1]);
	}
	k->log.n = 0;
}

static int
write_rows(struct making *k, struct event *entries, struct err *err)
{
	struct room blank = k->n->room;
	size_t made = making_is_direct(k->n) ? 0 : 1; /* the maker's is there */
	struct known *r;

	for (size_t i = made; i + 1 < k->log.n; i++) {
		struct event_subject s;

		if (event_subject(&k->log.v[i + 1], &s, err) == -1)
			return -1;
		mg_follow(&k->log.v[i + 1], &s.user, NULL, &entries[i]);
	}
	if (k->log.n > made + 1 && mg_put_entries(k->m, entries + made,
				       k->log.n - 1 - made, err) == -1)
		return -1;
	mg_forget(k->m, &blank.id);
	blank.members = 0;
	blank.seq = 0;
	r = mg_known_new(k->m, &blank);
	for (size_t i = 0; i < k->log.n; i++)
		if (mg_fold(k->m, r, &k->log.v[i], true, err) == -1)
			return -1;
	return mg_settle(k->m, err);
}

static int
decide(
    struct making *k, struct event *entries, struct id *id_r, struct err *err)
{
	int rc;

	FAILPOINT("mongo.before_decision");
	if (!making_is_direct(k->n))
		entries[0] = maker_entry(k);
	rc = making_is_direct(k->n) ? decide_direct(k, err)
				    : decide_group(k, &entries[0], err);
	if (rc == -1)
		return -1;
	if (rc == 0)
		return give_up(k, id_r, err);
	FAILPOINT("mongo.after_decision");
	*id_r = k->n->room.id;
	if (write_rows(k, entries, err) == -1)
		return -1;
	tell(k, entries);
	return 1;
}

static void
take_nothing(const bson_t *doc, void *arg)
{
}

static int
check_owned(struct making *k, struct err *err)
{
	uint32_t max = k->n->owned_max;
	int n;

	if (max == 0 || making_is_direct(k->n))
		return 0;
	n = mg_find(k->m, C_MEMBERS,
	    mg_doc("user:b role:i", &k->n->creator, (int)ROLE_OWNER),
	    mg_doc("projection:{_id:+} limit:u", (uint64_t)max), take_nothing,
	    NULL, err);
	if (n == -1)
		return -1;
	if ((uint32_t)n >= max)
		return err_set(err, ERR_FORBIDDEN,
		    "You own %u rooms, which is as many as one may.", max);
	return 0;
}

static int
make(struct making *k, struct id *id_r, struct err *err)
{
	const struct room_new *n = k->n;
	enum role first = making_is_direct(n) ? ROLE_MEMBER : ROLE_OWNER;
	struct event *entries;
	int rc;

	if (mg_need_indexes(k->m, err) == -1 || check_owned(k, err) == -1)
		return -1;
	push_create(k);
	if (push_join(k, &n->creator, first, err) == -1)
		return -1;
	for (size_t i = 0; i < n->nusers; i++)
		if (push_join(k, &n->users[i], ROLE_MEMBER, err) == -1)
			return -1;
	if (write_log(k, err) == -1)
		return -1;
	entries = mem_calloc(k->log.n, sizeof(*entries));
	rc = decide(k, entries, id_r, err);
	if (rc != 1)
		for (size_t i = 0; i < k->log.n; i++)
			event_free_body(&entries[i]);
	free(entries);
	return rc;
}

int
mg_room_create(struct db *db, const struct room_new *n, struct id *id_r,
    struct event_list *more, struct err *err)
{
	struct mg *m = (struct mg *)db;
	struct making k = { .m = m, .n = n, .more = more };
	struct room made;
	int rc;

	*more = (struct event_list){ 0 };
	if (making_check(n, err) == -1)
		return -1;
	rc = find(m, n, id_r, err);
	if (rc == 0) {
		rc = make(&k, id_r, err);
	} else if (rc == 1) {
		/* Its maker may have been killed. */
		rc = mg_read_log(m, id_r, &made, err) == -1 ? -1 : 0;
	}
	event_list_free(&k.log);
	if (rc == -1)
		event_list_free(more);
	return rc;
}
