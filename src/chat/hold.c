/* chat/hold.c - not reading a device for a while. */

#include "chat/hold.h"

#include <stdlib.h>

#include "base/mem.h"

#define HOLD_MIN_MS 100
#define HOLD_MAX_MS 1000

struct hold {
	struct hold *next, **prev;
	struct device *dev;
	struct loop_timer *timer;
};

static void
hold_end(struct hold *h)
{
	struct device *dev = h->dev;

	*h->prev = h->next;
	if (h->next != NULL)
		h->next->prev = h->prev;
	loop_timer_free(&h->timer);
	free(h);
	device_read_on(dev, DEVICE_HELD);
	device_unref(dev);
}

static void
on_timer(void *arg)
{
	hold_end(arg);
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
	h->prev = &chat->holds;
	if (h->next != NULL)
		h->next->prev = &h->next;
	chat->holds = h;
	device_stop(dev, DEVICE_HELD);
}

void
hold_free_all(struct chat *chat)
{
	while (chat->holds != NULL)
		hold_end(chat->holds);
}
