/* chat/cmd_people.c - all accounts, by name. */

#include <string.h>

#include "chat/commands.h"
#include "chat/page.h"
#include "chat/view.h"

struct people {
	struct page page; /* pos: the last name */
	const char *prefix;
};

static int
people_read(struct request *req, struct people *p)
{
	const char *name;
	size_t len;

	*p = (struct people){ .prefix = "" };
	if (page_read(req->args, PAGE_PEOPLE, &p->page, &req->err) == -1 ||
	    json_get_str(req->args, "prefix", &p->prefix, &len, &req->err) ==
		-1)
		return -1;
	name = (const char *)p->page.pos;
	if (p->page.len > 0 && user_check_name(name, p->page.len, NULL) == -1)
		return page_garbled(&req->err);
	return 0;
}

static void
people_work(struct db *db, struct request *req)
{
	struct user_list l = { 0 };
	struct people p;
	bool more;

	if (people_read(req, &p) == -1 ||
	    db_users_prefix(db, p.prefix, (const char *)p.page.pos,
		p.page.limit + 1, &l, &req->err) == -1)
		return;
	more = l.n > p.page.limit;
	if (more)
		l.n = p.page.limit;
	view_users_json(&req->out, &l);
	if (more)
		page_next(&req->out, PAGE_PEOPLE, l.v[l.n - 1].name,
		    strlen(l.v[l.n - 1].name));
	user_list_free(&l);
}

static void
people_run(struct request *req)
{
	request_read(req, people_work, NULL);
}

const struct chat_cmd cmd_people = { .name = "people", .run = people_run };
