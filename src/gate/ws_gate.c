/* gate/ws_gate.c - frames of a device become commands, and answers frames. */
#include "gate/ws_gate.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "chat/device.h"
#include "chat/hub.h"
#include "chat/request.h"
#include "chat/sync.h"
#include "chat/throttle.h"
#include "gate/gate_private.h"
#include "gate/ws_enter.h"
#include "store/gather.h"

#define UNDER_WAY_MAX 64 /* requests of one device; more: it is not read */
#define UNDER_WAY_LOW 32
#define DRAIN_STEP_MS 20
#define OP_SHOWN      40 /* bytes of a wrong one in its error */

/* --- commands --- */

/* req->gate: the id the client gave, or NO_ID. */
#define NO_ID UINT64_MAX

static void
begin_answer(struct buf *b, const struct request *req)
{
	uint64_t id = (uint64_t)(uintptr_t)req->gate;

	json_open(b, '{');
	if (id == NO_ID)
		json_kraw(b, "re", "null", 4);
	else
		json_ku64(b, "re", id);
}

static void
end_answer(struct request *req, struct buf *b)
{
	json_close(b, '}');
	if (!(req->dev->flags & DEVICE_CLOSED))
		device_send(req->dev, b);
	buf_free(b);
}

/* One request less is under way. */
static void
read_on(struct device *dev)
{
	if (dev->refs <= UNDER_WAY_LOW)
		device_read_on(dev, DEVICE_PAUSED);
}

static void
answer_ok(struct request *req, const struct buf *fields)
{
	struct buf b = { 0 };

	begin_answer(&b, req);
	if (fields->len > 0)
		json_raw(&b, fields->data, fields->len);
	end_answer(req, &b);
	read_on(req->dev);
}

static void
answer_fail(struct request *req, const struct err *err)
{
	struct buf b = { 0 };

	begin_answer(&b, req);
	json_key(&b, "error");
	gate_error_json(req->chat, &b, err);
	end_answer(req, &b);
	read_on(req->dev);
}

static const struct request_ops answers = {
	.ok = answer_ok,
	.fail = answer_fail,
};

static struct request *
request_make(struct device *dev, struct json *args)
{
	struct request *req;
	uint64_t id;

	MEM_NEW(req);
	req->chat = dev->chat;
	req->ops = &answers;
	req->dev = device_ref(dev);
	req->user = dev->id;
	req->session = dev->session;
	req->args = args;
	req->chat->requests++;
	if (json_get_u64(args, "id", &id, &req->err) != 1)
		id = NO_ID;
	req->gate = (void *)(uintptr_t)id;
	return req;
}

static const struct chat_cmd *
find_command(const struct device *dev, const struct json *args, struct err *err)
{
	const struct chat_cmd *cmd;
	const char *op;
	size_t len;

	if (json_need_str(args, "op", &op, &len, err) == -1)
		return NULL;
	if ((cmd = chat_cmd_find(op)) == NULL) {
		err_set(err, ERR_NOT_FOUND, "There is no command ‘%.*s’.",
		    (int)utf8_cut(op, len, OP_SHOWN), op);
	} else if (cmd->flags & CMD_HTTP_ONLY) {
		err_set(err, ERR_BAD_REQUEST,
		    "‘%s’ goes by HTTP: POST /api/%s.", op, op);
		cmd = NULL;
	} else if (!(cmd->flags & CMD_EARLY || dev->flags & DEVICE_READY)) {
		err_set(err, ERR_BAD_REQUEST,
		    "Say hello first and wait for its answer.");
		cmd = NULL;
	}
	return cmd;
}

static void
send_bad_frame(struct device *dev, const struct err *err)
{
	struct buf b = { 0 };

	json_open(&b, '{');
	json_kraw(&b, "re", "null", 4);
	json_key(&b, "error");
	gate_error_json(dev->chat, &b, err);
	json_close(&b, '}');
	device_send(dev, &b);
	buf_free(&b);
}

