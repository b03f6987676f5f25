/* admin/copy_compare.c - are both stores the same? The digest of each table,
 * and of each room: its row, its events in order, its members. */
#include <stdio.h>
#include <string.h>

#include "admin/copy_own.h"

/* One side: what it holds of a room or a table. */
struct side {
	struct digest digest;
	uint64_t n; /* rows, or events */
	uint64_t members;
	char hex[DIGEST_HEX];
};

static int
digest_events(const struct event *v, size_t n, void *arg)
{
	struct side *s = arg;

	for (size_t i = 0; i < n; i++)
		digest_event(&s->digest, &v[i]);
	s->n += n;
	return 0;
}

static int
digest_members(const struct member_view *v, size_t n, void *arg)
{
	struct side *s = arg;

	for (size_t i = 0; i < n; i++)
		digest_member(&s->digest, &v[i].member);
	s->members += n;
	return 0;
}

static int
digest_side(
    struct copy *c, struct db *db, const struct id *room, struct side *s)
{
	struct room row = { .id = *room };
	int rc;

	*s = (struct side){ .n = 0 };
	digest_start(&s->digest);
	rc = db_room_get(db, room, &row, c->err) == -1 ? -1 : 0;
	digest_room(&s->digest, &row);
	if (rc == 0)
		rc = walk_log(db, room, digest_events, s, c->err);
	if (rc == 0 && row.kind != ROOM_SELF)
		rc = walk_members(db, room, digest_members, s, c->err);
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
compare_room(const struct room *row, void *arg)
{
	struct copy *c = arg;
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
	copy_tell(c);
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
	rc = copy_each_page(c, db, kind, digest_page);
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

int
copy_compare(struct copy *c)
{
	struct copy_report *r = c->r;
	uint64_t rooms;

	copy_begin(c, "comparing");
	if (walk_rooms(c->job->from, compare_room, c, c->err) == -1 ||
	    compare_kind(c, COPY_ROOMS, "the rooms", &rooms) == -1 ||
	    compare_kind(c, COPY_DIRECTS, "direct rooms", &r->directs) == -1 ||
	    compare_kind(c, COPY_INVITES, "invitations", &r->invites) == -1 ||
	    compare_kind(c, COPY_SESSIONS, "sessions", &r->sessions) == -1)
		return -1;
	if (compare_kind(c, COPY_USERS, "users", &r->users) == -1)
		return -1;
	copy_done(c);
	return 0;
}
