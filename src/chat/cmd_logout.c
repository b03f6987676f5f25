/* chat/cmd_logout.c - ending this session on all its connections. */

#include <stdlib.h>

#include "base/mem.h"
#include "chat/commands.h"
#include "chat/hub.h"
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

/* The answer first: what the hub delivers closes the asker's connection. */
static void
logout_done(struct request *req)
{
	struct chat *chat = req->chat;
	struct event_list *more = req->data;

	if (req->err.code != ERR_NONE) {
		request_reply(req);
		return;
	}
	req->data = NULL;
	req->data_free = NULL;
	if (req->ops->cookie != NULL)
		req->ops->cookie(req, NULL);
	request_reply(req);
	*chat->c.counters.stored += more->n;
	hub_commit_list(chat->hub, more);
	free_list(more);
}

static void
logout_run(struct request *req)
{
	req->data = mem_zalloc(sizeof(struct event_list));
	req->data_free = free_list;
	request_write(req, logout_work, logout_done);
}

const struct chat_cmd cmd_logout = { .name = "logout", .run = logout_run };
