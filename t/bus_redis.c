/* t/bus_redis.c - the bus over Redis when Redis is killed, stopped, started
 * again, drops connections, wants a password, is many or is not there; and what
 * stands in the configuration. Two hosts of one worker each. */
#include <poll.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "bus/bus.h"
#include "bus/redis/conf.h"
#include "bus/redis/topics.h"
#include "lib/redis_fixture.h"
#include "lib/tap.h"

enum { NOTICED_MS = 5000, DEADLINE_MS = 15000 };

struct host {
	struct loop *loop;
	struct bus *bus;
	struct bus_pairs *pairs;
	struct id id;
	unsigned got, resyncs, ready;
	uint64_t last;
};

static struct host a, b, c;
static struct redis_fixture redis;

static void
heard(void *arg, const struct bus_from *from, const struct bus_msg *m)
{
	struct host *h = arg;

	h->got++;
	h->last = m->n;
}

static void
lost(void *arg, const struct bus_from *from)
{
	((struct host *)arg)->resyncs++;
}

static void
ready(void *arg, const struct id *topic)
{
	((struct host *)arg)->ready++;
}

static const struct bus_ops ops = {
	.on_msg = heard, .on_resync = lost, .on_ready = ready
};

static void
open_host(struct host *h, uint8_t name, const char *url)
{
	struct err err = { 0 };
	struct bus_conf conf = { .url = url, .generation = 1 };

	*h = (struct host){ .loop = loop_new() };
	h->id.b[0] = conf.host.b[0] = name;
	h->pairs = conf.pairs = bus_pairs_new(1, &err);
	if (h->pairs != NULL)
		h->bus = bus_open(h->loop, &conf, &ops, h, &err);
	if (h->bus == NULL)
		bail_out(err.text);
}

static void
close_host(struct host *h)
{
	bus_close(&h->bus);
	bus_pairs_free(&h->pairs);
	loop_free(&h->loop);
}

static void
stop(void *arg)
{
	loop_stop(arg);
}

/* All go on for a moment, without burning the processor. */
static void
turn(void)
{
	struct host *all[] = { &a, &b, &c };

	for (int i = 0; i < 3; i++) {
		if (all[i]->bus == NULL)
			continue;
		loop_defer(all[i]->loop, stop, all[i]->loop);
		loop_run(all[i]->loop);
	}
	poll(NULL, 0, 1);
}

/* Turns until cond or so many ms; its value. */
#define UNTIL(cond, ms)                                                        \
	({                                                                     \
		uint64_t until_ = clock_mono_ms() + (ms);                      \
		while (!(cond) && clock_mono_ms() < until_)                    \
			turn();                                                \
		(cond);                                                        \
	})

static bool
is_up(const struct host *h)
{
	struct bus_state s;

	bus_state(h->bus, &s);
	return s.up == s.servers;
}

static bool
both_up(void)
{
	return is_up(&a) && is_up(&b);
}

static void say(struct host *h, const struct id *topic, uint64_t n);

/* Each has heard what the other said when it came. */
static void
open_both(const char *url)
{
	open_host(&a, 1, url);
	open_host(&b, 2, url);
	if (!UNTIL(both_up(), DEADLINE_MS))
		bail_out("the two do not come up");
	say(&a, NULL, 1);
	say(&b, NULL, 1);
	UNTIL(a.got > 0 && b.got > 0, 2000);
	a.resyncs = b.resyncs = 0;
}

static void
close_both(void)
{
	close_host(&a);
	close_host(&b);
}

static void
say(struct host *h, const struct id *topic, uint64_t n)
{
	struct bus_msg m = { .type = BUS_EVENT, .n = n };

	if (topic != NULL)
		m.topic = *topic;
	bus_publish(h->bus, &m);
}

/* A message gets through. */
static void
check_works(const char *when)
{
	static uint64_t n = 1000;

	n++;
	say(&a, NULL, n);
	ok(UNTIL(b.last == n, 2000), "%s messages come through", when);
}

