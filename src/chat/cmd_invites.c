/* chat/cmd_invites.c - the invitations, the newest first. */

#include <string.h>

#include "chat/commands.h"
#include "chat/invite.h"
#include "chat/page.h"

static int
invites_read(struct request *req, struct page *page, struct id *before)
{
	if (page_read(req->args, PAGE_INVITES, page, &req->err) == -1)
		return -1;
	if (page->len == 0)
		return 0;
	if (page->len != sizeof(before->b))
		return page_garbled(&req->err);
	memcpy(before->b, page->pos, sizeof(before->b));
	return 0;
}

static void
list_json(struct buf *out, const struct invite_list *l, size_t n)
{
	json_key(out, "invites");
	json_open(out, '[');
	for (size_t i = 0; i < n; i++)
		invite_json(out, &l->v[i]);
	json_close(out, ']');
}

static void
invites_work(struct db *db, struct request *req)
{
	struct invite_list l = { 0 };
	struct page page;
	struct id before;
	size_t n;

	if (invites_read(req, &page, &before) == -1 ||
	    invite_need_admin(db, req) == -1 ||
	    db_invites(db, page.len > 0 ? &before : NULL, page.limit + 1, &l,
		&req->err) == -1)
		return;
	n = l.n > page.limit ? page.limit : l.n;
	list_json(&req->out, &l, n);
	if (n < l.n)
		page_next(&req->out, PAGE_INVITES, l.v[n - 1].id.b,
		    sizeof(l.v[n - 1].id.b));
	invite_list_free(&l);
}

static void
invites_run(struct request *req)
{
	request_read(req, invites_work, NULL);
}

const struct chat_cmd cmd_invites = { .name = "invites", .run = invites_run };
