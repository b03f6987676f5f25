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
	void (*on_message)(
	    struct wsconn *w, enum ws_opcode op, const uint8_t *p, size_t len);
	void (*on_drain)(
	    struct wsconn *w); /* the queue is empty again; or NULL */
	/* The last call, once, at the end of a turn (or in wspool_free), never
	 * from inside another wsconn call: free the struct that holds w. code:
	 * what was said first, by the other side or by us (WS_NO_STATUS:
	 * nothing in particular); WS_ABNORMAL: neither said anything. */
	void (*on_closed)(struct wsconn *w, unsigned code);
};

/* Embedded in its owner's struct. Private to wsconn.c. 72 bytes. */
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

/* *conf is copied; ops must outlive the pool. */
struct wspool *wspool_new(struct loop *loop, const struct wspool_conf *conf,
    const struct wsconn_ops *ops);
/* All must have been closed; those whose on_closed has not come get it now. */
void wspool_free(struct wspool **p);
size_t wspool_count(const struct wspool *p); /* until their on_closed */
/* Every one that is in the pool and not cut off, those that wait for the answer
 * to a close frame included. */
void wspool_each(
    struct wspool *p, void (*cb)(struct wsconn *w, void *arg), void *arg);

/* Starts on a descriptor from http_upgrade. */
void wsconn_open(struct wsconn *w, struct wspool *p, int fd, const void *first,
    size_t first_len);

/* Ignored once it is not open. The payload is copied; text must be UTF-8. */
void wsconn_text(struct wsconn *w, const void *p, size_t len);
void wsconn_binary(struct wsconn *w, const void *p, size_t len);
/* A chunk of whole frames made with ws_frame, shared by many. */
void wsconn_share(struct wsconn *w, struct chunk *frames);
size_t wsconn_queued(const struct wsconn *w);

/* Stops and goes on reading messages (pings are then not seen either). */
void wsconn_pause(struct wsconn *w);
void wsconn_resume(struct wsconn *w);

/* Sends a close frame behind what waits (WS_RESUME: instead of what waits) and
 * waits for the answer, at most 6 s. on_message comes no more; on_closed will.
 * Ignored when a close was said before. */
void wsconn_close(struct wsconn *w, unsigned code, const char *reason);
/* False as soon as a close was said by either side. */
bool wsconn_is_open(const struct wsconn *w);

#endif
