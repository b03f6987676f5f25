/* chat/cmd_sessions.c - where I am logged in. */

#include "base/clock.h"
#include "chat/commands.h"
#include "store/users.h"

#define SESSIONS_MAX 200

static void
session_json(struct buf *out, const struct session *s, const struct id *mine)
{
	json_open(out, '{');
	json_kid(out, "id", &s->id);
	json_kstr(out, "device", s->device);
	json_ku64(out, "created", s->created);
	json_ku64(out, "used", s->used);
	json_ku64(out, "expires", s->expires);
	if (id_eq(&s->id, mine))
		json_kbool(out, "this", true);
	json_close(out, '}');
}

static void
sessions_work(struct db *db, struct request *req)
{
	uint64_t now = clock_wall_ms();
	struct session_list l;

	if (db_sessions_of(db, &req->user, SESSIONS_MAX, &l, &req->err) == -1)
		return;
	json_key(&req->out, "sessions");
	json_open(&req->out, '[');
	for (size_t i = 0; i < l.n; i++)
		if (l.v[i].expires > now)
			session_json(&req->out, &l.v[i], &req->session);
	json_close(&req->out, ']');
	session_list_free(&l);
}

static void
sessions_run(struct request *req)
{
	request_read(req, sessions_work, NULL);
}

const struct chat_cmd cmd_sessions = {
	.name = "sessions",
	.run = sessions_run,
};
