/* t/unit/chat_hub.c - a device hears its room's events in order, each once,
 * whatever the bus does to them; and so does one that catches up meanwhile. */
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "bus/driver.h"
#include "chat/hub_event.h"
#include "chat/hub_private.h"
#include "chat/sync.h"
#include "store/append.h"
#include "store/users.h"
#include "t/lib/device.h"
#include "t/lib/tap.h"
#include "t/lib/turn.h"

#define EVENTS 10000
#define BATCH  50

static struct chat *chat;
static struct store *store;
static struct wspool *pool;
static struct id people[2], room; /* who writes, who listens */
static struct event events[EVENTS];
static char folder[] = "/tmp/chat_hub.XXXXXX", path[64];

/* --- a bus that carries nothing: the test hands in what came --- */

static void
nothing_published(struct bus *b, const struct bus_msg *m)
{
}

static const struct bus_driver silent = { .publish = nothing_published };
static const struct bus_ops deaf = { 0 };
static struct bus bus = { .driver = &silent, .ops = &deaf };

/* --- a store with a room of two and EVENTS messages --- */

static void
make_people(struct db *db, void *arg)
{
	struct room_new n = { .cid = cid_new(), .nusers = 1 };
	struct event_list more = { 0 };
	struct err err = { 0 };

	for (int i = 0; i < 2; i++) {
		struct user u = { .id = id_new() };

		people[i] = u.id;
		snprintf(u.name, sizeof(u.name), "person%d", i);
		if (db_user_create(db, &u, "*", false, &err) == -1)
			bail_out(err.text);
	}
	n.room.id = room = id_new();
	n.room.kind = ROOM_PRIVATE;
	snprintf(n.room.label, sizeof(n.room.label), "room");
	n.creator = people[0];
	n.users = &people[1];
	if (db_room_create(db, &n, &n.room.id, &more, &err) != 1)
		bail_out(err.text);
	event_list_free(&more);
}

static void
appended(struct append *a)
{
	if (a->err.code)
		bail_out(a->err.text);
	*(int *)a->arg += 1;
}

static void
make_messages(void)
{
	static struct append appends[EVENTS / BATCH];
	char text[32];
	int done = 0;

	for (int i = 0; i < EVENTS; i++) {
		events[i] = (struct event){ .room = room,
			.kind = EV_MESSAGE,
			.from = people[0],
			.cid = cid_new() };
		snprintf(text, sizeof(text), "message %d", i);
		event_set_body(&events[i], text, strlen(text));
	}
	for (int i = 0; i < EVENTS / BATCH; i++) {
		appends[i] = (struct append){ .ev = &events[i * BATCH],
			.n = BATCH,
			.done = appended,
			.arg = &done };
		store_append(store, &appends[i]);
	}
	UNTIL(done == EVENTS / BATCH);
}

static void
in_store(store_work_cb *work)
{
	bool done = false;

	store_write(store, work, turn_true, &done);
	UNTIL(done);
}

/* --- a device on a socket, and what it heard --- */

struct ear {
	struct device *dev;
	int fd;
	struct buf in;
	uint64_t last;  /* seq heard last */
	uint64_t heard; /* events */
	bool orderly;   /* each was the one after the last */
	bool synced;
};

static void
on_drain(struct wsconn *w)
{
	sync_drained((struct device *)w);
}

static const struct wsconn_ops ops = {
	.on_message = device_says_nothing,
	.on_drain = on_drain,
	.on_closed = device_closed,
};

static void
heard_text(struct ear *ear, const char *text)
{
	const char *at = strstr(text, "\"seq\":");
	uint64_t seq;

	ear->synced |= strstr(text, "\"synced\"") != NULL;
	if (at == NULL || strstr(text, "\"ev\":\"message\"") == NULL)
		return;
	seq = strtoull(at + 6, NULL, 10);
	ear->orderly &= seq == ear->last + 1;
	ear->last = seq;
	ear->heard++;
}

