/* store/sqlite/sq_batch.c - the rows that one write transaction works with. */

#include "store/sqlite/sq_batch.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"

#define POOL_KEEP 2048

/* Objects that are used again in the next batch. */
struct pool {
	void **v;
	size_t used, n, cap;
	size_t size;
};

struct sq_batch {
	struct map rooms;
	struct map members;
	struct pool room_pool;
	struct pool member_pool;
	struct buf tmp;
	uint64_t now;
};

static void *
pool_get(struct pool *p)
{
	if (p->used == p->n) {
		if (p->n == p->cap) {
			p->cap = p->cap == 0 ? 64 : p->cap * 2;
			p->v = mem_reallocarray(p->v, p->cap, sizeof(*p->v));
		}
		p->v[p->n++] = mem_alloc(p->size);
	}
	memset(p->v[p->used], 0, p->size);
	return p->v[p->used++];
}

static void
pool_reset(struct pool *p, size_t keep)
{
	while (p->n > keep)
		free(p->v[--p->n]);
	p->used = 0;
}

struct sq_batch *
sq_batch_new(void)
{
	struct sq_batch *b;

	MEM_NEW(b);
	b->room_pool.size = sizeof(struct batch_room);
	b->member_pool.size = sizeof(struct batch_member);
	map_init(&b->rooms, struct batch_room, room.id);
	map_init_at(&b->members, offsetof(struct batch_member, m.room),
	    2 * sizeof(struct id));
	return b;
}

void
sq_batch_free(struct sq_batch **bp)
{
	struct sq_batch *b = *bp;

	if (b == NULL)
		return;
	pool_reset(&b->room_pool, 0);
	pool_reset(&b->member_pool, 0);
	free(b->room_pool.v);
	free(b->member_pool.v);
	map_free(&b->rooms);
	map_free(&b->members);
	buf_free(&b->tmp);
	free(b);
	*bp = NULL;
}

void
sq_batch_start(struct sq *s)
{
	struct sq_batch *b = s->batch;

	map_free(&b->rooms);
	map_free(&b->members);
	map_init(&b->rooms, struct batch_room, room.id);
	map_init_at(&b->members, offsetof(struct batch_member, m.room),
	    2 * sizeof(struct id));
	pool_reset(&b->room_pool, POOL_KEEP);
	pool_reset(&b->member_pool, POOL_KEEP);
	b->now = clock_wall_ms();
}

uint64_t
sq_batch_now(struct sq *s)
{
	return s->batch->now;
}

struct buf *
sq_batch_tmp(struct sq *s)
{
	buf_clear(&s->batch->tmp);
	return &s->batch->tmp;
}

static int
fold_room(struct sq *s, struct batch_room *r, struct err *err)
{
	const struct room *o = &r->room;

	if (!r->dirty)
		return 0;
	r->dirty = false;
	return sq_run(s, Q_ROOM_FOLD, err, "buuuucu", &o->id,
	    (uint64_t)o->members, o->seq, o->no, o->at, &o->cid,
	    o->last_message);
}

static int
fold_member(struct sq *s, struct batch_member *m, struct err *err)
{
	if (!m->dirty || m->m.role == ROLE_NONE)
		return 0;
	m->dirty = false;
	return sq_run(s, Q_MEMBER_READ, err, "bbuu", &m->m.room, &m->m.user,
	    m->m.read_seq, m->m.read_no);
}

int
sq_batch_flush(struct sq *s, struct err *err)
{
	struct sq_batch *b = s->batch;

	for (size_t i = 0; i < b->room_pool.used; i++)
		if (fold_room(s, b->room_pool.v[i], err) == -1)
			return -1;
	for (size_t i = 0; i < b->member_pool.used; i++)
		if (fold_member(s, b->member_pool.v[i], err) == -1)
			return -1;
	return 0;
}

struct batch_room *
sq_batch_room(struct sq *s, const struct id *id, struct err *err)
{
	struct batch_room *r = map_get(&s->batch->rooms, id);
	int rc;

	if (r != NULL)
		return r;
	r = pool_get(&s->batch->room_pool);
	rc = sq_room_get(&s->db, id, &r->room, err);
	if (rc == -1) {
		s->batch->room_pool.used--;
		return NULL;
	}
	r->there = rc == 1;
	r->room.id = *id;
	map_put(&s->batch->rooms, r);
	return r;
}

struct batch_member *
sq_batch_member(
    struct sq *s, const struct id *room, const struct id *user, struct err *err)
{
	struct id key[2] = { *room, *user };
	struct batch_member *m = map_get(&s->batch->members, key);