/* Both notice, and recover when `again` has been called. */
static void
check_fault(const char *what, void (*fault)(struct redis_fixture *f),
    void (*again)(struct redis_fixture *f))
{
	struct id topic = { { 9, 9 } };
	uint64_t start;

	bus_subscribe(b.bus, &topic);
	UNTIL(b.ready > 0, 2000);
	a.resyncs = b.resyncs = 0;
	start = clock_mono_ms();
	fault(&redis);
	if (again != NULL) {
		ok(UNTIL(!is_up(&a) && !is_up(&b), NOTICED_MS), "%s: noticed",
		    what);
		diag("noticed after %d ms", (int)(clock_mono_ms() - start));
		say(&a, &topic, 7);
		again(&redis);
		start = clock_mono_ms();
	}
	ok(UNTIL(a.resyncs > 0 && b.resyncs > 0 && both_up(), NOTICED_MS),
	    "%s: over within seconds, and the store is to be asked", what);
	diag("back after %d ms", (int)(clock_mono_ms() - start));
	check_works(what);
	b.last = 0;
	say(&a, &topic, 8);
	ok(UNTIL(b.last == 8, 2000), "%s: topics are heard again", what);
	bus_unsubscribe(b.bus, &topic);
	b.ready = 0;
}

static void
freeze(struct redis_fixture *f)
{
	kill(f->pid, SIGSTOP);
}

static void
thaw(struct redis_fixture *f)
{
	kill(f->pid, SIGCONT);
}

static void
drop_all(struct redis_fixture *f)
{
	char out[64];

	redis_say(f, "CLIENT KILL TYPE normal", out, sizeof(out));
	redis_say(f, "CLIENT KILL TYPE pubsub", out, sizeof(out));
}

static void
drop_subscribers(struct redis_fixture *f)
{
	char out[64];

	redis_say(f, "CLIENT KILL TYPE pubsub", out, sizeof(out));
}

static void
drop_publishers(struct redis_fixture *f)
{
	char out[64];

	redis_say(f, "CLIENT KILL TYPE normal", out, sizeof(out));
}

static void
test_faults(void)
{
	open_both(redis.url);
	check_works("at first");
	check_fault("killed and started", redis_kill, redis_again);
	check_fault("stopped and continued", freeze, thaw);
	check_fault("all connections dropped", drop_all, NULL);
	check_fault("subscribers dropped", drop_subscribers, NULL);
	check_fault("publishers dropped", drop_publishers, NULL);
	close_both();
}

/* What is published meanwhile takes no memory and no time. */
static void
test_away(void)
{
	uint8_t data[1000] = { 0 };
	struct bus_msg m = { .type = BUS_EVENT,
		.topic = { { 1 } },
		.data = data,
		.len = sizeof(data) };
	struct bus_stats before, after;
	struct bus_state s;
	uint64_t start;

	open_both(redis.url);
	redis_kill(&redis);
	UNTIL(!is_up(&a), NOTICED_MS);
	bus_state(a.bus, &s);
	ok(strstr(s.why, "Redis 127.0.0.1") != NULL, "it says what is away");
	bus_stats(a.bus, &before);
	start = clock_mono_ms();
	for (int i = 0; i < 100000; i++)
		bus_publish(a.bus, &m);
	ok(clock_mono_ms() - start < 2000, "publishing does not wait");
	turn();
	bus_stats(a.bus, &after);
	is_int(after.dropped - before.dropped, 100000, "all is dropped");
	a.resyncs = b.resyncs = 0;
	ok(UNTIL(a.resyncs > 0, 7000),
	    "while it is away the store is to be asked again and again");
	redis_again(&redis);
	ok(UNTIL(both_up(), NOTICED_MS), "it comes back");
	check_works("then");
	close_both();
}

static void
test_opened_before_redis(void)
{
	redis_kill(&redis);
	open_host(&a, 1, redis.url);
	open_host(&b, 2, redis.url);
	UNTIL(false, 300);
	redis_again(&redis);
	ok(UNTIL(both_up(), NOTICED_MS), "one may be there before Redis is");
	check_works("then");
	close_both();
}

static void
test_hearing(void)
{
	struct id stranger = { { 77 } };

	open_both(redis.url);
	ok(UNTIL(bus_heard_ms(a.bus, &b.id) < 2000 &&
		     bus_heard_ms(b.bus, &a.id) < 2000,
	       5000),
	    "hosts hear each other");
	ok(bus_heard_ms(a.bus, &stranger) == UINT64_MAX, "and nobody else");
	close_host(&b);
	a.resyncs = 0;
	ok(UNTIL(a.resyncs > 0, 7000), "a host that falls silent is noticed");
	ok(bus_heard_ms(a.bus, &b.id) >= 3000, "and since when");
	close_host(&a);
	open_host(&a, 1, "local");
	ok(bus_heard_ms(a.bus, &b.id) == UINT64_MAX,
	    "the local bus hears no hosts");
	close_host(&a);
}

