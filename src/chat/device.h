/* chat/device.h - one WebSocket of a person, after its handshake. */
#ifndef CHAT_DEVICE_H
#define CHAT_DEVICE_H

#include <sys/queue.h>

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/id.h"
#include "chat/chat.h"
#include "http/wsconn.h"

struct hub_user;
struct sync;    /* chat/sync.h: what is still to be sent after hello */
struct blocked; /* chat/blocked.h: refused sends that must come again first */

enum {
	DEVICE_HELLO = 1,    /* hello was asked */
	DEVICE_READY = 2,    /* hello was answered */
	DEVICE_CLOSED = 4,   /* the socket is gone; only requests keep it */
	DEVICE_PAUSED = 8,   /* too many requests under way */
	DEVICE_SESSION = 16, /* its session is known */
	DEVICE_HELD = 32,    /* chat/hold.h */
};

/* Kept small: there are tens of thousands. */
struct device {
	struct wsconn ws; /* first */
	struct chat *chat;
	struct hub_user *user; /* NULL until hello */
	SLIST_ENTRY(device) of_user;
	struct sync *sync;
	struct blocked *blocked;
	struct id id; /* the person */
	struct id session;
	uint32_t address_ticket, user_ticket; /* limit_enter's */
	uint32_t told; /* stamp against telling it a signal twice */
	uint16_t refs; /* requests and jobs that point here, + 1 if open */
	uint16_t flags;
};

/* Connected nowhere yet; its one reference is the caller's. */
struct device *device_new(struct chat *chat);
struct device *device_ref(struct device *dev);
void device_unref(struct device *dev); /* frees the last */

/* Stops reading for a reason (DEVICE_PAUSED, DEVICE_HELD), and goes on when
 * none is left. */
void device_stop(struct device *dev, unsigned why);
void device_read_on(struct device *dev, unsigned why);

/* Sends one JSON text. */
void device_send(struct device *dev, const struct buf *json);

/* Sends whether the store can be reached. */
void device_tell_store(struct device *dev, bool ok);

#endif
