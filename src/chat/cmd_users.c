/* chat/cmd_users.c - some accounts, by their ids. */

#include "chat/commands.h"
#include "chat/view.h"

#define USERS_MAX 200

struct users {
	size_t n;
	struct id ids[USERS_MAX];
};

static int
users_read(const struct json *args, struct users *u, struct err *err)
{
	const struct json *a;
	int found = json_get_array(args, "ids", &a, err);

	if (found == -1)
		return -1;
	u->n = found == 1 ? json_len(a) : 0;
	if (u->n < 1 || u->n > USERS_MAX)
		goto bad;
	for (size_t i = 0; i < u->n; i++)
		if (json_as_id(json_at(a, i), &u->ids[i]) == -1)
			goto bad;
	return 0;
bad:
	return err_set(err, ERR_BAD_REQUEST,
	    "ids: must be an array of 1 to %d ids", USERS_MAX);
}

static void
users_work(struct db *db, struct request *req)
{
	struct user_list l = { 0 };
	struct users u;

	if (users_read(req->args, &u, &req->err) == -1 ||
	    db_users_get(db, u.ids, u.n, &l, &req->err) == -1)
		return;
	view_users_json(&req->out, &l);
	user_list_free(&l);
}

static void
users_run(struct request *req)
{
	request_read(req, users_work, NULL);
}

const struct chat_cmd cmd_users = { .name = "users", .run = users_run };
