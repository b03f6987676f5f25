/* chat/device.c - the life of a device. */
#include "chat/device.h"

#include <stdlib.h>

#include "chat/blocked.h"
#include "chat/sync.h"

struct device *
device_ref(struct device *dev)
{
	dev->refs++;
	return dev;
}

void
device_unref(struct device *dev)
{
	if (--dev->refs > 0)
		return;
	blocked_free(dev);
	free(dev);
}

void
device_send(struct device *dev, const struct buf *json)
{
	wsconn_text(&dev->ws, json->data, json->len);
}