	if (m != NULL)
		return m;
	m = pool_get(&s->batch->member_pool);
	if (sq_member_get(&s->db, room, user, &m->m, err) == -1) {
		s->batch->member_pool.used--;
		return NULL;
	}
	map_put(&s->batch->members, m);
	return m;
}

/* ev by this query: 1, 0 not stored, or -1 *err. */
static int
put(struct sq *s, enum sq_query q, struct batch_room *r, struct event *ev,
    struct err *err)
{
	struct room *o = &r->room;
	int rows;

	ev->seq = o->seq + 1;
	ev->no = o->no + (ev->kind == EV_MESSAGE);
	ev->at = s->batch->now;
	rows = sq_run(s, q, err, "buuibcuut", &ev->room, ev->seq, ev->no,
	    (int)ev->kind, &ev->from, &ev->cid, ev->at, ev->target,
	    ev->body_len > 0 ? ev->body : "", (size_t)ev->body_len);
	if (rows <= 0) {
		ev->seq = ev->no = 0;
		return rows;
	}
	o->seq = ev->seq;
	o->no = ev->no;
	o->at = ev->at;
	o->cid = ev->cid;
	if (ev->kind == EV_MESSAGE)
		o->last_message = ev->seq;
	r->dirty = true;
	return 1;
}

int
sq_batch_put(
    struct sq *s, struct batch_room *r, struct event *ev, struct err *err)
{
	return put(s, Q_EVENT_ADD, r, ev, err) == -1 ? -1 : 0;
}

int
sq_batch_try(
    struct sq *s, struct batch_room *r, struct event *ev, struct err *err)
{
	return put(s, Q_EVENT_TRY, r, ev, err);
}

int
sq_batch_join(struct sq *s, struct batch_room *r, struct batch_member *to,
    const struct event *ev, enum role role, struct err *err)
{
	struct member *m = &to->m;

	m->role = role;
	m->joined = m->read_seq = ev->seq;
	m->read_no = ev->no;
	m->muted = m->archived = 0;
	to->dirty = false;
	r->room.members++;
	return sq_run(s, Q_MEMBER_ADD, err, "bbiuuu", &m->room, &m->user,
	    (int)role, m->joined, m->read_seq, m->read_no);
}

int
sq_batch_leave(struct sq *s, struct batch_room *r, struct batch_member *who,
    struct err *err)
{
	who->m.role = ROLE_NONE;
	who->dirty = false;
	r->room.members--;
	return sq_run(
	    s, Q_MEMBER_DELETE, err, "bb", &who->m.room, &who->m.user);
}

int
sq_batch_role(
    struct sq *s, struct batch_member *who, enum role role, struct err *err)
{
	who->m.role = role;
	return sq_run(s, Q_MEMBER_ROLE, err, "bbi", &who->m.room, &who->m.user,
	    (int)role);
}

int
sq_batch_describe(struct sq *s, struct batch_room *r, struct err *err)
{
	const struct room *o = &r->room;

	if (sq_run(s, Q_ROOM_DESCRIBE, err, "biss", &o->id, (int)o->kind,
		o->label, o->topic) == -1 ||
	    sq_run(s, Q_ROOM_WORDS_DELETE, err, "b", &o->id) == -1)
		return -1;
	if (o->kind != ROOM_PUBLIC)
		return 0;
	return sq_run(s, Q_ROOM_WORDS_ADD, err, "bs", &o->id, o->label);
}

int
sq_batch_wish(struct sq *s, struct batch_member *who, struct err *err)
{
	return sq_run(s, Q_MEMBER_WISH, err, "bbuu", &who->m.room, &who->m.user,
	    who->m.muted, who->m.archived);
}

int
sq_batch_follow(struct sq *s, const struct event *ev, const struct id *user,
    const struct cid *cid, struct event_list *more, struct err *err)
{
	struct event_subject about = { .room = ev->room, .seq = ev->seq };
	struct batch_room *self = sq_batch_room(s, user, err);
	struct event entry = { .room = *user, .from = ev->from };
	struct buf *body = sq_batch_tmp(s);

	if (self == NULL)
		return -1;
	if (!self->there || self->room.kind != ROOM_SELF)
		return err_set(err, ERR_NOT_FOUND, "There is no such user.");
	entry.kind = ev->kind == EV_LEAVE ? EV_REMOVED : EV_ADDED;
	entry.cid = cid != NULL ? *cid
				: cid_derive(event_kind_name(entry.kind),
				      &ev->room, ev->seq);
	event_body_self(body, entry.kind, &about);
	event_set_body(&entry, body->data, body->len);
	if (sq_batch_put(s, self, &entry, err) == -1) {
		event_free_body(&entry);
		return -1;
	}
	event_list_push(more, &entry);
	return 0;
}
