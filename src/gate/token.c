/* gate/token.c - who sends an HTTP request, and from where. */

#include "gate/token.h"

#include <bsd/string.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "gate/gate_private.h"
#include "ws/handshake.h"

/* Does the browser speak TLS to us, or to what stands before us? */
static bool
is_secure(const struct gate *gate, const struct http_request *req)
{
	const char *url = gate->chat->conf->public_url;

	return (url != NULL && strncasecmp(url, "https://", 8) == 0) ||
	       http_is_tls(req);
}

static const char *
cookie_name(const struct gate *gate, const struct http_request *req)
{
	return is_secure(gate, req) ? "__Host-burung" : "burung";
}

static bool
bearer(const struct http_request *req, char out[AUTH_TOKEN])
{
	const char *value = http_header(req, "Authorization");

	if (value == NULL || strncasecmp(value, "Bearer ", 7) != 0)
		return false;
	value += 7;
	value += strspn(value, " ");
	return strlcpy(out, value, AUTH_TOKEN) == AUTH_TOKEN - 1;
}

bool
token_find(const struct gate *gate, const struct http_request *req,
    char out[AUTH_TOKEN])
{
	if (http_header(req, "Authorization") != NULL)
		return bearer(req, out);
	return http_cookie(req, cookie_name(gate, req), out, AUTH_TOKEN) &&
	       strlen(out) == AUTH_TOKEN - 1;
}

void
token_set_cookie(
    const struct gate *gate, struct http_request *req, const char *token)
{
	char value[256];

	snprintf(value, sizeof(value),
	    "%s=%s; Path=/; HttpOnly; SameSite=Lax; Max-Age=%llu%s",
	    cookie_name(gate, req), token != NULL ? token : "",
	    token != NULL ? AUTH_SESSION_MS / 1000 : 0,
	    is_secure(gate, req) ? "; Secure" : "");
	http_reply_header(req, "Set-Cookie", value);
}

/* Is origin the scheme, host and port of url? */
static bool
is_origin_of(const char *origin, const char *url)
{
	size_t len = strlen(origin);

	return strncasecmp(origin, url, len) == 0 &&
	       (url[len] == '\0' || url[len] == '/');
}

bool
token_origin_ok(const struct gate *gate, const struct http_request *req)
{
	const struct conf *conf = gate->chat->conf;
	const char *origin = http_header(req, "Origin");

	if (origin != NULL && conf->public_url != NULL && *origin != '\0' &&
	    is_origin_of(origin, conf->public_url))
		return true;
	return ws_origin_ok(
	    origin, http_header(req, "Host"), conf->allowed_origins);
}
