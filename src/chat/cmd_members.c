/* chat/cmd_members.c - who is in a room, by when they joined. */

#include "chat/commands.h"
#include "chat/page.h"
#include "chat/view.h"

struct members {
	struct page page;
	struct id room;
	uint64_t after; /* seq of the last one's join */
};

static int
members_read(struct request *req, struct members *m)
{
	*m = (struct members){ 0 };
	if (json_need_id(req->args, "room", &m->room, &req->err) == -1 ||
	    page_read(req->args, PAGE_MEMBERS, &m->page, &req->err) == -1)
		return -1;
	if (m->page.len == 0)
		return 0;
	if (m->page.len != 8)
		return page_garbled(&req->err);
	m->after = get_be64(m->page.pos);
	return m->after == 0 || m->after > INT64_MAX ? page_garbled(&req->err)
						     : 0;
}

static void
members_json(struct buf *out, const struct member_views *l, size_t n)
{
	json_key(out, "members");
	json_open(out, '[');
	for (size_t i = 0; i < n; i++) {
		json_open(out, '{');
		json_key(out, "user");
		user_json(out, &l->v[i].user);
		json_kstr(out, "role", role_name(l->v[i].member.role));
		json_close(out, '}');
	}
	json_close(out, ']');
}

static void
next_of(struct buf *out, const struct member *last)
{
	struct buf pos = { 0 };

	buf_add_be64(&pos, last->joined);
	page_next(out, PAGE_MEMBERS, pos.data, pos.len);
	buf_free(&pos);
}

static void
members_work(struct db *db, struct request *req)
{
	struct member_views l = { 0 };
	struct members m;
	struct room room;
	struct member me;
	size_t n;

	if (members_read(req, &m) == -1 ||
	    view_may_read(db, &m.room, &req->user, &room, &me, &req->err) ==
		-1 ||
	    db_members(db, &m.room, m.after, m.page.limit + 1, &l, &req->err) ==
		-1)
		return;
	n = l.n > m.page.limit ? m.page.limit : l.n;
	members_json(&req->out, &l, n);
	if (n < l.n)
		next_of(&req->out, &l.v[n - 1].member);
	member_views_free(&l);
}

static void
members_run(struct request *req)
{
	request_read(req, members_work, NULL);
}

const struct chat_cmd cmd_members = { .name = "members", .run = members_run };
