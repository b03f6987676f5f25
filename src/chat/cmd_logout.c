/* chat/cmd_logout.c - ending this session on all its connections. */

#include <stdlib.h>

#include "base/mem.h"
#include "chat/commands.h"
#include "chat/ending.h"
#include "store/users.h"

static void
logout_work(struct db *db, struct request *req)
{
	db_session_delete(db, &req->user, &req->session, req->data, &req->err);
}

static void
free_list(void *data)
{
	event_list_free(data);
	free(data);
}

static void
logout_done(struct request *req)
{
	if (req->err.code == ERR_NONE && req->ops->cookie != NULL)
		req->ops->cookie(req, NULL);
	ending_reply(req, req->data);
}

static void
logout_run(struct request *req)
{
	req->data = mem_zalloc(sizeof(struct event_list));
	req->data_free = free_list;
	request_write(req, logout_work, logout_done);
}

const struct chat_cmd cmd_logout = { .name = "logout", .run = logout_run };
