/* t/bus_contract.c - what every driver of the bus must do. The cases know only
 * struct rig_driver; a driver is added by a line in `drivers`.
 *
 * Each case runs on a fresh rig: three workers, of one host or of three, each
 * with its own loop, turned by hand in this process; or in children, where one
 * is stopped or killed. */
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <malloc.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "bus/bus.h"
#include "bus/pairs.h"
#include "bus/wire.h"
#include "lib/redis_fixture.h"
#include "lib/tap.h"

enum { PLACES = 3, DEADLINE_MS = 20000, FLOOD = 20000 };

struct rig_driver {
	const char *name;
	bool redis;
	bool hosts; /* each worker on a host of its own */
};

/* What one worker has heard. */
struct ear {
	struct loop *loop;
	struct bus *bus;
	uint64_t last_n[PLACES];
	uint32_t generation[PLACES];
	struct id topic, ready;
	unsigned got, disorder, resyncs;
	unsigned from; /* of the last message or resync */
	size_t bytes;
	uint8_t *last;
	size_t last_len;
};

struct rig {
	const struct rig_driver *driver;
	struct bus_pairs *pairs[PLACES]; /* one host: the first only */
	struct ear ear[PLACES];
};

static struct redis_fixture redis;

/* In which place somebody is: a host's id is its place. */
static unsigned
place_of(const struct bus_from *from)
{
	return from == NULL           ? PLACES
	       : from->host.b[0] != 0 ? from->host.b[0] - 1u
				      : from->worker;
}

static void
heard(void *arg, const struct bus_from *who, const struct bus_msg *m)
{
	unsigned from = place_of(who);
	struct ear *e = arg;

	if (from < PLACES && m->n != 0) {
		e->disorder += m->n <= e->last_n[from];
		e->last_n[from] = m->n;
		e->generation[from] = who->generation;
	}
	e->got++;
	e->bytes += m->len;
	e->from = from;
	e->topic = m->topic;
	free(e->last);
	e->last = mem_dup(m->len > 0 ? m->data : (const uint8_t *)"", m->len);
	e->last_len = m->len;
}

static void
lost(void *arg, const struct bus_from *from)
{
	struct ear *e = arg;

	e->resyncs++;
	e->from = place_of(from);
}

static void
subscribed(void *arg, const struct id *topic)
{
	((struct ear *)arg)->ready = *topic;
}

static const struct bus_ops ears = {
	.on_msg = heard, .on_resync = lost, .on_ready = subscribed
};

static void
stop(void *arg)
{
	loop_stop(arg);
}

/* One turn, without sleeping. */
static void
turn(struct ear *e)
{
	loop_defer(e->loop, stop, e->loop);
	loop_run(e->loop);
}

static void
turns(struct rig *r, int n)
{
	while (n-- > 0) {
		for (int i = 0; i < PLACES; i++) {
			if (r->ear[i].bus != NULL)
				turn(&r->ear[i]);
		}
	}
}

/* Turns until *what has reached want; whether it did. */
static bool
wait_count(struct rig *r, const unsigned *what, unsigned want)
{
	uint64_t until = clock_mono_ms() + DEADLINE_MS;

	while (*what < want && clock_mono_ms() < until)
		turns(r, 1);
	return *what >= want;
}

static struct bus_pairs *
pairs_of(const struct rig *r, unsigned place)
{
	return r->pairs[r->driver->hosts ? place : 0];
}

static struct bus_conf
conf_of(const struct rig *r, unsigned place, uint32_t generation)
{
	struct bus_conf conf = { .url = r->driver->redis ? redis.url : "local",
		.worker = r->driver->hosts ? 0 : place,
		.generation = generation,
		.pairs = pairs_of(r, place) };

	if (r->driver->hosts)
		conf.host.b[0] = (uint8_t)(place + 1);
	return conf;
}

/* The same, of one who is turned alone. */
static bool
wait_count_of(struct ear *e, const unsigned *what, unsigned want)
{
	uint64_t until = clock_mono_ms() + DEADLINE_MS;

	while (*what < want && clock_mono_ms() < until)
		turn(e);
	return *what >= want;
}

static void
open_place(struct rig *r, unsigned place, uint32_t generation)
{
	struct bus_conf conf = conf_of(r, place, generation);
	struct ear *e = &r->ear[place];
	struct err err;

	*e = (struct ear){ .loop = loop_new() };
	e->bus = bus_open(e->loop, &conf, &ears, e, &err);
	if (e->bus == NULL)
		bail_out(err.text);
}

