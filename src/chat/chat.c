/* chat/chat.c - puts a worker's chat together. */
#include "chat/chat.h"

#include <stdlib.h>

#include "base/mem.h"
#include "chat/hello.h"
#include "chat/hold.h"
#include "chat/hub.h"
#include "chat/limit.h"
#include "chat/notice.h"
#include "chat/presence.h"
#include "chat/renew.h"
#include "store/append.h"

#define HASH_THREADS 2

/* Who sent it was told to try again; the others need not wait for that. */
static void
on_late(const struct append *a, void *arg)
{
	struct chat *chat = arg;

	for (size_t i = 0; i < a->n; i++)
		hub_commit(chat->hub, &a->ev[i]);
	hub_commit_list(chat->hub, &a->more);
	atomic_fetch_add(chat->c.counters.stored, a->n + a->more.n);
}

struct chat *
chat_new(const struct chat_conf *c)
{
	struct chat *chat;

	MEM_NEW(chat);
	chat->c = *c;
	chat->conf = c->conf;
	chat->loop = c->loop;
	chat->store = c->store;
	chat->hashers = offload_new(c->loop, HASH_THREADS, "hash");
	limit_conns_reset(c->limits, c->place);
	slabs_init(&chat->devices, sizeof(struct device));
	chat->hub = hub_new(chat);
	chat->presence = presence_new(chat);
	chat->renew = renew_new(chat);
	chat->hellos = hello_gather(c->store);
	if (c->store != NULL)
		store_on_late(c->store, on_late, chat);
	return chat;
}

void
chat_set_bus(struct chat *chat, struct bus *bus)
{
	chat->bus = bus;
	presence_start(chat->presence);
}

void
chat_free(struct chat **chatp)
{
	struct chat *chat = *chatp;

	if (chat == NULL)
		return;
	offload_free(&chat->hashers);
	hold_free_all(chat);
	renew_free(&chat->renew);
	gather_free(&chat->hellos);
	hub_free(&chat->hub);
	presence_free(&chat->presence);
	slabs_free(&chat->devices);
	free(chat);
	*chatp = NULL;
}

struct chat_objects
chat_objects(const struct chat *chat)
{
	struct chat_objects o = { .devices = chat->devices.used };

	hub_objects(chat->hub, &o);
	return o;
}

static void
on_msg(void *arg, const struct bus_from *from, const struct bus_msg *m)
{
	struct chat *chat = arg;

	if (m->type == BUS_EVENT)
		hub_on_event(chat->hub, m);
	else if (m->type == BUS_TYPING)
		presence_on_typing(chat->presence, m);
	else if (m->type == BUS_PRESENCE)
		presence_on_msg(chat->presence, from, m);
	else if (m->type == BUS_USER)
		notice_on_msg(chat, m);
}

static void
on_resync(void *arg, const struct bus_from *from)
{
	struct chat *chat = arg;

	hub_resync(chat->hub);
}

static void
on_ready(void *arg, const struct id *topic)
{
	struct chat *chat = arg;

	hub_ready(chat->hub, topic);
}

const struct bus_ops chat_bus_ops = {
	.on_msg = on_msg,
	.on_resync = on_resync,
	.on_ready = on_ready,
};
