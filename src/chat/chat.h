/* chat/chat.h - what a worker's chat consists of. */
#ifndef CHAT_CHAT_H
#define CHAT_CHAT_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/conf.h"
#include "base/err.h"
#include "base/shlock.h"
#include "base/slab.h"
#include "bus/bus.h"
#include "http/wsconn.h"
#include "net/loop.h"
#include "net/offload.h"
#include "store/store.h"

struct gather;
struct hub;
struct hold;
struct limits;
struct presence;
struct renew;

/* Counters on the board, of this worker. */
struct chat_counters {
	_Atomic uint64_t *delivered;
	_Atomic uint64_t *stored;
	_Atomic uint64_t *repaired;
	_Atomic uint64_t *dropped;
	_Atomic uint64_t *refused; /* [ERR_CODES] */
};

struct chat_conf {
	const struct conf *conf;
	struct loop *loop;
	struct store *store;
	char *setup_code; /* on the board; "" when there is an account */
	struct shlock *hash_slots; /* two */
	struct limits *limits;     /* on the board; NULL: none */
	unsigned place;            /* of this worker on the board */
	struct chat_counters counters;
};

struct chat {
	struct chat_conf c;
	const struct conf *conf;
	struct loop *loop;
	struct store *store;
	struct bus *bus; /* set by chat_set_bus before anything is served */
	struct hub *hub;
	struct presence *presence;
	struct renew *renew;
	struct gather *hellos; /* that wait to be answered */
	struct offload *hashers;
	struct slabs devices; /* chat/device.h: all that are there */
	struct hold *holds;   /* connections that are not read for a while */
	size_t requests;      /* under way */
};

/* What is there for as long as somebody is connected. */
struct chat_objects {
	size_t devices, people;
	size_t rooms; /* that they hear */
};

struct chat *chat_new(const struct chat_conf *c);
void chat_set_bus(struct chat *chat, struct bus *bus);
void chat_free(struct chat **chat);
struct chat_objects chat_objects(const struct chat *chat);

/* For bus_open: arg is the struct chat. */
extern const struct bus_ops chat_bus_ops;

#endif