static void
close_place(struct rig *r, unsigned place)
{
	struct ear *e = &r->ear[place];

	bus_close(&e->bus);
	loop_free(&e->loop);
	free(e->last);
	e->last = NULL;
}

static void
forget(struct rig *r)
{
	for (int i = 0; i < PLACES; i++) {
		struct ear *e = &r->ear[i];

		e->got = e->disorder = e->resyncs = 0;
		e->bytes = 0;
	}
}

static void
say(struct bus *bus, uint64_t n, const void *data, size_t len)
{
	struct bus_msg m = {
		.type = BUS_CONTROL, .n = n, .data = data, .len = len
	};

	bus_publish(bus, &m);
}

static bool
is_up(const struct bus *bus)
{
	struct bus_state s;

	bus_state(bus, &s);
	return s.up == s.servers;
}

static void
wait_up(struct rig *r, unsigned place)
{
	uint64_t until = clock_mono_ms() + DEADLINE_MS;

	while (!is_up(r->ear[place].bus) && clock_mono_ms() < until)
		turns(r, 1);
}

/* All hear each other, and have heard what others said when they came. */
static void
meet(struct rig *r)
{
	for (unsigned i = 0; i < PLACES; i++)
		wait_up(r, i);
	forget(r);
	for (unsigned i = 0; i < PLACES; i++)
		say(r->ear[i].bus, 0, NULL, 0);
	for (unsigned i = 0; i < PLACES; i++)
		wait_count(r, &r->ear[i].got, PLACES - 1);
	forget(r);
}

static struct bus_pairs *
new_pairs(unsigned places)
{
	struct err err;
	struct bus_pairs *p = bus_pairs_new(places, &err);

	if (p == NULL)
		bail_out(err.text);
	return p;
}

/* Three workers who have met. */
static void
rig_open(struct rig *r, const struct rig_driver *driver)
{
	*r = (struct rig){ .driver = driver };
	for (unsigned i = 0; i < (driver->hosts ? PLACES : 1); i++)
		r->pairs[i] = new_pairs(driver->hosts ? 1 : PLACES);
	for (unsigned i = 0; i < PLACES; i++)
		open_place(r, i, 1);
	meet(r);
}

static void
rig_close(struct rig *r)
{
	for (unsigned i = 0; i < PLACES; i++) {
		if (r->ear[i].bus != NULL)
			close_place(r, i);
	}
	for (unsigned i = 0; i < PLACES; i++)
		bus_pairs_free(&r->pairs[i]);
}

static bool
subscribe(struct rig *r, struct ear *e, const struct id *topic)
{
	uint64_t until = clock_mono_ms() + DEADLINE_MS;

	bus_subscribe(e->bus, topic);
	while (!id_eq(&e->ready, topic) && clock_mono_ms() < until)
		turns(r, 1);
	return id_eq(&e->ready, topic);
}

static void
case_delivery(struct rig *r)
{
	struct ear *a = &r->ear[0], *b = &r->ear[1], *c = &r->ear[2];
	struct id topic = { { 1, 2, 3 } };
	struct bus_msg m = { .type = BUS_EVENT,
		.topic = topic,
		.n = 7,
		.data = (const uint8_t *)"halo",
		.len = 4 };
	ok(subscribe(r, b, &topic), "a subscription becomes ready");
	subscribe(r, c, &topic);
	bus_publish(a->bus, &m);
	is_int(b->got, 0, "nothing leaves before the end of the turn");
	wait_count(r, &b->got, 1);
	wait_count(r, &c->got, 1);
	is_int(b->got + c->got, 2, "a message reaches every other worker");
	is_int(b->last_n[0], 7, "with its number");
	is_int(b->from, 0, "and its sender");
	is_int(b->generation[0], 1, "and the sender's generation");
	ok(id_eq(&b->topic, &topic), "and its topic");
	is_mem(b->last, "halo", b->last_len == 4 ? 4 : 0, "and its data");
	is_int(b->last_len, 4, "all of it");
	turns(r, 3);
	is_int(a->got, 0, "it does not come back to its sender");
	is_int(b->got, 1, "it comes once");
	bus_unsubscribe(b->bus, &topic);
	bus_unsubscribe(c->bus, &topic);
	say(a->bus, 8, NULL, 0);
	ok(wait_count(r, &b->got, 2), "a zero topic needs no subscription");
	is_int(b->last_len, 0, "a message may be empty");
}

