/* http/proxy.h - whose word on the client's address is believed. */
#ifndef HTTP_PROXY_H
#define HTTP_PROXY_H

#include <sys/socket.h>

#include <stdbool.h>

#define PROXY_ADDRESS 46 /* of either family, as text, and NUL */

struct proxies;

/* trusted: addresses, networks ("10.0.0.0/8", "fd00::/8") and "unix" for all
 * who come by a Unix socket; NULL-terminated, may be NULL. What is none of
 * these is logged and trusts nobody. */
struct proxies *proxies_new(char *const *trusted);
void proxies_free(struct proxies **p);

/* The address of a socket's peer, "unix" if it has none. An IPv4 address in
 * IPv6 clothes becomes IPv4. */
void proxy_peer(const struct sockaddr *sa, char out[PROXY_ADDRESS]);

bool proxy_trusted(const struct proxies *p, const char *address);

/* Replaces peer by the client that X-Forwarded-For (NULL: none) tells of: from
 * the right, past all that are trusted. An untrusted peer is the client. */
void proxy_client(
    const struct proxies *p, const char *forwarded, char peer[PROXY_ADDRESS]);

#endif