/* Whole frames out of what came; ours are shorter than 64 KiB. */
static void
hear_frames(struct ear *ear)
{
	char text[1024];
	size_t head, len;

	while (ear->in.len >= 4) {
		head = ear->in.data[1] == 126 ? 4 : 2;
		len = head == 4 ? get_be16(ear->in.data + 2) : ear->in.data[1];
		if (ear->in.len < head + len)
			break;
		snprintf(text, sizeof(text), "%.*s", (int)len,
		    (const char *)ear->in.data + head);
		heard_text(ear, text);
		buf_drain(&ear->in, head + len);
	}
}

static void
listen_to(struct ear *ear)
{
	ssize_t n;

	while ((n = read(ear->fd, buf_reserve(&ear->in, 65536), 65536)) > 0) {
		ear->in.len += (size_t)n;
		hear_frames(ear);
	}
}

/* A device of the listener; with a hub that is up to date with the store. */
struct known {
	struct head self;
	struct head_list rooms;
};

static struct known known;

static void
read_heads(struct db *db, void *arg)
{
	struct err err = { 0 };

	known.self.room = people[1];
	head_list_free(&known.rooms);
	if (db_heads(db, &known.self, 1, &err) == -1 ||
	    db_heads_of(db, &people[1], &known.rooms, &err) == -1)
		bail_out(err.text);
}

static void
ear_open(struct ear *ear)
{
	struct hub_user *u;

	*ear = (struct ear){ .orderly = true };
	ear->dev = device_open(chat, pool, &ear->fd);
	ear->dev->id = people[1];
	in_store(read_heads);
	u = hub_user_open(chat->hub, &people[1]);
	if (!hub_know_user(
		chat->hub, u, u->ended, known.self.seq, &known.rooms))
		bail_out("overtaken");
	hub_add_device(chat->hub, u, ear->dev);
	ear->dev->flags |= DEVICE_READY;
}

static void
ear_close(struct ear *ear)
{
	device_ref(ear->dev);
	close(ear->fd);
	UNTIL(ear->dev->flags & DEVICE_CLOSED);
	device_unref(ear->dev);
	buf_free(&ear->in);
}

/* --- handing events to the hub as the bus would --- */

static void
arrive(const struct event *ev)
{
	struct buf json = { 0 }, data = { 0 };
	struct bus_msg m = { .type = BUS_EVENT, .topic = room, .n = ev->seq };
	struct hub_event e;

	hub_event_of(&e, ev, &json);
	hub_event_pack(&data, &e);
	m.data = data.data;
	m.len = data.len;
	hub_on_event(chat->hub, &m);
	buf_free(&json);
	buf_free(&data);
}

/* Where the next event comes from: mostly the next one; sometimes from a few
 * hundred further on or back. */
static size_t
stray(size_t i, size_t n)
{
	uint32_t r = clock_jitter(100);

	if (r < 60)
		return i;
	i += clock_jitter(200);
	return i > 100 ? (i - 100) % n : i % n;
}

/* --- tests --- */

static uint64_t first; /* seq of the first message */

static void
test_disorder(void)
{
	struct hub_room *r;
	struct ear ear;

	ear_open(&ear);
	r = hub_room_find(chat->hub, &room);
	first = r->log.seq + 1;
	ear.last = r->log.seq;
	make_messages();
	/* at random: some twice, some late, some never */
	for (size_t i = 0; i < EVENTS; i++) {
		arrive(&events[stray(i, EVENTS)]);
		if (clock_jitter(50) == 0) {
			turn_twice();
			listen_to(&ear);
		}
	}
	hub_resync(chat->hub); /* the last ones may have been lost */
	while (ear.last < events[EVENTS - 1].seq) {
		turn();
		listen_to(&ear);
	}
	ok(ear.orderly, "events out of order, twice, never: heard in order");
	is_int(ear.heard, EVENTS, "each once");
	ok(*chat->c.counters.repaired > 0,
	    "what never came was read from the store");
	ok(r->log.held == NULL, "nothing is held back any more");
	ear_close(&ear);
}

