/* gate/token.h - who sends an HTTP request, and from where: the session's token
 * in a cookie or an Authorization header, and the Origin. */
#ifndef GATE_TOKEN_H
#define GATE_TOKEN_H

#include <stdbool.h>

#include "chat/auth.h"
#include "http/server.h"

struct gate;

/* The token of "Authorization: Bearer …", else of the session cookie. Returns
 * false when there is neither, or it cannot be one of ours. */
bool token_find(const struct gate *gate, const struct http_request *req,
    char out[AUTH_TOKEN]);

/* Adds the Set-Cookie header to the reply that makes the browser keep token;
 * NULL: forget it. */
void token_set_cookie(
    const struct gate *gate, struct http_request *req, const char *token);

/* May a page of the request's Origin speak to this server? True without one. */
bool token_origin_ok(const struct gate *gate, const struct http_request *req);

#endif
