/* chat/cmd_rooms.c - one's own rooms, by last activity. */

#include <string.h>

#include "chat/commands.h"
#include "chat/page.h"
#include "chat/view.h"

#define POS_LEN (8 + sizeof(struct id))

static void
next_of(struct buf *out, const struct room *last)
{
	struct buf pos = { 0 };

	buf_add_be64(&pos, last->at);
	buf_add(&pos, &last->id, sizeof(last->id));
	page_next(out, PAGE_ROOMS, pos.data, pos.len);
	buf_free(&pos);
}

static int
rooms_read(struct request *req, struct page *page, struct room_pos *after)
{
	if (page_read(req->args, PAGE_ROOMS, page, &req->err) == -1)
		return -1;
	if (page->len == 0)
		return 0;
	if (page->len != POS_LEN)
		return page_garbled(&req->err);
	after->at = get_be64(page->pos);
	memcpy(&after->id, page->pos + 8, sizeof(after->id));
	return after->at == 0 || after->at > INT64_MAX ? page_garbled(&req->err)
						       : 0;
}

static void
rooms_work(struct db *db, struct request *req)
{
	struct room_pos after = { 0 };
	struct room_views l = { 0 };
	struct page page;
	size_t n;

	if (rooms_read(req, &page, &after) == -1 ||
	    db_rooms_of(
		db, &req->user, &after, page.limit + 1, &l, &req->err) == -1)
		return;
	n = l.n > page.limit ? page.limit : l.n;
	view_rooms_json(&req->out, &l, n);
	if (n < l.n)
		next_of(&req->out, &l.v[n - 1].room);
	room_views_free(&l);
}

static void
rooms_run(struct request *req)
{
	request_read(req, rooms_work, NULL);
}

const struct chat_cmd cmd_rooms = { .name = "rooms", .run = rooms_run };
