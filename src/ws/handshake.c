/* ws/handshake.c - who may become a WebSocket. */
#include "ws/handshake.h"

#include <ctype.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/log.h"

#define GUID "258EAFA5-E914-47DA-95CA-C5AB0DC85B11" /* RFC 6455 §1.3 */

enum { KEY_LEN = 24, SHA1_LEN = 20, KEY_MAX = 256 };

/* Found once: libcrypto's search for it takes longer than the sum itself. */
static void
sha1(const void *p, size_t n, unsigned char sum[SHA1_LEN])
{
	static EVP_MD *md;
	static EVP_MD_CTX *ctx;
	unsigned len = 0;

	if (md == NULL)
		md = EVP_MD_fetch(NULL, "SHA1", NULL);
	if (ctx == NULL)
		ctx = EVP_MD_CTX_new();
	if (md == NULL || ctx == NULL || EVP_MD_get_size(md) != SHA1_LEN ||
	    EVP_DigestInit_ex2(ctx, md, NULL) != 1 ||
	    EVP_DigestUpdate(ctx, p, n) != 1 ||
	    EVP_DigestFinal_ex(ctx, sum, &len) != 1)
		log_fatal("libcrypto does no SHA-1");
}

void
ws_accept(const char *key, char out[WS_ACCEPT])
{
	unsigned char text[KEY_MAX + sizeof(GUID)], sum[SHA1_LEN];
	size_t n = strnlen(key, KEY_MAX);

	memcpy(text, key, n);
	memcpy(text + n, GUID, sizeof(GUID) - 1);
	n += sizeof(GUID) - 1;
	sha1(text, n, sum);
	EVP_EncodeBlock((unsigned char *)out, sum, SHA1_LEN);
}

/* Is word one of the comma-separated tokens of a header's value? */
static bool
has_token(const char *value, const char *word)
{
	size_t n;

	if (value == NULL)
		return false;
	while (*value != '\0') {
		value += strspn(value, ", \t");
		n = strcspn(value, ",");
		while (n > 0 && (value[n - 1] == ' ' || value[n - 1] == '\t'))
			n--;
		if (n == strlen(word) && strncasecmp(value, word, n) == 0)
			return true;
		value += strcspn(value, ",");
	}
	return false;
}

/* 16 bytes in base64: 22 digits and "==". */
static bool
key_ok(const char *key)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz0123456789+/";

	return key != NULL && strlen(key) == KEY_LEN &&
	       strspn(key, digits) == KEY_LEN - 2 &&
	       strcmp(key + KEY_LEN - 2, "==") == 0;
}

int
ws_check_ask(const struct ws_ask *ask)
{
	if (!has_token(ask->upgrade, "websocket"))
		return 0;
	if (ask->method == NULL || strcmp(ask->method, "GET") != 0 ||
	    !has_token(ask->connection, "upgrade"))
		return 400;
	if (ask->version == NULL || strcmp(ask->version, "13") != 0)
		return 426;
	return key_ok(ask->key) ? 101 : 400;
}

/* A place on the web: host without port, and the port. Borrowed pointers. */
struct place {
	const char *host;
	size_t host_len;
	unsigned port; /* 0: none was named */
};

/* "host", "host:port", "[::1]:port". */
static bool
parse_place(const char *s, struct place *place)
{
	const char *colon;
	char *end;
	unsigned long port;

	place->host = s;
	place->port = 0;
	if (*s == '\0' || strpbrk(s, "/?#@ \t,") != NULL)
		return false;
	colon = *s == '[' ? strchr(s, ']') : s;
	if (colon == NULL)
		return false;
	colon = strchr(colon, ':');
	if (colon == NULL) {
		place->host_len = strlen(s);
		return true;
	}
	place->host_len = (size_t)(colon - s);
	if (!isdigit((unsigned char)colon[1]) || strlen(colon + 1) > 5)
		return false;
	port = strtoul(colon + 1, &end, 10);
	place->port = (unsigned)port;
	return place->host_len > 0 && *end == '\0' && port > 0 && port <= 65535;
}

/* "https://host:port" into a place whose port is never 0. Returns the
 * scheme's default port; 0: it is nothing of the kind. */
static unsigned
parse_origin(const char *s, struct place *place)
{
	unsigned usual;

	if (strncasecmp(s, "https://", 8) == 0)
		usual = 443;
	else if (strncasecmp(s, "http://", 7) == 0)
		usual = 80;
	else
		return 0;
	if (!parse_place(strchr(s, ':') + 3, place))
		return 0;
	if (place->port == 0)
		place->port = usual;
	return usual;
}

static bool
same_place(const struct place *a, const struct place *b)
{
	return a->port == b->port && a->host_len == b->host_len &&
	       strncasecmp(a->host, b->host, a->host_len) == 0;
}

bool
ws_origin_ok(const char *origin, const char *host, char *const *allowed)
{
	struct place from, to;
	unsigned usual;

	if (origin == NULL)
		return true;
	usual = parse_origin(origin, &from);
	if (usual == 0)
		return false;
	if (host != NULL && parse_place(host, &to)) {
		if (to.port == 0)
			to.port = usual;
		if (same_place(&from, &to))
			return true;
	}
	for (; allowed != NULL && *allowed != NULL; allowed++) {
		if (parse_origin(*allowed, &to) == usual &&
		    same_place(&from, &to))
			return true;
	}
	return false;
}
