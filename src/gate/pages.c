/* gate/pages.c - /healthz, /readyz and the client's files. */

#include "gate/pages.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "gate/gate_private.h"
#include "store/users.h"

static void
reply_text(struct http_request *http, int status, const char *text)
{
	http_reply_header(http, "Cache-Control", "no-store");
	http_reply(
	    http, status, "text/plain; charset=utf-8", text, strlen(text));
}

/* False when the reply has been given. */
static bool
is_get(struct http_request *http)
{
	enum http_method method = http_method(http);

	if (method == HTTP_GET || method == HTTP_HEAD)
		return true;
	http_reply_header(http, "Allow", "GET, HEAD");
	reply_text(http, 405, "This is only for reading.\n");
	return false;
}

static void
on_healthz(struct http_request *http, void *arg)
{
	if (is_get(http))
		reply_text(http, 200, "ok\n");
}

/* One look whether the store answers. */
struct probe {
	const struct gate *gate;
	struct http_request *http;
	struct err err;
};

static void
probe_work(struct db *db, void *arg)
{
	struct probe *probe = arg;
	uint64_t n;

	db_user_count(db, 1, &n, &probe->err);
}

/* The store answers: is there anything else? */
static void
reply_ready(const struct gate *gate, struct http_request *http)
{
	struct buf why = { 0 };

	if (gate->not_ready != NULL)
		gate->not_ready(&why, gate->not_ready_arg);
	if (why.len == 0)
		reply_text(http, 200, "ok\n");
	else
		reply_text(http, 503, buf_cstr(&why));
	buf_free(&why);
}

static void
probe_done(void *arg)
{
	struct probe *probe = arg;

	if (probe->gate->draining)
		reply_text(probe->http, 503, "draining\n");
	else if (probe->err.code != ERR_NONE)
		reply_text(probe->http, 503, probe->err.text);
	else
		reply_ready(probe->gate, probe->http);
	free(probe);
}

static void
on_readyz(struct http_request *http, void *arg)
{
	struct gate *gate = arg;
	struct probe *probe;

	if (!is_get(http))
		return;
	if (gate->draining) {
		reply_text(http, 503, "draining\n");
		return;
	}
	MEM_NEW(probe);
	probe->gate = gate;
	probe->http = http;
	store_read(gate->chat->store, probe_work, probe_done, probe);
}

static void
on_no_client(struct http_request *http, void *arg)
{
	if (!is_get(http))
		return;
	if (strcmp(http_path(http), "/") != 0) {
		reply_text(http, 404, "There is nothing here.\n");
		return;
	}
	reply_text(http, 200,
	    "This is a Burung-Chat server, but no client is installed here.\n"
	    "\n"
	    "Build it:     npm --prefix www ci && npm --prefix www run build\n"
	    "and say where: www = /path/to/www/dist in burungd.conf\n"
	    "\n"
	    "Programs can already use /api/ and /ws: see doc/PROTOCOL.md.\n");
}

void
pages_health_routes(struct gate *gate, struct http_server *http)
{
	http_route(http, "/healthz", on_healthz, gate);
	http_route(http, "/readyz", on_readyz, gate);
}

void
pages_routes(struct gate *gate)
{
	pages_health_routes(gate, gate->http);
	if (gate->files != NULL)
		http_route(gate->http, "*", static_handle, gate->files);
	else
		http_route(gate->http, "*", on_no_client, gate);
}
