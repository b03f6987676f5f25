/* gate/gate.h - wires HTTP and WebSocket to chat, in one worker. */
#ifndef GATE_GATE_H
#define GATE_GATE_H

#include "base/buf.h"
#include "base/conf.h"
#include "base/err.h"
#include "base/json.h"
#include "bus/bus.h"
#include "chat/chat.h"
#include "http/server.h"
#include "net/loop.h"
#include "store/store.h"

struct gate;

/* An administrator's command that is about this process and not the store; on
 * the loop. out gets the answer's fields. */
struct gate_op {
	const char *name;
	void (*run)(const struct json *args, struct buf *out, struct err *err,
	    void *arg);
};

/* What the admin socket serves besides src/admin's commands. */
struct gate_admin {
	struct http_server *http;         /* routes are put into it */
	struct http_server *metrics_http; /* /metrics only; or NULL */
	const char *run_dir;              /* for files that last a moment */
	const struct gate_op *ops;        /* name NULL at the end */
	void (*metrics)(struct buf *out, void *arg);
	void *arg; /* of all of them */
};

struct gate_conf {
	struct chat_conf
	    chat; /* conf, loop, store, setup code, slots, counters */
	struct http_server *http; /* routes are put into it */
	const char *version;
	/* Appends why clients should go elsewhere; nothing: they need not.
	 * NULL: they never need to. */
	void (*not_ready)(struct buf *why, void *arg);
	void *not_ready_arg;
	struct gate_admin admin; /* http NULL: none */
};

/* The caller opens the bus after it with gate_bus_ops and the gate as arg, then
 * calls gate_start; only then it listens. NULL with *err. */
struct gate *gate_new(const struct gate_conf *conf, struct err *err);
extern const struct bus_ops gate_bus_ops;
void gate_start(struct gate *gate, struct bus *bus);

/* How many WebSockets there are. */
size_t gate_connections(const struct gate *gate);
struct chat_objects gate_objects(const struct gate *gate);

/* Takes no more commands, answers those under way (their messages stored and
 * acked), closes the WebSockets with 1001 and a jittered retry hint; done is
 * called once when all are gone. The HTTP server is drained by the caller. */
void gate_drain(struct gate *gate, loop_cb *done, void *arg);
void gate_free(struct gate **gate);

#endif
