/* bench/store_bench.c - how many events a second become durable, and how many
 * log-ins a second are read: store_bench [folder] [seconds]. */

#include <sys/resource.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "net/loop.h"
#include "store/append.h"
#include "store/rooms.h"
#include "store/users.h"

#define USERS    2000
#define ROOMS    200
#define PER_ROOM 100 /* so each user is in ten rooms */

/* One sender with one append under way. */
struct sender {
	struct append a;
	struct event ev;
	uint64_t sent_us;
};

struct bench {
	struct loop *loop;
	struct store *st;
	struct id user[USERS];
	struct id room[ROOMS];
	uint64_t stop_us;
	size_t under_way;
	uint64_t done;
	uint64_t slowest_us;
	uint64_t sum_us;
	unsigned rooms; /* used by the senders */
};

static struct bench bench;

static void
die(const char *what, const struct err *err)
{
	fprintf(stderr, "%s: %s\n", what, err->text);
	exit(1);
}

static void
fill(struct db *db, void *arg)
{
	struct err err = { 0 };

	for (unsigned i = 0; i < USERS; i++) {
		struct user u = { .id = id_new() };
		struct session s = { .id = id_new(), .user = u.id };
		uint8_t hash[TOKEN_HASH] = { (uint8_t)i, (uint8_t)(i >> 8) };

		snprintf(u.name, sizeof(u.name), "user%u", i);
		s.expires = clock_wall_ms() + 86400000;
		if (db_user_create(db, &u, "x", false, &err) == -1 ||
		    db_session_create(db, &s, hash, &err) == -1)
			die("user", &err);
		bench.user[i] = u.id;
	}
	for (unsigned i = 0; i < ROOMS; i++) {
		struct id users[PER_ROOM];
		struct room_new n = { .room = { .kind = ROOM_PUBLIC },
			.cid = cid_new(),
			.users = users,
			.nusers = PER_ROOM };
		struct event_list more;

		n.room.id = bench.room[i] = id_new();
		strcpy(n.room.label, "room");
		for (unsigned j = 0; j < PER_ROOM; j++)
			users[j] = bench.user[(i * 10 + j) % USERS];
		n.creator = users[0];
		if (db_room_create(db, &n, &bench.room[i], &more, &err) == -1)
			die("room", &err);
		event_list_free(&more);
	}
}

static void
stop(void *arg)
{
	loop_stop(bench.loop);
}

static void sent(struct append *a);

static void
send_one(struct sender *s)
{
	s->ev.cid = cid_new();
	s->ev.seq = 0;
	s->sent_us = clock_mono_us();
	bench.under_way++;
	store_append(bench.st, &s->a);
}

static void
sent(struct append *a)
{
	struct sender *s = a->arg;
	uint64_t now = clock_mono_us(), took = now - s->sent_us;

	if (a->err.code != ERR_NONE)
		die("append", &a->err);
	append_clear(a);
	bench.under_way--;
	bench.done++;
	bench.sum_us += took;
	if (took > bench.slowest_us)
		bench.slowest_us = took;
	if (now < bench.stop_us)
		send_one(s);
	else if (bench.under_way == 0)
		loop_stop(bench.loop);
}

static double
cpu(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static void
appends(unsigned n, unsigned rooms, unsigned seconds)
{
	struct sender *s = mem_calloc(n, sizeof(*s));
	uint64_t start = clock_mono_us();
	double used = cpu(), took;

	bench.stop_us = start + (uint64_t)seconds * 1000000;
	bench.done = bench.slowest_us = bench.sum_us = 0;
	for (unsigned i = 0; i < n; i++) {
		unsigned room = i % rooms, member = i / rooms % PER_ROOM;

		s[i].ev.kind = EV_MESSAGE;
		s[i].ev.room = bench.room[room];
		s[i].ev.from = bench.user[(room * 10 + member) % USERS];
		event_set_body(&s[i].ev,
		    "Something of the length that people write in a chat, "
		    "about a hundred bytes, give or take a few of them.",
		    103);
		s[i].a = (struct append){
			.ev = &s[i].ev, .n = 1, .done = sent, .arg = &s[i]
		};
		send_one(&s[i]);
	}
	loop_run(bench.loop);
	took = (double)(clock_mono_us() - start) / 1e6;
	printf("%5u senders, %3u rooms: %8.0f messages/s, mean %6.2f ms, "
	       "slowest %6.1f ms, %.2f cores\n",
	    n, rooms, (double)bench.done / took,
	    (double)bench.sum_us / 1e3 / (double)bench.done,
	    (double)bench.slowest_us / 1e3, (cpu() - used) / took);
	for (unsigned i = 0; i < n; i++)
		event_free_body(&s[i].ev);
	free(s);
}

static void
log_in(struct db *db, void *arg)
{
	unsigned n = *(unsigned *)arg;
	struct err err = { 0 };
	size_t rooms = 0;
	uint64_t start = clock_mono_us();
	double took;

	for (unsigned i = 0; i < n; i++) {
		unsigned who = i * 7919 % USERS;
		uint8_t hash[TOKEN_HASH] = { (uint8_t)who,
			(uint8_t)(who >> 8) };
		struct session s;
		struct user u;
		struct head_list heads;
		struct room_views views;

		if (db_session_get(db, hash, clock_wall_ms(), &s, &u, &err) !=
			1 ||
		    db_heads_of(db, &u.id, &heads, &err) == -1 ||
		    db_rooms_of(db, &u.id, NULL, 200, &views, &err) == -1)
			die("log-in", &err);
		rooms += views.n;
		head_list_free(&heads);
		room_views_free(&views);
	}
	took = (double)(clock_mono_us() - start) / 1e6;
	printf("log-ins (session, heads, rooms; %zu rooms each): %.0f/s\n",
	    rooms / n, n / took);
}

int
main(int argc, char **argv)
{
	unsigned seconds = argc > 2 ? (unsigned)atoi(argv[2]) : 3;
	unsigned logins = 20000;
	struct store_conf conf = { .driver = "sqlite" };
	struct err err = { 0 };
	struct buf path = { 0 };

	buf_addf(&path, "%s/store_bench.db", argc > 1 ? argv[1] : ".");
	conf.path = buf_cstr(&path);
	if (store_prepare(&conf, &err) == -1)
		die("prepare", &err);
	bench.loop = loop_new();
	bench.st = store_open(&conf, bench.loop, &err);
	if (bench.st == NULL)
		die("open", &err);
	store_write(bench.st, fill, stop, NULL);
	loop_run(bench.loop);
	appends(1, 1, seconds);
	appends(50, 1, seconds);
	appends(50, 50, seconds);
	appends(1000, 10, seconds);
	appends(2000, 200, seconds);
	store_read(bench.st, log_in, stop, &logins);
	loop_run(bench.loop);
	store_close(&bench.st);
	loop_free(&bench.loop);
	buf_free(&path);
	return 0;
}