static void
test_several(struct redis_fixture *other)
{
	char url[128], turned[128];
	struct id topic = { { 0 } };
	unsigned here = 0;

	snprintf(url, sizeof(url), "redis://127.0.0.1:%d,127.0.0.1:%d",
	    redis.port, other->port);
	snprintf(turned, sizeof(turned), "redis://127.0.0.1:%d,127.0.0.1:%d",
	    other->port, redis.port);
	open_both(url);
	for (unsigned i = 1; i <= 50; i++) {
		topic.b[11] = (uint8_t)i;
		here += topic_server(&topic, 2) == 0;
		bus_subscribe(b.bus, &topic);
	}
	ok(here > 10 && here < 40, "rooms are spread (%u of 50)", here);
	ok(UNTIL(b.ready == 50, 3000), "and subscribed where they belong");
	b.got = 0;
	for (unsigned i = 1; i <= 50; i++) {
		topic.b[11] = (uint8_t)i;
		say(&a, &topic, i);
	}
	ok(UNTIL(b.got == 50, 3000), "all are heard");
	redis_kill(other);
	ok(UNTIL(!is_up(&a), NOTICED_MS), "one of two is missed");
	check_works("over the other");
	redis_again(other);
	ok(UNTIL(both_up(), NOTICED_MS), "and comes back");
	close_host(&b);
	open_host(&b, 3, turned);
	ok(UNTIL(both_up(), NOTICED_MS), "a host with another order");
	UNTIL(false, 2500);
	ok(bus_heard_ms(a.bus, &b.id) == UINT64_MAX, "is not heard");
	close_both();
}

static void
test_login(void)
{
	static const char *const more[] = { "--requirepass", "pass,word/",
		"--user", "uli", "on", ">p@ss", "allchannels", "+@all", NULL };
	struct redis_fixture f;
	struct bus_state s;
	char url[128];

	redis_start(&f, more);
	snprintf(url, sizeof(url), "redis://:pass%%2Cword%%2F@localhost:%d/3",
	    f.port);
	open_both(url);
	check_works("by name and with a password");
	close_both();
	snprintf(url, sizeof(url), "redis://uli:p%%40ss@127.0.0.1:%d", f.port);
	open_both(url);
	check_works("as a user");
	close_both();
	snprintf(url, sizeof(url), "redis://:wrong@127.0.0.1:%d", f.port);
	open_host(&a, 1, url);
	ok(UNTIL((bus_state(a.bus, &s), strstr(s.why, "WRONGPASS") != NULL),
	       DEADLINE_MS),
	    "a wrong password is told");
	ok(strstr(s.why, ":wrong@") == NULL, "but not shown");
	close_host(&a);
	snprintf(url, sizeof(url), "redis://127.0.0.1:%d", f.port);
	open_host(&a, 1, url);
	ok(UNTIL((bus_state(a.bus, &s), strstr(s.why, "NOAUTH") != NULL),
	       DEADLINE_MS),
	    "so is a missing one");
	close_host(&a);
	redis_end(&f);
}

static void
test_unix_socket(void)
{
	char path[64], url[96];
	const char *more[] = { "--unixsocket", path, NULL };
	struct redis_fixture f;

	snprintf(path, sizeof(path), "/tmp/bus_redis.%d.sock", (int)getpid());
	redis_start(&f, more);
	snprintf(url, sizeof(url), "redis+unix://%s?db=2", path);
	open_both(url);
	check_works("over a Unix socket");
	close_both();
	redis_end(&f);
	unlink(path);
}

static void
test_installations_apart(void)
{
	char one[80], two[80];

	snprintf(one, sizeof(one), "%s/1", redis.url);
	snprintf(two, sizeof(two), "%s/2", redis.url);
	open_host(&a, 1, one);
	open_host(&b, 2, two);
	open_host(&c, 3, one);
	ok(UNTIL(both_up() && is_up(&c), DEADLINE_MS),
	    "two installations come up on one Redis");
	say(&a, NULL, 5);
	ok(UNTIL(c.last == 5, DEADLINE_MS), "one hears its own");
	close_host(&c);
	open_host(&c, 4, two);
	ok(UNTIL(is_up(&c), DEADLINE_MS), "somebody comes to the other");
	say(&c, NULL, 6);
	ok(UNTIL(b.last == 6, DEADLINE_MS), "which hears its own, too");
	is_int(b.got, 1, "and nothing else: their numbers keep them apart");
	close_host(&c);
	close_both();
}

