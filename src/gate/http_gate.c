/* gate/http_gate.c - POST /api/<op>: an HTTP request becomes a command. */

#include "gate/http_gate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/json.h"
#include "base/mem.h"
#include "chat/request.h"
#include "chat/throttle.h"
#include "gate/gate_private.h"
#include "gate/pages.h"
#include "gate/token.h"

#define API "/api/"

/* One command under way; freed with its answer. */
struct ask {
	struct gate *gate;
	struct http_request *http;
	char token[AUTH_TOKEN];
	struct session session; /* set on the store thread */
};

static void
reply_json(struct http_request *http, int status, const struct buf *json)
{
	http_reply_header(http, "Cache-Control", "no-store");
	http_reply(http, status, "application/json", json->data, json->len);
}

static void
reply_error(struct gate *gate, struct http_request *http, int status,
    const struct err *err)
{
	struct buf json = { 0 };
	char seconds[16];

	if (status == 429 || status == 503) {
		snprintf(seconds, sizeof(seconds), "%d",
		    err->retry_ms > 0 ? (err->retry_ms + 999) / 1000 : 1);
		http_reply_header(http, "Retry-After", seconds);
	}
	json_open(&json, '{');
	json_key(&json, "error");
	gate_error_json(gate->chat, &json, err);
	json_close(&json, '}');
	reply_json(http, status, &json);
	buf_free(&json);
}

static void
refuse(struct gate *gate, struct http_request *http, int status,
    enum err_code code, const char *text)
{
	struct err err = { 0 };

	err_set(&err, code, "%s", text);
	reply_error(gate, http, status, &err);
}

static void
ask_free(struct ask *ask)
{
	explicit_bzero(ask, sizeof(*ask));
	free(ask);
}

static void
ask_ok(struct request *req, const struct buf *fields)
{
	struct ask *ask = req->gate;
	struct buf json = { 0 };

	json_open(&json, '{');
	buf_add(&json, fields->data, fields->len);
	json_close(&json, '}');
	reply_json(ask->http, 200, &json);
	buf_free(&json);
	ask_free(ask);
}

static void
ask_fail(struct request *req, const struct err *err)
{
	struct ask *ask = req->gate;

	reply_error(ask->gate, ask->http, err_status(err->code), err);
	ask_free(ask);
}

static void
ask_cookie(struct request *req, const char *token)
{
	struct ask *ask = req->gate;

	token_set_cookie(ask->gate, ask->http, token);
}

static const struct request_ops ask_ops = {
	.ok = ask_ok,
	.fail = ask_fail,
	.cookie = ask_cookie,
};

/* Who is it? */
static void
session_work(struct db *db, struct request *req)
{
	struct ask *ask = req->gate;
	struct user user;
	int found = auth_lookup(db, ask->token, strlen(ask->token),
	    &ask->session, &user, &req->err);

	if (found == 0)
		err_set(&req->err, ERR_UNAUTHORIZED, "Please log in.");
	if (found != 1)
		return;
	req->user = user.id;
	req->session = ask->session.id;
}

static void
session_done(struct request *req)
{
	struct ask *ask = req->gate;

	if (req->err.code != ERR_NONE) {
		request_reply(req);
		return;
	}
	if (throttle_user(req, RATE_REQUESTS_USER, 1) == -1) {
		request_reply(req);
		return;
	}
	auth_touch(req->chat, &ask->session);
	req->cmd->run(req);
}

static bool
is_json(const char *type)
{
	static const char want[] = "application/json";
	size_t len = sizeof(want) - 1;

	return type != NULL && strncasecmp(type, want, len) == 0 &&
	       strchr("; \t", type[len]) != NULL;
}

/* NULL when the reply has been given. */
static const struct chat_cmd *
find_command(struct gate *gate, struct http_request *http)
{
	const struct chat_cmd *cmd =
	    chat_cmd_find(http_path(http) + strlen(API));

	if (cmd == NULL || (cmd->flags & CMD_WS_ONLY)) {
		refuse(gate, http, 404, ERR_NOT_FOUND,
		    "There is no such command.");
		return NULL;
	}
	if (http_method(http) != HTTP_POST) {
		http_reply_header(http, "Allow", "POST");
		refuse(
		    gate, http, 405, ERR_BAD_REQUEST, "Commands are POSTed.");
		return NULL;
	}
	if (!token_origin_ok(gate, http)) {
		refuse(gate, http, 403, ERR_FORBIDDEN,
		    "Pages of this origin may not speak to this server.");
		return NULL;
	}
	if (!is_json(http_header(http, "Content-Type"))) {
		refuse(gate, http, 415, ERR_BAD_REQUEST,
		    "Content-Type must be application/json.");
		return NULL;
	}
	return cmd;
}

/* NULL when the reply has been given. */
static struct json *
parse_body(struct gate *gate, struct http_request *http)
{
	size_t len;
	const void *body = http_body(http, &len);
	struct err err = { 0 };
	struct json *args = json_parse(len > 0 ? body : "{}", len > 0 ? len : 2,
	    gate->chat->conf->limit_frame, &err);

	if (args == NULL)
		reply_error(gate, http, err_status(err.code), &err);
	return args;
}

static struct request *
begin(struct gate *gate, struct http_request *http, struct json *args)
{
	struct request *req;
	struct ask *ask;

	MEM_NEW(ask);
	ask->gate = gate;
	ask->http = http;
	MEM_NEW(req);
	req->chat = gate->chat;
	req->ops = &ask_ops;
	req->gate = ask;
	req->peer = http_peer(http);
	req->args = args;
	req->chat->requests++;
	return req;
}

/* Of HTTP a "connection" is a session or, without one, an address: before
 * anything is looked up. False when the reply has been given. */
static bool
may_ask(struct gate *gate, struct http_request *http, const char *token)
{
	struct limit_key key = { RATE_REQUESTS_CONNECTION, token,
		strlen(token) };
	struct err err = { 0 };
	uint8_t net[16];

	if (*token == '\0') {
		limit_net(http_peer(http), net);
		key.key = net;
		key.len = sizeof(net);
	}
	if (throttle(gate->chat, &key, 1, &err) == 0)
		return true;
	reply_error(gate, http, err_status(err.code), &err);
	return false;
}

static void
on_api(struct http_request *http, void *arg)
{
	struct gate *gate = arg;
	const struct chat_cmd *cmd = find_command(gate, http);
	char token[AUTH_TOKEN] = "";
	struct json *args;
	struct request *req;
	struct ask *ask;

	if (cmd == NULL)
		return;
	if (!(cmd->flags & CMD_PUBLIC) && !token_find(gate, http, token)) {
		refuse(gate, http, 401, ERR_UNAUTHORIZED, "Please log in.");
		return;
	}
	if (!may_ask(gate, http, token))
		return;
	args = parse_body(gate, http);
	if (args == NULL)
		return;
	req = begin(gate, http, args);
	req->cmd = cmd;
	if (cmd->flags & CMD_PUBLIC) {
		cmd->run(req);
		return;
	}
	ask = req->gate;
	memcpy(ask->token, token, sizeof(token));
	explicit_bzero(token, sizeof(token));
	request_read(req, session_work, session_done);
}

void
http_gate_routes(struct gate *gate)
{
	http_route(gate->http, API, on_api, gate);
	pages_routes(gate);
}
