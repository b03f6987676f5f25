/* bus/redis/resolve.h - a host's address, without holding up the loop. Private
 * to src/bus/redis. */
#ifndef BUS_REDIS_RESOLVE_H
#define BUS_REDIS_RESOLVE_H

#include <stdbool.h>

#include "net/loop.h"

struct resolve;

/* ip: one of the addresses as text (another one each time), or NULL and why. */
typedef void resolve_cb(void *arg, const char *ip, const char *why);

/* Asks the system (getaddrinfo) on a thread of its own. cb follows on the loop,
 * and never from inside; then, or to give up earlier, resolve_free, which does
 * not wait for the thread. nth: which of several addresses.
 * NULL: no descriptors are left. */
struct resolve *resolve_start(struct loop *loop, const char *host, unsigned nth,
    resolve_cb *cb, void *arg);
void resolve_free(struct resolve **r);

/* Is it an address already? */
bool resolve_is_ip(const char *host);

#endif
