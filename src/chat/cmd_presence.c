/* chat/cmd_presence.c - who of these is online, and since when the others are
 * not. */
#include <stdlib.h>

#include "base/mem.h"
#include "chat/commands.h"
#include "chat/presence.h"
#include "chat/request.h"
#include "store/users.h"

#define ASK_MAX 200

struct ask {
	size_t n;
	struct id ids[ASK_MAX];
	struct user_list users;
};

static void
ask_free(void *arg)
{
	struct ask *a = arg;

	user_list_free(&a->users);
	free(a);
}

static void
work(struct db *db, struct request *req)
{
	struct ask *a = req->data;

	db_users_get(db, a->ids, a->n, &a->users, &req->err);
}

static void
done(struct request *req)
{
	struct ask *a = req->data;
	struct buf *b = &req->out;
	const struct user *u;

	json_key(b, "users");
	json_open(b, '[');
	for (size_t i = 0; i < a->users.n; i++) {
		u = &a->users.v[i];
		json_open(b, '{');
		json_kid(b, "id", &u->id);
		json_kbool(
		    b, "online", presence_online(req->chat->presence, &u->id));
		json_ku64(b, "last_seen", u->last_seen);
		json_close(b, '}');
	}
	json_close(b, ']');
	request_reply(req);
}

static int
parse(struct request *req, struct ask *a)
{
	const struct json *list;

	if (json_get_array(req->args, "users", &list, &req->err) != 1 ||
	    json_len(list) == 0 || json_len(list) > ASK_MAX)
		goto bad;
	for (size_t i = 0; i < json_len(list); i++)
		if (json_as_id(json_at(list, i), &a->ids[a->n++]) == -1)
			goto bad;
	return 0;
bad:
	return err_set(&req->err, ERR_BAD_REQUEST,
	    "users must be a list of 1 to %d user ids", ASK_MAX);
}

static void
run(struct request *req)
{
	struct ask *a;

	MEM_NEW(a);
	req->data = a;
	req->data_free = ask_free;
	if (parse(req, a) == -1)
		request_reply(req);
	else
		request_read(req, work, done);
}

const struct chat_cmd cmd_presence = { .name = "presence", .run = run };
