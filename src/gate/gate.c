/* gate/gate.c - a worker's protocols and its chat, put together. */
#include "gate/gate.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "chat/hub.h"
#include "chat/presence.h"
#include "gate/admin_gate.h"
#include "gate/gate_private.h"
#include "gate/http_gate.h"
#include "gate/ws_gate.h"

static void
on_health(bool ok, void *arg)
{
	struct gate *gate = arg;

	if (ok)
		log_info("store is back", "ok=1");
	else
		log_warn("store cannot be reached", "ok=0");
	ws_gate_tell_store(gate, ok);
	/* What was stored although its answer was lost. */
	if (ok)
		hub_resync(gate->chat->hub);
}

struct gate *
gate_new(const struct gate_conf *conf, struct err *err)
{
	struct gate *gate;

	MEM_NEW(gate);
	gate->http = conf->http;
	gate->version = conf->version;
	gate->not_ready = conf->not_ready;
	gate->not_ready_arg = conf->not_ready_arg;
	gate->admin = conf->admin;
	if (conf->chat.conf->www != NULL) {
		gate->files = static_new(conf->chat.conf->www, err);
		if (gate->files == NULL) {
			free(gate);
			return NULL;
		}
	}
	gate->chat = chat_new(&conf->chat);
	ws_gate_open(gate);
	http_gate_routes(gate);
	if (gate->admin.http != NULL)
		admin_gate_routes(gate);
	store_on_health(conf->chat.store, on_health, gate);
	return gate;
}

void
gate_start(struct gate *gate, struct bus *bus)
{
	chat_set_bus(gate->chat, bus);
}

size_t
gate_connections(const struct gate *gate)
{
	return wspool_count(gate->pool);
}

struct chat_objects
gate_objects(const struct gate *gate)
{
	return chat_objects(gate->chat);
}

static void
drained(void *arg)
{
	struct gate *gate = arg;

	presence_flush(gate->chat->presence);
	gate->drained(gate->drained_arg);
}

void
gate_drain(struct gate *gate, loop_cb *done, void *arg)
{
	gate->draining = true;
	gate->drained = done;
	gate->drained_arg = arg;
	ws_gate_drain(gate, drained, gate);
}

void
gate_free(struct gate **gatep)
{
	struct gate *gate = *gatep;

	if (gate == NULL)
		return;
	chat_free(&gate->chat);
	ws_gate_close(gate);
	static_free(&gate->files);
	free(gate);
	*gatep = NULL;
}

static void
on_msg(void *arg, const struct bus_from *from, const struct bus_msg *m)
{
	struct gate *gate = arg;

	chat_bus_ops.on_msg(gate->chat, from, m);
}

static void
on_resync(void *arg, const struct bus_from *from)
{
	struct gate *gate = arg;

	chat_bus_ops.on_resync(gate->chat, from);
}

static void
on_ready(void *arg, const struct id *topic)
{
	struct gate *gate = arg;

	chat_bus_ops.on_ready(gate->chat, topic);
}

const struct bus_ops gate_bus_ops = {
	.on_msg = on_msg,
	.on_resync = on_resync,
	.on_ready = on_ready,
};
