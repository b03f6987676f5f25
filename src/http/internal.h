/* http/internal.h - what the files of src/http/ share; nobody else's. */
#ifndef HTTP_INTERNAL_H
#define HTTP_INTERNAL_H

#include <sys/queue.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <evhtp/evhtp.h>
#include <time.h>

#include "http/check.h"
#include "http/proxy.h"
#include "http/server.h"
#include "ws/handshake.h"

struct http_gate;
struct listener;
struct route;

struct http_server {
	struct loop *loop;
	struct event_base *base;
	struct http_conf conf; /* with its defaults; the list is not kept */
	struct http_proxies *proxies;
	LIST_HEAD(, listener) listeners;
	LIST_HEAD(, http_gate) gates;
	LIST_HEAD(, http_gate) dead; /* to be freed by reap, in the next turn */
	struct event *reap;
	size_t count; /* of gates */
	struct route *routes;
	size_t route_count;
	bool accepting;
	bool resting; /* enough were accepted in this turn */
	bool draining;
	unsigned accepted; /* in accepted_turn */
	uint64_t accepted_turn;
	loop_cb *drained;
	void *drained_arg;
	time_t date_at; /* what date says */
	char date[32];
	uint64_t full_logged_ms; /* when EMFILE was logged last; 0: never */
};

/* server.c: the last connection of a draining server may be gone. */
void http_server_check_drained(struct http_server *s);

/* gate.c - the strict gate in front of evhtp: one per connection, from accept
 * to close or upgrade. */

enum gate_state {
	GATE_HEAD,    /* a header block is awaited or coming */
	GATE_BODY,    /* evhtp has a request and waits for its body */
	GATE_ANSWER,  /* the request is whole; what comes is kept back */
	GATE_CLOSING, /* a last answer goes out; what comes is dropped */
	GATE_UPGRADE, /* taken from evhtp; handed over in the next turn */
};

struct http_gate {
	LIST_ENTRY(http_gate) link;
	struct http_server *server;
	evhtp_connection_t *conn; /* NULL once taken over */
	struct bufferevent *bev;
	bufferevent_data_cb feed; /* evhtp's read callback */
	bufferevent_data_cb sent; /* evhtp's write callback */
	void *arg;                /* of both */
	struct event *timer;      /* the deadline of the state */
	struct http_scan scan;
	struct http_head *head;   /* GATE_BODY: of the request to come */
	struct http_request *req; /* GATE_ANSWER: until it is answered */
	uint64_t left;            /* body bytes that evhtp has not seen */
	size_t dropped;           /* bytes in GATE_CLOSING */
	http_upgrade_cb *upgrade;
	void *upgrade_arg;
	char accept[WS_ACCEPT]; /* Sec-WebSocket-Accept */
	uint8_t state;
	bool dead;     /* in the list of those to be freed */
	bool handling; /* the handler has not returned: it may upgrade */
	bool begun;    /* GATE_HEAD: some of a header block is there */
	bool skipped;  /* an empty line before the request line was dropped */
	bool close;    /* after the answer */
	bool eof;      /* the client sends no more */
	bool shut;     /* GATE_CLOSING: we have said our last */
};

/* Puts the gate before a connection that evhtp has just accepted. */
void http_gate_new(struct http_server *s, evhtp_connection_t *conn);
void http_gate_free(struct http_gate *g);  /* closes the connection */
void http_gate_drain(struct http_gate *g); /* closes it if it stays idle */
bool http_gate_keeps(
    const struct http_gate *g);           /* may another request follow? */
void http_gate_down(struct http_gate *g); /* it is gone or no longer ours */
void http_gate_hand_over(struct http_gate *g); /* upgrade.c: ends an upgrade */
void http_gate_request(evhtp_request_t *ev, void *arg); /* evhtp's callback */

/* request.c */

struct http_request {
	struct http_gate *gate; /* NULL: the client is gone */
	struct http_head *head;
	struct evbuffer *body;  /* NULL: none */
	struct evbuffer *extra; /* headers of the reply; NULL: none */
	bool cache;             /* extra has a Cache-Control */
	bool tls;
	char peer[HTTP_ADDRESS];
};

/* Takes head over and moves the body out of evhtp's hands. */
struct http_request *http_request_new(
    struct http_gate *g, struct http_head *head, struct evbuffer *body);
void http_request_free(struct http_request *req);

/* memory.c: from now on libraries end the worker rather than go without. */
void http_memory(void);

/* server.c: calls the handler of the request's path. */
void http_server_dispatch(struct http_server *s, struct http_request *req);

/* reply.c: a refusal in plain words, to be followed by a close. */
void http_reply_refusal(
    struct http_server *s, struct evbuffer *out, const struct http_refusal *r);

#endif