static void
case_order(struct rig *r)
{
	enum { N = 3000 };
	struct ear *b = &r->ear[1];

	for (uint64_t n = 1; n <= N; n++) {
		say(r->ear[0].bus, n, "abcdefgh", 8);
		say(r->ear[2].bus, n, "abcdefgh", 8);
		if (n % 100 == 0)
			turns(r, 1);
	}
	ok(wait_count(r, &b->got, 2 * N), "thousands of messages arrive");
	is_int(b->disorder, 0, "each sender's in order, each once");
	is_int(b->resyncs, 0, "nothing was lost");
}

static void
case_big(struct rig *r)
{
	uint8_t *big = mem_alloc(BUS_DATA_MAX);
	struct ear *b = &r->ear[1];

	for (size_t i = 0; i < BUS_DATA_MAX; i++)
		big[i] = (uint8_t)(i * 31 >> 3);
	say(r->ear[0].bus, 1, "before", 6);
	say(r->ear[0].bus, 2, big, BUS_DATA_MAX);
	ok(wait_count(r, &b->got, 2), "a message of the largest size arrives");
	is_int(b->last_len, BUS_DATA_MAX, "whole");
	is_mem(b->last, big, b->last_len, "and unchanged");
	say(r->ear[0].bus, 3, "after", 5);
	ok(wait_count(r, &b->got, 3), "smaller ones go on behind it");
	is_int(b->disorder, 0, "in order");
	is_int(b->resyncs, 0, "without a loss");
	big = mem_realloc(big, BUS_DATA_MAX + 1);
	say(r->ear[0].bus, 4, big, BUS_DATA_MAX + 1);
	ok(wait_count(r, &b->resyncs, 1),
	    "a larger one is a loss that is told");
	say(r->ear[0].bus, 5, "after", 5);
	ok(wait_count(r, &b->got, 4), "and goes on");
	is_int(b->last_n[0], 5, "with the next");
	free(big);
}

/* With the address sanitizer, which keeps freed memory for a while. */
size_t __sanitizer_get_current_allocated_bytes(void) __attribute__((weak));

/* Allocated and not freed. */
static size_t
memory_now(void)
{
	if (__sanitizer_get_current_allocated_bytes != NULL)
		return __sanitizer_get_current_allocated_bytes();
	return mallinfo2().uordblks;
}

/* A while in which c, and a Redis in between, can follow. */
static void
let_follow(struct ear *a, struct ear *c, uint64_t n)
{
	uint64_t until = clock_mono_ms() + DEADLINE_MS;

	/* Redis sends also what the socketpair brought: some turns for that */
	for (int i = 0; i < 4 || (c->got + 400 < n && clock_mono_ms() < until);
	     i++) {
		turn(a);
		turn(c);
	}
}

/* The second worker does not turn while 20 MB are published. */
static void
case_flood(struct rig *r)
{
	struct ear *a = &r->ear[0], *b = &r->ear[1], *c = &r->ear[2];
	uint8_t data[1000] = { 0 };
	size_t before = memory_now();
	struct bus_stats s;

	for (uint64_t n = 1; n <= FLOOD; n++) {
		say(a->bus, n, data, sizeof(data));
		if (n % 40 == 0)
			let_follow(a, c, n);
	}
	wait_count_of(c, &c->got, FLOOD);
	is_int(
	    c->got, FLOOD, "who listens gets all in spite of one who is deaf");
	is_int(c->resyncs, 0, "and need not resync");
	bus_stats(a->bus, &s);
	if (!r->driver->hosts) /* else it is Redis that drops */
		ok(s.dropped > 0, "a flood on a deaf worker is dropped");
	ok(memory_now() - before < 4 << 20, "the memory it takes is bounded");
	ok(wait_count(r, &b->resyncs, 1), "who missed something is told so");
	is_int(b->disorder, 0, "what did come was in order");
	if (!r->driver->hosts)
		is_int(b->from, 0, "and learns whose messages they were");
	turns(r, 20);
	is_int(b->resyncs, 1, "once");
	wait_up(r, 1);
	forget(r);
	say(a->bus, 100000, data, sizeof(data));
	ok(wait_count(r, &b->got, 1), "afterwards messages come again");
}

static void
case_publish_much_in_one_turn(struct rig *r)
{
	struct ear *b = &r->ear[1];
	uint8_t data[1000] = { 0 };
	size_t before = memory_now();

	for (uint64_t n = 1; n <= 64000; n++)
		say(r->ear[0].bus, n, data, sizeof(data));
	ok(memory_now() - before < 4 << 20,
	    "even in one turn memory is bounded");
	ok(wait_count(r, &b->resyncs, 1), "and the loss is told");
}

