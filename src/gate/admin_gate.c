/* gate/admin_gate.c - the admin socket: who may ask what there. */
#include "gate/admin_gate.h"

#include <string.h>
#include <unistd.h>

#include "admin/admin.h"
#include "gate/admin_ask.h"
#include "gate/gate_private.h"
#include "gate/pages.h"

#define PREFIX "/admin/"

static void
refuse(
    struct http_request *http, int status, enum err_code code, const char *text)
{
	struct err err = { 0 };

	err_set(&err, code, "%s", text);
	admin_reply_error(http, status, &err);
}

/* The socket's mode keeps others out already; this holds also when somebody
 * changed it. */
static bool
may_ask(const struct http_request *http)
{
	uid_t uid;

	return http_peer_uid(http, &uid) == 0 && (uid == 0 || uid == geteuid());
}

static struct json *
parse_body(struct http_request *http)
{
	size_t len;
	const void *body = http_body(http, &len);
	struct err err = { 0 };
	struct json *args =
	    json_parse(len > 0 ? body : "{}", len > 0 ? len : 2, 65536, &err);

	if (args == NULL)
		admin_reply_error(http, err_status(err.code), &err);
	return args;
}

/* True: it was one of the process's own. */
static bool
run_own(struct gate *gate, struct http_request *http, const char *name,
    struct json *args)
{
	const struct gate_op *op = gate->admin.ops;
	struct err err = { 0 };
	struct buf out = { 0 };

	while (op->name != NULL && strcmp(op->name, name) != 0)
		op++;
	if (op->name == NULL)
		return false;
	op->run(args, &out, &err, gate->admin.arg);
	if (err.code != ERR_NONE)
		admin_reply_error(http, err_status(err.code), &err);
	else
		admin_reply_fields(http, &out);
	buf_free(&out);
	return true;
}

static void
on_admin(struct http_request *http, void *arg)
{
	const char *name = http_path(http) + strlen(PREFIX);
	struct gate *gate = arg;
	struct json *args;

	if (!may_ask(http)) {
		refuse(http, 403, ERR_FORBIDDEN,
		    "Only the server's own user and root may ask this.");
		return;
	}
	if (http_method(http) != HTTP_POST) {
		http_reply_header(http, "Allow", "POST");
		refuse(http, 405, ERR_BAD_REQUEST, "Commands are POSTed.");
		return;
	}
	args = parse_body(http);
	if (args == NULL)
		return;
	if (run_own(gate, http, name, args)) {
		json_free(&args);
	} else if (admin_op_find(name) == NULL && strcmp(name, "backup") != 0) {
		json_free(&args);
		refuse(http, 404, ERR_NOT_FOUND, "There is no such command.");
	} else {
		admin_ask_begin(gate, http, name, args);
	}
}

static void
send_metrics(struct gate *gate, struct http_request *http)
{
	struct buf out = { 0 };

	if (http_method(http) != HTTP_GET && http_method(http) != HTTP_HEAD) {
		http_reply_header(http, "Allow", "GET, HEAD");
		refuse(http, 405, ERR_BAD_REQUEST, "This is for reading.");
		return;
	}
	gate->admin.metrics(&out, gate->admin.arg);
	http_reply(http, 200, "text/plain; version=0.0.4; charset=utf-8",
	    out.data, out.len);
	buf_free(&out);
}

static void
on_admin_metrics(struct http_request *http, void *arg)
{
	if (may_ask(http))
		send_metrics(arg, http);
	else
		refuse(http, 403, ERR_FORBIDDEN, "Not you.");
}

static void
on_metrics(struct http_request *http, void *arg)
{
	send_metrics(arg, http);
}

void
admin_gate_routes(struct gate *gate)
{
	http_route(gate->admin.http, PREFIX, on_admin, gate);
	http_route(gate->admin.http, "/metrics", on_admin_metrics, gate);
	pages_health_routes(gate, gate->admin.http);
	if (gate->admin.metrics_http != NULL)
		http_route(
		    gate->admin.metrics_http, "/metrics", on_metrics, gate);
}
