/* chat/hold.h - not reading a device for a while: what a flood meets behind its
 * refusals, so that answering it costs the others nothing. */
#ifndef CHAT_HOLD_H
#define CHAT_HOLD_H

#include <stdint.h>

#include "chat/device.h"

/* For at least 100 ms and at most a second; once at a time. */
void hold_device(struct device *dev, uint32_t ms);
void hold_free_all(struct chat *chat);

#endif
