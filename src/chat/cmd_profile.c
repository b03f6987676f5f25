/* chat/cmd_profile.c - how I am called. */

#include <bsd/string.h>
#include <stdlib.h>

#include "base/mem.h"
#include "chat/commands.h"
#include "chat/notice.h"
#include "store/users.h"

struct profile {
	char display[USER_DISPLAY_MAX * 4 + 1];
	struct notice notice;
};

static void
profile_free(void *data)
{
	struct profile *p = data;

	notice_free(&p->notice);
	free(p);
}

static void
profile_work(struct db *db, struct request *req)
{
	struct profile *p = req->data;
	struct user u;

	if (db_user_set_display(db, &req->user, p->display, &req->err) == -1 ||
	    db_user_get(db, &req->user, &u, &req->err) != 1)
		return;
	notice_rooms(&p->notice, db, &req->user, NULL);
	notice_set(&p->notice, &u);
	json_key(&req->out, "user");
	user_json(&req->out, &u);
}

static void
profile_done(struct request *req)
{
	struct profile *p = req->data;

	if (p->notice.json.len > 0)
		notice_tell(req->chat, &p->notice);
	request_reply(req);
}

/* An empty one: the name is shown again. */
static int
profile_read(struct request *req, struct profile *p)
{
	const char *s;
	size_t len;

	if (json_need_str(req->args, "display", &s, &len, &req->err) == -1 ||
	    (len > 0 && user_check_display(s, len, &req->err) == -1))
		return -1;
	strlcpy(p->display, s, sizeof(p->display));
	return 0;
}

static void
profile_run(struct request *req)
{
	struct profile *p;

	MEM_NEW(p);
	req->data = p;
	req->data_free = profile_free;
	if (profile_read(req, p) == -1)
		request_reply(req);
	else
		request_write(req, profile_work, profile_done);
}

const struct chat_cmd cmd_profile = { .name = "profile", .run = profile_run };