static void
on_message(struct wsconn *w, enum ws_opcode op, const uint8_t *p, size_t len)
{
	struct device *dev = (struct device *)w;
	struct request *req;
	struct json *args;
	struct err err = { 0 };

	args = json_parse(p, len, dev->chat->conf->limit_frame, &err);
	if (args == NULL) {
		send_bad_frame(dev, &err);
		throttle_garbage(dev);
		return;
	}
	req = request_make(dev, args);
	if (req->err.code == ERR_NONE)
		req->cmd = find_command(dev, args, &req->err);
	if (dev->refs > UNDER_WAY_MAX)
		device_stop(dev, DEVICE_PAUSED);
	if (throttle_device(req) == -1) {
		if (req->cmd != NULL && req->cmd->refused != NULL)
			req->cmd->refused(req);
		request_reply(req);
	} else if (req->cmd == NULL) {
		request_reply(req);
	} else {
		req->cmd->run(req);
	}
}

static void
on_drain(struct wsconn *w)
{
	sync_drained((struct device *)w);
}

static void
on_closed(struct wsconn *w, unsigned code)
{
	struct device *dev = (struct device *)w;

	if (code == WS_RESUME)
		atomic_fetch_add(dev->chat->c.counters.dropped, 1);
	dev->flags |= DEVICE_CLOSED;
	ws_leave(dev);
	hub_remove_device(dev->chat->hub, dev);
	device_unref(dev);
}

static const struct wsconn_ops ops = {
	.on_message = on_message,
	.on_drain = on_drain,
	.on_closed = on_closed,
};

void
ws_gate_open(struct gate *gate)
{
	const struct wspool_conf conf = {
		.message_max = gate->chat->conf->limit_frame,
		.queue_max = gate->chat->conf->limit_queue,
	};

	gate->pool = wspool_new(gate->chat->loop, &conf, &ops);
	gate->entries = ws_enter_gather(gate->chat->store);
	http_route(gate->http, "/ws", ws_enter, gate);
}

void
ws_gate_close(struct gate *gate)
{
	wspool_free(&gate->pool);
	gather_free(&gate->entries);
}

static void
tell(struct wsconn *w, void *arg)
{
	struct device *dev = (struct device *)w;

	if (dev->flags & DEVICE_READY && wsconn_is_open(w))
		device_tell_store(dev, *(const bool *)arg);
}

void
ws_gate_tell_store(struct gate *gate, bool ok)
{
	wspool_each(gate->pool, tell, &ok);
}

/* --- going down --- */

struct drain {
	struct gate *gate;
	struct loop_timer *timer;
	loop_cb *done;
	void *arg;
	bool closing;
};

static void
stop_reading(struct wsconn *w, void *arg)
{
	struct device *dev = (struct device *)w;

	/* device_read_on must not undo it */
	dev->flags &= (uint16_t) ~(DEVICE_PAUSED | DEVICE_HELD);
	wsconn_pause(w);
}

static void
close_one(struct wsconn *w, void *arg)
{
	struct device *dev = (struct device *)w;

	if (wsconn_is_open(w))
		ws_goodbye(dev);
}

static void
drain_step(void *arg)
{
	struct drain *d = arg;
	struct gate *gate = d->gate;

	if (gate->chat->requests > 0)
		return;
	if (!d->closing) {
		d->closing = true;
		wspool_each(gate->pool, close_one, NULL);
		return;
	}
	if (wspool_count(gate->pool) > 0)
		return;
	loop_timer_free(&d->timer);
	d->done(d->arg);
	free(d);
}

void
ws_gate_drain(struct gate *gate, loop_cb *done, void *arg)
{
	struct drain *d;

	MEM_NEW(d);
	d->gate = gate;
	d->done = done;
	d->arg = arg;
	wspool_each(gate->pool, stop_reading, NULL);
	d->timer = loop_timer_new(
	    gate->chat->loop, DRAIN_STEP_MS, true, drain_step, d);
}