static void
case_reopen(struct rig *r)
{
	struct ear *a = &r->ear[0], *b = &r->ear[1];
	struct bus_stats s;

	close_place(r, 1);
	turns(r, 3);
	for (uint64_t n = 1; n <= 2000; n++) {
		say(a->bus, n, "to nobody in place 1", 20);
		if (n % 100 == 0)
			turns(r, 1);
	}
	bus_stats(a->bus, &s);
	is_int(s.dropped, 0, "an empty place gathers nothing");
	forget(r);
	open_place(r, 1, 2);
	ok(wait_count(r, &a->resyncs, 1), "the others hear of a newcomer");
	ok(wait_count(r, &b->resyncs, 1), "and it hears from when on it hears");
	meet(r);
	say(a->bus, 3000, "x", 1);
	say(b->bus, 1, "y", 1);
	ok(wait_count(r, &b->got, 1), "it gets messages");
	ok(wait_count(r, &a->got, 1), "and sends some");
	is_int(a->generation[1], 2, "under its own generation");
}

/* Children: one place in a process of its own, which can be stopped or killed.
 */

struct shared {
	_Atomic unsigned got, disorder, resyncs;
	_Atomic uint64_t last_n;
};

static struct shared *
shared_new(void)
{
	void *p = mmap(NULL, sizeof(struct shared), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		bail_out("mmap");
	return p;
}

static void
child_heard(void *arg, const struct bus_from *from, const struct bus_msg *m)
{
	struct shared *s = arg;

	s->disorder += m->n <= s->last_n;
	s->last_n = m->n;
	s->got++;
}

static void
child_lost(void *arg, const struct bus_from *from)
{
	((struct shared *)arg)->resyncs++;
}

static const struct bus_ops child_ops = { .on_msg = child_heard,
	.on_resync = child_lost };

/* The rig keeps its ends, as a master does. */
static pid_t
child_in_place(
    struct rig *r, unsigned place, uint32_t generation, struct shared *s)
{
	struct bus_conf conf = conf_of(r, place, generation);
	pid_t pid = fork();
	struct loop *loop;
	struct bus *bus;
	struct err err;

	if (pid != 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	bus_pairs_keep(conf.pairs, conf.worker);
	loop = loop_new();
	bus = bus_open(loop, &conf, &child_ops, s, &err);
	if (bus == NULL)
		_exit(1);
	while (!is_up(bus)) {
		loop_defer(loop, stop, loop);
		loop_run(loop);
	}
	say(bus, 1, "here", 4);
	loop_run(loop);
	_exit(0);
}

static bool
wait_shared(struct rig *r, _Atomic unsigned *what, unsigned want)
{
	uint64_t until = clock_mono_ms() + DEADLINE_MS;

	while (*what < want && clock_mono_ms() < until)
		turns(r, 1);
	return *what >= want;
}

static void
end_child(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void
case_stopped(struct rig *r)
{
	struct shared *s = shared_new();
	struct ear *a = &r->ear[0], *c = &r->ear[2];
	uint8_t data[1000] = { 0 };
	uint64_t start;
	pid_t pid;

	close_place(r, 1);
	turns(r, 3);
	forget(r);
	pid = child_in_place(r, 1, 2, s);
	wait_count(r, &a->got, 1);
	wait_shared(r, &s->resyncs, 1);
	kill(pid, SIGSTOP);
	waitpid(pid, NULL, WUNTRACED);
	s->resyncs = 0;
	start = clock_mono_ms();
	forget(r);
	for (uint64_t n = 2; n <= 20001; n++) {
		say(a->bus, n, data, sizeof(data));
		if (n % 40 == 0)
			let_follow(a, c, n);
	}
	ok(wait_count(r, &c->got, 20000), "a stopped worker holds nobody up");
	ok(clock_mono_ms() - start < 15000, "not even for seconds");
	is_int(s->resyncs, 0, "it itself hears nothing meanwhile");
	kill(pid, SIGCONT);
	ok(wait_shared(r, &s->resyncs, 1), "going on, it is told to resync");
	is_int(s->disorder, 0, "and got what it got in order");
	s->got = 0;
	say(a->bus, 100000, data, sizeof(data));
	ok(wait_shared(r, &s->got, 1), "then it gets messages again");
	end_child(pid);
	munmap(s, sizeof(*s));
}

static void
case_killed(struct rig *r)
{
	struct shared *s = shared_new();
	struct ear *a = &r->ear[0], *c = &r->ear[2];
	pid_t pid;

	close_place(r, 1);
	turns(r, 3);
	forget(r);
	pid = child_in_place(r, 1, 2, s);
	wait_count(r, &a->got, 1);
	wait_count(r, &c->got, 1);
	end_child(pid);
	forget(r);
	bus_pairs_resync(pairs_of(r, 1), r->driver->hosts ? 0 : 1);
	ok(wait_count(r, &a->resyncs, 1), "the others are told of a death");
	ok(wait_count(r, &c->resyncs, 1), "all of them");
	if (!r->driver->hosts) /* silence has no sender */
		is_int(a->from, 1, "and whose");
	say(a->bus, 2, "while nobody is there", 21);
	turns(r, 2);
	forget(r);
	s->got = 0;
	pid = child_in_place(r, 1, 3, s);
	ok(wait_count(r, &a->got, 1),
	    "the successor is heard on the same pair");
	is_int(a->generation[1], 3, "with its own generation");
	wait_shared(r, &s->got, 1);
	s->got = 0;
	say(a->bus, 3, "for the successor", 17);
	ok(wait_shared(r, &s->got, 1), "and hears");
	end_child(pid);
}

/* Only for the local driver: what stands on its sockets. */
static void
case_malformed(struct rig *r)
{
	int fd = *pairs_end(r->pairs[0], 0, 1);
	struct ear *b = &r->ear[1];
	struct buf d = { 0 };
	struct bus_msg m = { .type = BUS_CONTROL,
		.n = 1,
		.data = (const uint8_t *)"data",
		.len = 4 };
	unsigned tried = 0;

	log_open("/dev/null");
	wire_header(&d, 0, 1);
	wire_msg(&d, &m);
	for (size_t cut = 0; cut < d.len; cut++) {
		if (cut != WIRE_HEADER)
			tried += send(fd, d.data, cut, 0) != -1;
	}
	for (size_t at = 0; at < 2; at++) {
		d.data[at] ^= 0xf8;
		tried += send(fd, d.data, d.len, 0) != -1;
		d.data[at] ^= 0xf8;
	}
	d.data[WIRE_HEADER] = 99; /* no such type */
	tried += send(fd, d.data, d.len, 0) != -1;
	d.data[WIRE_HEADER] = BUS_CONTROL;
	memset(d.data + WIRE_HEADER + 21, 0xff, 4); /* longer than long */
	tried += send(fd, d.data, d.len, 0) != -1;
	is_int(tried, d.len - 1 + 4, "broken datagrams can be sent");
	buf_free(&d);
	say(r->ear[0].bus, 2, "good", 4);
	ok(wait_count(r, &b->got, 1), "a good one behind them arrives");
	turns(r, 20);
	is_int(b->got, 1, "nothing of the broken ones does");
	is_int(b->last_n[0], 2, "it was the good one");
	is_int(b->resyncs, 0, "and they cause nothing else");
	log_open(NULL);
}

static const struct rig_driver drivers[] = {
	{ "local", false, false },
	{ "redis, one host", true, false },
	{ "redis, three hosts", true, true },
};

static const struct {
	const char *name;
	void (*run)(struct rig *r);
	const char *only; /* NULL: every driver */
} cases[] = {
	{ "delivery", case_delivery, NULL },
	{ "order", case_order, NULL },
	{ "big messages", case_big, NULL },
	{ "flood", case_flood, NULL },
	{ "much in one turn", case_publish_much_in_one_turn, NULL },
	{ "reopened place", case_reopen, NULL },
	{ "stopped worker", case_stopped, NULL },
	{ "killed worker", case_killed, NULL },
	{ "malformed datagrams", case_malformed, "local" },
};

int
main(void)
{
	bool there = redis_start(&redis, NULL);
	struct rig r;

	log_init("bus_contract", LOG_ERROR);
	for (size_t d = 0; d < sizeof(drivers) / sizeof(drivers[0]); d++) {
		if (drivers[d].redis && !there) {
			skip("no redis-server here", "%s", drivers[d].name);
			continue;
		}
		for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
			if (cases[i].only != NULL &&
			    strcmp(cases[i].only, drivers[d].name) != 0)
				continue;
			diag("%s: %s", drivers[d].name, cases[i].name);
			rig_open(&r, &drivers[d]);
			cases[i].run(&r);
			rig_close(&r);
		}
	}
	redis_end(&redis);
	return done_testing();
}
