/* chat/hello.h - hellos that wait at the same time are read together. */
#ifndef CHAT_HELLO_H
#define CHAT_HELLO_H

#include "store/gather.h"

/* For struct chat; its items are requests. */
struct gather *hello_gather(struct store *st);

#endif
