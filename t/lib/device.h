/* t/lib/device.h - a chat with no server around it, and devices on socket pairs
 * as the gate would make them. */
#ifndef T_LIB_DEVICE_H
#define T_LIB_DEVICE_H

#include <sys/socket.h>

#include "base/mem.h"
#include "base/shlock.h"
#include "chat/device.h"
#include "chat/hub.h"
#include "t/lib/tap.h"

/* All but conf, loop and store. There is an account already. */
static struct chat_conf
device_chat_conf(void)
{
	static struct shlock slots[2];
	static _Atomic uint64_t delivered, stored, repaired, dropped;
	static _Atomic uint64_t refused[ERR_CODES];
	static char no_code[24];

	shlock_init(&slots[0]);
	shlock_init(&slots[1]);
	return (struct chat_conf){ .setup_code = no_code,
		.hash_slots = slots,
		.counters = {
		    &delivered, &stored, &repaired, &dropped, refused } };
}

static void
device_says_nothing(
    struct wsconn *w, enum ws_opcode op, const uint8_t *p, size_t len)
{
}

static void
device_closed(struct wsconn *w, unsigned code)
{
	struct device *dev = (struct device *)w;

	dev->flags |= DEVICE_CLOSED;
	hub_remove_device(dev->chat->hub, dev);
	device_unref(dev);
}

/* *fd_r: the other end, which does not block. */
static struct device *
device_open(struct chat *chat, struct wspool *pool, int *fd_r)
{
	struct device *dev;
	int fd[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd) == -1)
		bail_out("socketpair");
	dev = device_new(chat);
	wsconn_open(&dev->ws, pool, fd[0], NULL, 0);
	*fd_r = fd[1];
	return dev;
}

#endif
