/* chat/device.c - the life of a device. */
#include "chat/device.h"

#include <stdlib.h>

#include "base/json.h"
#include "chat/blocked.h"
#include "chat/sync.h"

struct device *
device_ref(struct device *dev)
{
	dev->refs++;
	return dev;
}

struct device *
device_new(struct chat *chat)
{
	struct device *dev = slab_get(&chat->devices);

	dev->chat = chat;
	dev->refs = 1;
	return dev;
}

void
device_unref(struct device *dev)
{
	if (--dev->refs > 0)
		return;
	blocked_free(dev);
	slab_put(&dev->chat->devices, dev);
}

#define STOPPED (DEVICE_PAUSED | DEVICE_HELD)

void
device_stop(struct device *dev, unsigned why)
{
	dev->flags |= (uint16_t)why;
	wsconn_pause(&dev->ws);
}

/* Both reasons were taken away when the worker goes down: it stays stopped. */
void
device_read_on(struct device *dev, unsigned why)
{
	if (!(dev->flags & why))
		return;
	dev->flags &= (uint16_t)~why;
	if (!(dev->flags & (STOPPED | DEVICE_CLOSED)))
		wsconn_resume(&dev->ws);
}

void
device_send(struct device *dev, const struct buf *json)
{
	wsconn_text(&dev->ws, json->data, json->len);
}

void
device_tell_store(struct device *dev, bool ok)
{
	struct buf b = { 0 };

	json_open(&b, '{');
	json_kstr(&b, "sig", "store");
	json_kbool(&b, "ok", ok);
	json_close(&b, '}');
	device_send(dev, &b);
	buf_free(&b);
}
