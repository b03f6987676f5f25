/* http/wsconn.h - a live WebSocket: frames over a net/conn, with pings, the
 * close handshake and limits. */
#ifndef HTTP_WSCONN_H
#define HTTP_WSCONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/chunk.h"
#include "net/conn.h"
#include "ws/frame.h"

struct wsconn;
struct wspool;

/* on_message's payload is borrowed (and may be overwritten after). */
struct wsconn_ops {
	void (*on_message)(struct wsconn *w, enum ws_opcode op,
	    const uint8_t *p, size_t len);
	void (*on_drain)(struct wsconn *w); /* the queue is empty again; or NULL */
	/* The last call, from the loop, never from inside another wsconn call:
	 * free the struct that holds w. code: what the other side said, or
	 * what we said first, or WS_ABNORMAL. */
	void (*on_closed)(struct wsconn *w, unsigned code);
};

/* Embedded in its owner's struct (first: conn). 80 bytes or less. */
struct wsconn {
	struct conn conn;
	struct ws_in in;
	uint16_t code;
	uint8_t misses;
	uint8_t state;
};

struct wspool_conf {
	size_t message_max; /* from a client; more: 1009 */
	size_t queue_max;   /* waiting for one client; more: 4001 */
	bool binary;        /* accept binary messages; else 1003 */
};

struct wspool *wspool_new(struct loop *loop, const struct wspool_conf *conf,
    const struct wsconn_ops *ops);
void wspool_free(struct wspool **p); /* all must be closed */
size_t wspool_count(const struct wspool *p);
void wspool_each(
    struct wspool *p, void (*cb)(struct wsconn *w, void *arg), void *arg);

/* Starts on a descriptor from http_upgrade. */
void wsconn_open(struct wsconn *w, struct wspool *p, int fd, const void *first,
    size_t first_len);

void wsconn_text(struct wsconn *w, const void *p, size_t len);
void wsconn_binary(struct wsconn *w, const void *p, size_t len);
/* A chunk of whole frames made with ws_frame, shared by many. */
void wsconn_share(struct wsconn *w, struct chunk *frames);
size_t wsconn_queued(const struct wsconn *w);

/* Stops and goes on reading messages (pings are then not seen either). */
void wsconn_pause(struct wsconn *w);
void wsconn_resume(struct wsconn *w);

/* Sends a close frame behind what waits (WS_RESUME: instead of what waits) and
 * waits for the answer, at most 5 s. on_message comes no more; on_closed will. */
void wsconn_close(struct wsconn *w, unsigned code, const char *reason);
bool wsconn_is_open(const struct wsconn *w);

#endif
