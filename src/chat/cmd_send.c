/* chat/cmd_send.c - messages into a room: acked once they are on disk. */
#include <stdlib.h>

#include "base/failpoint.h"
#include "base/log.h"
#include "base/mem.h"
#include "chat/blocked.h"
#include "chat/commands.h"
#include "chat/device.h"
#include "chat/hub.h"
#include "chat/request.h"
#include "chat/throttle.h"
#include "store/append.h"

#define SEND_MAX 50

struct send {
	struct append append; /* first */
	struct request *req;
	bool many; /* asked with "messages" */
	bool repeated[SEND_MAX];
	struct event ev[SEND_MAX];
};

static void
send_free(void *arg)
{
	struct send *s = arg;

	for (size_t i = 0; i < s->append.n; i++)
		event_free_body(&s->ev[i]);
	append_clear(&s->append);
	free(s);
}

/* {"cid","body","reply"?} */
static int
parse_one(struct request *req, const struct json *o, struct send *s)
{
	struct event *ev = &s->ev[s->append.n];
	const char *body;
	size_t len;

	if (json_need_cid(o, "cid", &ev->cid, &req->err) == -1 ||
	    json_need_str(o, "body", &body, &len, &req->err) == -1 ||
	    json_get_u64(o, "reply", &ev->target, &req->err) == -1 ||
	    event_check_text(
		body, len, req->chat->conf->limit_message, &req->err) == -1)
		return -1;
	ev->kind = EV_MESSAGE;
	ev->from = req->user;
	event_set_body(ev, body, len);
	s->append.n++;
	return 0;
}

static int
parse_many(struct request *req, const struct json *list, struct send *s)
{
	if (json_len(list) == 0 || json_len(list) > SEND_MAX)
		return err_set(&req->err, ERR_BAD_REQUEST,
		    "messages must have 1 to %d elements", SEND_MAX);
	s->many = true;
	for (size_t i = 0; i < json_len(list); i++) {
		if (!json_is_object(json_at(list, i)))
			return err_set(&req->err, ERR_BAD_REQUEST,
			    "messages must be objects {cid, body}");
		if (parse_one(req, json_at(list, i), s) == -1)
			return -1;
	}
	return 0;
}

static int
parse(struct request *req, struct send *s)
{
	const struct json *list;
	struct id room;
	int rc;

	if (json_need_id(req->args, "room", &room, &req->err) == -1 ||
	    json_get_u64(req->args, "joined", &s->append.joined, &req->err) ==
		-1)
		return -1;
	rc = json_get_array(req->args, "messages", &list, &req->err);
	if (rc == 1)
		rc = parse_many(req, list, s);
	else if (rc == 0)
		rc = parse_one(req, req->args, s);
	if (rc == -1)
		return -1;
	for (size_t i = 0; i < s->append.n; i++)
		s->ev[i].room = room;
	return 0;
}

static void
put_result(struct buf *b, const struct event *ev)
{
	json_ku64(b, "seq", ev->seq);
	json_ku64(b, "no", ev->no);
	json_ku64(b, "at", ev->at);
}

static void
put_results(struct send *s, struct buf *b)
{
	if (!s->many) {
		put_result(b, &s->ev[0]);
		return;
	}
	json_key(b, "results");
	json_open(b, '[');
	for (size_t i = 0; i < s->append.n; i++) {
		json_open(b, '{');
		json_kcid(b, "cid", &s->ev[i].cid);
		put_result(b, &s->ev[i]);
		json_close(b, '}');
	}
	json_close(b, ']');
}

/* req->err is set. */
static void
refused(struct send *s, struct request *req)
{
	enum err_code code = req->err.code;

	if (req->dev != NULL && (code == ERR_BUSY || code == ERR_SLOW_DOWN))
		blocked_add(req->dev, &s->ev[0].room, &s->ev[0].cid);
	request_reply(req);
}

static void
done(struct append *a)
{
	struct send *s = a->arg;
	struct request *req = s->req;

	if (a->err.code) {
		req->err = a->err;
		refused(s, req);
		return;
	}
	FAILPOINT("append.before_ack");
	/* One stored before is told again: its worker may have died before
	 * it could. */
	for (size_t i = 0; i < a->n; i++)
		hub_commit(req->chat->hub, &s->ev[i]);
	atomic_fetch_add(req->chat->c.counters.stored, a->n);
	put_results(s, &req->out);
	request_reply(req);
}

static struct send *
send_new(struct request *req)
{
	struct send *s;

	MEM_NEW(s);
	req->data = s;
	req->data_free = send_free;
	s->req = req;
	return s;
}

static void
run(struct request *req)
{
	struct send *s = send_new(req);

	if (parse(req, s) == -1) {
		request_reply(req);
		return;
	}
	if (req->dev != NULL &&
	    !blocked_pass(req->dev, &s->ev[0].room, &s->ev[0].cid)) {
		err_set(&req->err, ERR_BUSY,
		    "An earlier message to this room was refused: send that "
		    "one again first, or give it up with drop.");
		req->err.retry_ms = 1000;
		request_reply(req);
		return;
	}
	if (throttle_sends(req, (uint32_t)s->append.n) == -1) {
		refused(s, req);
		return;
	}
	s->append.ev = s->ev;
	s->append.repeated = s->repeated;
	s->append.done = done;
	s->append.arg = s;
	store_append(req->chat->store, &s->append);
}

/* Before it came here: it blocks the room all the same. */
static void
too_many(struct request *req)
{
	struct err err = req->err;
	struct send *s = send_new(req);

	if (parse(req, s) == 0 && req->dev != NULL &&
	    blocked_pass(req->dev, &s->ev[0].room, &s->ev[0].cid))
		blocked_add(req->dev, &s->ev[0].room, &s->ev[0].cid);
	req->err = err;
}

const struct chat_cmd cmd_send = {
	.name = "send",
	.run = run,
	.refused = too_many,
};