/* A lost last event has no successor that would show the gap. */
static void
test_lost_last(void)
{
	struct ear ear;

	ear_open(&ear);
	ear.last = events[EVENTS - 1].seq;
	turn_twice();
	hub_room_find(chat->hub, &room)->log.seq -= 1;
	hub_room_find(chat->hub, &room)->log.flushed -= 1;
	ear.last -= 1;
	hub_resync(chat->hub);
	while (ear.heard == 0) {
		turn();
		listen_to(&ear);
	}
	ok(ear.orderly && ear.heard == 1, "a lost last event is found");
	ear_close(&ear);
}

/* A device that missed the first `missed` while the hub goes on taking. */
static void
test_catch_up(size_t missed)
{
	struct hub_log *log;
	struct ear ear, other;

	ear_open(&other); /* keeps the room in the hub */
	log = &hub_room_find(chat->hub, &room)->log;
	turn_twice();
	log->seq = log->flushed = first + missed - 1;
	ear_open(&ear);
	ear.last = first - 1;
	sync_add(ear.dev, log, first);
	sync_start(ear.dev);
	for (size_t i = missed; i < EVENTS || !ear.synced;) {
		for (int k = 0; k < 20 && i < EVENTS; k++)
			arrive(&events[i++]);
		loop_again(loop);
		turn();
		listen_to(&ear);
		listen_to(&other);
	}
	while (ear.last < events[EVENTS - 1].seq) {
		turn();
		listen_to(&ear);
	}
	ok(ear.orderly, "%zu missed: then live, in order", missed);
	is_int(ear.heard, EVENTS, "%zu missed: each once", missed);
	is_int(log->syncers, 0, "nobody catches up any more");
	ok(log->tail == NULL, "nothing is kept for them");
	ear_close(&ear);
	ear_close(&other);
}

/* As many who catch up in one room as no 16 bits count. */
static void
test_crowd_catches_up(void)
{
	enum { OTHERS = UINT16_MAX };
	struct hub_log *log;
	struct ear ear;

	ear_open(&ear);
	log = &hub_room_find(chat->hub, &room)->log;
	turn_twice();
	log->seq = log->flushed = first;
	log->syncers = OTHERS;
	sync_add(ear.dev, log, first);
	is_int(log->syncers, OTHERS + 1, "one more than %d catches up", OTHERS);
	arrive(&events[1]);
	ok(log->tail != NULL, "what comes meanwhile is kept for it");
	sync_free(ear.dev);
	is_int(log->syncers, OTHERS, "the others still do when it has gone");
	log->syncers = 0;
	hub_tail_free(log);
	ear_close(&ear);
}

static void
open_all(struct conf *conf)
{
	static struct shlock lock;
	static struct store_conf sc = { .driver = "sqlite" };
	struct wspool_conf wc = { .message_max = 65536, .queue_max = 1 << 26 };
	struct chat_conf cc = device_chat_conf();
	struct err err = { 0 };

	if (mkdtemp(folder) == NULL)
		bail_out("mkdtemp");
	snprintf(path, sizeof(path), "%s/burung.db", folder);
	shlock_init(&lock);
	sc.path = path;
	sc.write_lock = &lock;
	if (store_prepare(&sc, &err) == -1 ||
	    (store = store_open(&sc, loop, &err)) == NULL)
		bail_out(err.text);
	cc.conf = conf;
	cc.loop = loop;
	cc.store = store;
	chat = chat_new(&cc);
	chat_set_bus(chat, &bus);
	pool = wspool_new(loop, &wc, &ops);
}

int
main(void)
{
	struct conf *conf;
	struct err err = { 0 };
	char command[96];

	turn_begin();
	if (conf_load(NULL, &conf, &err) == -1)
		bail_out(err.text);
	open_all(conf);
	in_store(make_people);
	test_disorder();
	test_lost_last();
	test_catch_up(1);
	test_catch_up(150);
	test_catch_up(EVENTS / 2);
	test_crowd_catches_up();
	store_close(&store);
	chat_free(&chat);
	wspool_free(&pool);
	conf_free(&conf);
	head_list_free(&known.rooms);
	for (int i = 0; i < EVENTS; i++)
		event_free_body(&events[i]);
	loop_free(&loop);
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command) != 0 || done_testing();
}
