/* chat/cmd_groups.c - public groups, by label. */

#include <bsd/string.h>
#include <string.h>

#include "chat/commands.h"
#include "chat/page.h"
#include "chat/view.h"

struct groups {
	struct page page;
	struct room after; /* id and label */
	const char *prefix;
};

/* The id, then the label. */
static void
next_of(struct buf *out, const struct room *last)
{
	struct buf pos = { 0 };

	buf_add(&pos, &last->id, sizeof(last->id));
	buf_adds(&pos, last->label);
	page_next(out, PAGE_GROUPS, pos.data, pos.len);
	buf_free(&pos);
}

static int
read_pos(struct groups *g, struct err *err)
{
	const char *label = (const char *)g->page.pos + sizeof(g->after.id);

	if (g->page.len == 0)
		return 0;
	if (g->page.len <= sizeof(g->after.id) ||
	    strlen(label) != g->page.len - sizeof(g->after.id) ||
	    room_check_label(label, strlen(label), NULL) == -1)
		return page_garbled(err);
	memcpy(&g->after.id, g->page.pos, sizeof(g->after.id));
	strlcpy(g->after.label, label, sizeof(g->after.label));
	return 0;
}

static int
groups_read(struct request *req, struct groups *g)
{
	size_t len;

	*g = (struct groups){ .prefix = "" };
	if (page_read(req->args, PAGE_GROUPS, &g->page, &req->err) == -1 ||
	    read_pos(g, &req->err) == -1 ||
	    json_get_str(req->args, "prefix", &g->prefix, &len, &req->err) ==
		-1)
		return -1;
	return 0;
}

static void
groups_work(struct db *db, struct request *req)
{
	struct room_views l = { 0 };
	struct groups g;
	size_t n;

	if (groups_read(req, &g) == -1 ||
	    db_groups_prefix(db, &req->user, g.prefix, &g.after,
		g.page.limit + 1, &l, &req->err) == -1)
		return;
	n = l.n > g.page.limit ? g.page.limit : l.n;
	view_rooms_json(&req->out, &l, n);
	if (n < l.n)
		next_of(&req->out, &l.v[n - 1].room);
	room_views_free(&l);
}

static void
groups_run(struct request *req)
{
	request_read(req, groups_work, NULL);
}

const struct chat_cmd cmd_groups = { .name = "groups", .run = groups_run };
