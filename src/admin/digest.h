/* admin/digest.h - SHA-256 of what the store holds: all numbers as eight bytes,
 * texts with their length before. */
#ifndef ADMIN_DIGEST_H
#define ADMIN_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#include "model/event.h"
#include "model/room.h"
#include "model/user.h"

#define DIGEST_HEX 65 /* 64 hex digits and the NUL */

struct digest {
	void *ctx;
};

void digest_start(struct digest *d);
void digest_bytes(struct digest *d, const void *p, size_t n);
void digest_u64(struct digest *d, uint64_t v);
void digest_text(struct digest *d, const char *s, size_t len);
void digest_user(struct digest *d, const struct user *u);
void digest_room(struct digest *d, const struct room *r);
void digest_event(struct digest *d, const struct event *ev);
void digest_member(struct digest *d, const struct member *m);
/* Ends it: into hex. hex NULL: it is only freed. */
void digest_end(struct digest *d, char hex[DIGEST_HEX]);

#endif
