/* ws/handshake.h - the opening handshake's arithmetic and rules. */
#ifndef WS_HANDSHAKE_H
#define WS_HANDSHAKE_H

#include <stdbool.h>
#include <stddef.h>

#define WS_ACCEPT 29 /* 28 base64 digits and NUL */

/* Sec-WebSocket-Accept for a key (RFC 6455 §4.2.2). */
void ws_accept(const char *key, char out[WS_ACCEPT]);

/* Is it a request to upgrade? The header values, NULL when absent. Returns 0:
 * no upgrade asked for; 101: a correct one; 400 or 426: a wrong one
 * (426: the version is not 13). */
struct ws_ask {
	const char *method;
	const char *upgrade;
	const char *connection;
	const char *version;
	const char *key;
};
int ws_check_ask(const struct ws_ask *ask);

/* Does origin ("https://host:port"; NULL: not a browser, true) belong to host
 * (the Host header) or stand in allowed (NULL-terminated, may be NULL)?
 * Only http and https origins ever do ("null" does not). Default ports are
 * equal to none. */
bool ws_origin_ok(const char *origin, const char *host, char *const *allowed);

#endif
