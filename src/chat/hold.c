/* chat/hold.c - not reading a device for a while. */

#include "chat/hold.h"

#include <stdlib.h>

#include "base/mem.h"

#define HOLD_MIN_MS 100
#define HOLD_MAX_MS 1000

struct hold {
	struct hold *next;
	struct device *dev;
	struct loop_timer *timer;
};

/* h is in no list any more. */
static void
hold_end(struct hold *h)
{
	struct device *dev = h->dev;

	loop_timer_free(&h->timer);
	free(h);
	device_read_on(dev, DEVICE_HELD);
	device_unref(dev);
}

/* Few are held at a time. */
static void
on_timer(void *arg)
{
	struct hold *h = arg, **at = &h->dev->chat->holds;

	while (*at != h)
		at = &(*at)->next;
	*at = h->next;
	hold_end(h);
}

void
hold_device(struct device *dev, uint32_t ms)
{
	struct chat *chat = dev->chat;
	struct hold *h;

	if (dev->flags & (DEVICE_HELD | DEVICE_CLOSED))
		return;
	if (ms < HOLD_MIN_MS)
		ms = HOLD_MIN_MS;
	if (ms > HOLD_MAX_MS)
		ms = HOLD_MAX_MS;
	MEM_NEW(h);
	h->dev = device_ref(dev);
	h->timer = loop_timer_new(chat->loop, ms, false, on_timer, h);
	h->next = chat->holds;
	chat->holds = h;
	device_stop(dev, DEVICE_HELD);
}

void
hold_free_all(struct chat *chat)
{
	struct hold *h;

	while ((h = chat->holds) != NULL) {
		chat->holds = h->next;
		hold_end(h);
	}
}
