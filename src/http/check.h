/* http/check.h - is it a request we serve? The only judge of header blocks:
 * pure, no sockets. RFC 9112 and 9110, read strictly. */
#ifndef HTTP_CHECK_H
#define HTTP_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HTTP_BLOCK_MAX  16384 /* request line and headers with their CRLFs */
#define HTTP_TARGET_MAX 2048  /* path and query */
#define HTTP_LINES_MAX  100   /* header lines */
#define HTTP_METHOD_MAX 20

/* Why a request is refused. status 0: it is not. */
struct http_refusal {
	int status;
	const char *why; /* a constant, for the client to read */
};

/* How far the search for the end of a block has come; begins zeroed. */
struct http_scan {
	uint32_t pos;   /* bytes looked at */
	uint32_t line;  /* where the current line begins */
	uint32_t lines; /* complete ones, the request line included */
};

/* Looks on through p[0..n), which begins with what was there before. Returns
 * the block's length, empty line included, once it is whole; else 0: more is
 * needed, or with r->status set, it must be refused. */
size_t http_scan(
    struct http_scan *s, const uint8_t *p, size_t n, struct http_refusal *r);

struct http_field {
	const char *name;
	const char *value; /* without blanks around it */
};

/* A request line and its headers. Strings are C strings inside of it. Of a name
 * that came several times the values are joined by commas (Cookie: by
 * semicolons) and stand at its first place. */
struct http_head {
	const char *method;
	const char *path;  /* begins with '/'; not decoded */
	const char *query; /* "" if none */
	uint64_t length;   /* of the body */
	uint8_t minor;     /* of HTTP/1 */
	bool keep_alive;
	bool expect; /* 100-continue */
	size_t count;
	struct http_field fields[];
};

/* Reads a whole block as http_scan found it. body_max: largest body. The head,
 * to be freed with free(), or NULL with *r filled. */
struct http_head *http_head_read(
    const uint8_t *p, size_t n, uint64_t body_max, struct http_refusal *r);

/* The value of a header, case does not matter; NULL if absent. */
const char *http_head_value(const struct http_head *h, const char *name);

#endif
