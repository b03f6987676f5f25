/* fuzz/bus.c - any datagrams from another worker, into the hub, presence and
 * notices of a worker with one person in two rooms: what the device gets are
 * whole frames, and a log never goes back. A datagram is its length (2 bytes,
 * big endian) and its bytes. */
#include <sys/socket.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bus/pairs.h"
#include "chat/hub_private.h"
#include "fuzz/must.h"
#include "t/lib/device.h"
#include "t/lib/turn.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

enum { ROOMS = 2, SEQ = 10, AGAIN = 500 /* inputs of one worker */ };

static struct chat *chat;
static struct bus *bus;
static struct wspool *pool;
static struct store *store;
static struct conf *conf;
static struct bus_pairs *pairs;
static const struct id person = { "person......" };
static const struct id rooms[ROOMS] = { { "room 1......" },
	{ "room 2......" } };

/* --- the worker --- */

static const struct wsconn_ops ops = {
	.on_message = device_says_nothing,
	.on_closed = device_closed,
};

static void
begin(void)
{
	static const struct store_conf fails = { .driver = "fail" };
	static const struct wspool_conf wc = { 65536, 1 << 20, false };
	struct bus_conf bc = { .worker = 0, .generation = 1 };
	struct chat_conf cc = device_chat_conf();
	struct err err = { 0 };

	if (loop == NULL)
		turn_begin();
	if (conf == NULL && conf_load(NULL, &conf, &err) == -1)
		bail_out(err.text);
	if ((store = store_open(&fails, loop, &err)) == NULL ||
	    (pairs = bus_pairs_new(2, &err)) == NULL)
		bail_out(err.text);
	cc.conf = conf;
	cc.loop = loop;
	cc.store = store;
	bc.pairs = pairs;
	chat = chat_new(&cc);
	if ((bus = bus_open(loop, &bc, &chat_bus_ops, chat, &err)) == NULL)
		bail_out(err.text);
	chat_set_bus(chat, bus);
	pool = wspool_new(loop, &wc, &ops);
}

/* What it heard of the other worker is kept, and would grow. */
static void
end(void)
{
	store_close(&store);
	bus_close(&bus);
	chat_free(&chat);
	wspool_free(&pool);
	bus_pairs_free(&pairs);
}

/* --- its person --- */

static void
person_comes(int *fd_r)
{
	struct head heads[ROOMS] = { 0 };
	struct head_list list = { .v = heads, .n = ROOMS };
	struct hub_user *u;
	struct device *dev = device_open(chat, pool, fd_r);

	dev->id = person;
	for (int i = 0; i < ROOMS; i++) {
		heads[i].room = rooms[i];
		heads[i].members = 2;
		heads[i].seq = SEQ;
	}
	u = hub_user_open(chat->hub, &person);
	must(hub_know_user(chat->hub, u, u->ended, SEQ, &list));
	hub_add_device(chat->hub, u, dev);
	dev->flags |= DEVICE_READY;
}

/* Frames of a server, none of them cut off. */
static void
hear(int fd)
{
	struct buf in = { 0 };
	size_t head, len;
	ssize_t n;

	while ((n = read(fd, buf_reserve(&in, 65536), 65536)) > 0)
		in.len += (size_t)n;
	for (size_t at = 0; at < in.len; at += head + len) {
		must(in.len - at >= 2 && in.data[at + 1] < 128);
		len = in.data[at + 1];
		head = len < 126 ? 2 : len == 126 ? 4 : 10;
		must(in.len - at >= head);
		len = head == 2   ? len
		      : head == 4 ? get_be16(in.data + at + 2)
				  : get_be64(in.data + at + 2);
		must(in.data[at] == 0x81 || in.data[at] == 0x88);
		must(in.len - at - head >= len);
	}
	buf_free(&in);
}

static void
look(uint64_t seq[ROOMS])
{
	for (int i = 0; i < ROOMS; i++) {
		struct hub_room *r = hub_room_find(chat->hub, &rooms[i]);

		if (r == NULL)
			continue;
		must(r->log.seq >= seq[i] && r->log.flushed == r->log.seq);
		seq[i] = r->log.seq;
	}
}

static void
datagrams(const uint8_t *p, size_t n, int fd)
{
	uint64_t seq[ROOMS] = { SEQ, SEQ };
	size_t len;

	for (size_t at = 0; n - at >= 2; at += len) {
		len = get_be16(p + at);
		at += 2;
		len = len < n - at ? len : n - at;
		if (send(*pairs_end(pairs, 1, 0), p + at, len, MSG_DONTWAIT) ==
		    -1)
			bail_out("the bus is full");
		turn_twice();
		look(seq);
		hear(fd);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static unsigned inputs;
	char out[1024];
	int fd;

	if (chat == NULL)
		begin();
	person_comes(&fd);
	datagrams(p, n, fd);
	close(fd);
	UNTIL(wspool_count(pool) == 0 && store_pending(store) == 0);
	UNTIL(hub_user_find(chat->hub, &person) == NULL);
	while (
	    recv(*pairs_end(pairs, 1, 0), out, sizeof(out), MSG_DONTWAIT) > 0)
		;
	if (++inputs % AGAIN == 0)
		end();
	return 0;
}