/* Anybody with access to Redis may write there. */
static void
test_garbage(void)
{
	char out[64];

	open_both(redis.url);
	log_open("/dev/null");
	redis_say(&redis, "PUBLISH burung:0:all nonsense", out, sizeof(out));
	ok(out[0] == ':' && out[1] >= '2', "nonsense is published");
	redis_say(&redis, "PUBLISH burung:0:all \"\"", out, sizeof(out));
	redis_say(
	    &redis, "PUBLISH burung:0:all \"\\xb2\\x00\"", out, sizeof(out));
	b.got = b.resyncs = 0;
	check_works("in spite of nonsense");
	is_int(b.got, 1, "of which nothing is taken for a message");
	is_int(b.resyncs, 0, "nor for a loss");
	log_open(NULL);
	close_both();
}

static void
test_names(void)
{
	struct bus_state s;

	open_host(&a, 1, "redis://no-such-host.invalid:1");
	ok(UNTIL((bus_state(a.bus, &s),
		     strstr(s.why, "the name is not found") != NULL),
	       20000),
	    "a name that does not exist is told");
	close_host(&a);
	open_host(&a, 1, "redis://no-such-host.invalid:1");
	turn();
	close_host(&a);
	pass("one that is being asked for can be given up");
}

static const struct {
	const char *url, *why; /* NULL: it is good */
} urls[] = {
	{ "local", NULL },
	{ "redis://h", NULL },
	{ "redis://h:1,[::1]:2,10.0.0.1", NULL },
	{ "redis://u:p%40@h/15", NULL },
	{ "redis+unix:///a.sock,/b.sock?db=3", NULL },
	{ "redis", "neither local nor begins with redis://" },
	{ "redis://", "is not a host" },
	{ "redis://h,,i", "is not a host" },
	{ "redis://h:", "port" },
	{ "redis://h:0", "port" },
	{ "redis://h:65536", "port" },
	{ "redis://::1", "brackets" },
	{ "redis://secret@h", "no password before the @" },
	{ "redis://:se%zz@h", "percent" },
	{ "redis://h/x", "number" },
	{ "redis://h/65536", "number" },
	{ "redis+unix://a", "begins with /" },
	{ "rediss://h", "TLS" },
};

static void
test_urls(void)
{
	char text[128];

	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
		struct err err = { 0 };
		int rc = bus_check(urls[i].url, &err);

		if (urls[i].why == NULL)
			is_int(rc, 0, "%s is good", urls[i].url);
		else
			ok(rc == -1 && err.code == ERR_CONF &&
				strstr(err.text, urls[i].why) != NULL &&
				strstr(err.text, "secret") == NULL,
			    "%s is refused: %s", urls[i].url, err.text);
	}
	bus_describe("redis://u:pw@h:7,i/3", text, sizeof(text));
	is_str(text, "redis h:7,i/3", "passwords are not described");
}

/* The n-th server added takes over 1/n, and nothing else moves. */
static void
test_spread(void)
{
	struct id id = { { 0 } };
	unsigned moved = 0, wrong = 0, before, after;

	for (unsigned i = 0; i < 10000; i++) {
		id.b[10] = (uint8_t)(i >> 8);
		id.b[11] = (uint8_t)i;
		before = topic_server(&id, 4);
		after = topic_server(&id, 5);
		moved += before != after;
		wrong += before != after && after != 4;
	}
	ok(moved > 1700 && moved < 2300, "a fifth moves (%u of 10000)", moved);
	is_int(wrong, 0, "all of it to the new server");
}

int
main(void)
{
	struct redis_fixture other;

	log_init("bus_redis", LOG_ERROR);
	test_urls();
	test_spread();
	test_names();
	if (!redis_start(&redis, NULL)) {
		skip("no redis-server here", "faults of Redis");
		return done_testing();
	}
	redis_start(&other, NULL);
	test_faults();
	test_away();
	test_opened_before_redis();
	test_hearing();
	test_several(&other);
	test_login();
	test_unix_socket();
	test_installations_apart();
	test_garbage();
	redis_end(&other);
	redis_end(&redis);
	return done_testing();
}
