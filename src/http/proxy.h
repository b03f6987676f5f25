/* http/proxy.h - whose word on the client's address is believed. */
#ifndef HTTP_PROXY_H
#define HTTP_PROXY_H

#include <sys/socket.h>

#include <stdbool.h>

#define HTTP_ADDRESS 46 /* of either family, as text, and NUL */

struct http_proxies;

/* trusted: addresses, networks ("10.0.0.0/8", "fd00::/8") and "unix" for all
 * who come by a Unix socket; NULL-terminated, may be NULL. What is none of
 * these is logged and trusts nobody. */
struct http_proxies *http_proxies_new(char *const *trusted);
void http_proxies_free(struct http_proxies **p);

/* The address of a socket's peer, "unix" if it has none. An IPv4 address in
 * IPv6 clothes becomes IPv4. */
void http_proxy_peer(const struct sockaddr *sa, char out[HTTP_ADDRESS]);

bool http_proxy_trusted(const struct http_proxies *p, const char *address);

/* Replaces peer by the client that X-Forwarded-For (NULL: none) tells of: from
 * the right, past all that are trusted. An untrusted peer is the client. */
void http_proxy_client(const struct http_proxies *p, const char *forwarded,
    char peer[HTTP_ADDRESS]);

#endif
