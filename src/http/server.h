/* http/server.h - HTTP/1.1 through libevhtp behind a strict gate. Nothing
 * outside src/http/ knows evhtp. */
#ifndef HTTP_SERVER_H
#define HTTP_SERVER_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "net/loop.h"

struct http_server;
struct http_request; /* valid until answered; after http_reply gone */

#define HTTP_STATUSES 112 /* from 400 on */

struct http_conf {
	size_t body_max;              /* bytes; more: 413 */
	char *const *trusted_proxies; /* whose X-Forwarded-* count; or NULL */
	uint32_t header_timeout_ms;   /* 0: 10,000 */
	uint32_t idle_timeout_ms;     /* between requests; 0: 60,000 */
	/* Counts requests refused before a handler saw them, by status - 400:
	 * HTTP_STATUSES of them; or NULL. */
	_Atomic uint64_t *refused;
	uint32_t body_timeout_ms; /* 0: 30,000, plus 1 s per 8 KiB of length */
};

enum http_method { HTTP_GET, HTTP_HEAD, HTTP_POST, HTTP_OTHER };

typedef void http_handler_cb(struct http_request *req, void *arg);

struct http_server *http_server_new(
    struct loop *loop, const struct http_conf *conf);
void http_server_free(struct http_server **s); /* closes its connections */

/* Accepts from a listening, non-blocking socket, which stays the caller's.
 * Several may be added (IPv4, IPv6, Unix). 0, or -1. */
int http_server_listen(struct http_server *s, int fd, struct err *err);

/* Pauses and goes on accepting; on EMFILE it pauses itself for 100 ms. */
void http_server_accept(struct http_server *s, bool on);
size_t http_server_connections(const struct http_server *s); /* not upgraded */

/* Drain: stops accepting, ends idle connections, answers what is under way with
 * Connection: close; done is called once when none is left. */
void http_server_drain(struct http_server *s, loop_cb *done, void *arg);

/* Handler of an exact path; of all paths below a prefix that ends in '/';
 * of everything else ("*"). The longest match wins. Not to be called once
 * requests come in. A handler gets all methods (405 is its business). */
void http_route(struct http_server *s, const char *path,
    http_handler_cb *handler, void *arg);

/* What was asked. Strings are valid until the reply. */
enum http_method http_method(const struct http_request *req);
const char *http_method_name(const struct http_request *req);
const char *http_path(
    const struct http_request *req); /* decoded: no; as sent */
const char *http_query(const struct http_request *req); /* "" if none */
const char *http_header(const struct http_request *req, const char *name);
const uint8_t *http_body(const struct http_request *req, size_t *len_r);
const char *http_peer(
    const struct http_request *req); /* address, no port;
				      * by X-Forwarded-For of trusted ones */
/* Who is at the other end of a Unix socket. 0, or -1 when it is none. */
int http_peer_uid(const struct http_request *req, uid_t *uid_r);
bool http_is_tls(const struct http_request *req); /* X-Forwarded-Proto of a
						   * trusted proxy is https */
/* The value of one cookie copied to out; false if absent or too long. */
bool http_cookie(
    const struct http_request *req, const char *name, char *out, size_t size);

/* Adds a header of the reply; values with CR, LF or NUL are a defect (fatal).
 */
void http_reply_header(
    struct http_request *req, const char *name, const char *value);

/* Says 102 with one header, before the answer and as often as one likes (RFC
 * 9110 §15.2). Nothing to a client of HTTP/1.0, or one that is gone. */
void http_reply_interim(
    struct http_request *req, const char *name, const char *value);

/* Answers, now or later, on the loop; ends the request, also when the client
 * has gone before. HEAD drops the body. The security headers of doc/PROTOCOL.md
 * are added to each. type NULL: no Content-Type. */
void http_reply(struct http_request *req, int status, const char *type,
    const void *body, size_t len);

/* A file of an open descriptor (taken over), of len bytes. */
void http_reply_file(
    struct http_request *req, int status, const char *type, int fd, size_t len);

/* Answers 101 (with Sec-WebSocket-Accept) and hands over the socket in the next
 * turn: cb gets the descriptor (now the caller's) and what was read beyond the
 * request; fd -1: the client is gone. Ends the request. Only for a request for
 * which ws_check_ask said 101, inside its handler. */
typedef void http_upgrade_cb(
    int fd, const void *first, size_t first_len, void *arg);
void http_upgrade(struct http_request *req, http_upgrade_cb *cb, void *arg);

#endif
