/* t/unit/chat_limit.c - how often something may be done, and how many
 * connections one may have, on one host. */

#include <sys/mman.h>
#include <sys/wait.h>

#include <unistd.h>

#include "../lib/tap.h"
#include "chat/limit.h"

#define T  1000000000ull /* some time, us */
#define MS 1000ull

static struct limits *limits;

static const struct conf_rate three = { 10, 1, 3 }; /* one every 100 ms */

static struct limit_key
key_of(const char *name)
{
	return (struct limit_key){ RATE_SENDS_USER, name, strlen(name) };
}

static uint32_t
take(const char *name, uint32_t n, uint64_t now)
{
	struct limit_key key = key_of(name);

	return limit_take(limits, &three, &key, n, now);
}

static void
give(const char *name, uint32_t n)
{
	struct limit_key key = key_of(name);

	limit_give(limits, &three, &key, n);
}

static void
test_bucket(void)
{
	uint32_t wait;

	is_int(take("a", 1, T), 0, "the first is free");
	is_int(take("a", 1, T), 0, "the second too");
	is_int(take("a", 1, T), 0, "and the third");
	wait = take("a", 1, T);
	is_int(wait, 100, "the fourth waits for its turn");
	is_int(take("a", 1, T), wait, "asking in vain costs nothing");
	is_int(take("b", 1, T), 0, "another key is not concerned");
	is_int(take("a", 1, T + wait * MS), 0, "after the wait there is one");
	is_int(take("a", 1, T + wait * MS), 100, "but one only");
	give("a", 1);
	is_int(take("a", 1, T + wait * MS), 0, "what is put back is there");
	for (int i = 0; i < 3; i++)
		is_int(take("a", 1, T + 5000 * MS), 0,
		    "after a long time all are there again (%d)", i);
	ok(take("a", 1, T + 5000 * MS) > 0, "and not one more");
	give("c", 1);
	is_int(take("c", 1, T), 0, "giving too much is harmless");
}

static void
test_many_at_once(void)
{
	is_int(take("many", 2, T), 0, "two of three");
	is_int(take("many", 2, T), 100, "two more wait for one");
	is_int(take("many", 1, T), 0, "the third is there");
	is_int(take("large", 50, T), 0, "more than the burst is the burst");
	is_int(take("large", 1, T), 100, "which is all");
	is_int(take("large", 50, T), 300, "and comes back in its time");
}

static void
test_none(void)
{
	static const struct conf_rate none;
	struct limit_key key = key_of("free");
	uint32_t waits = 0;

	for (int i = 0; i < 1000; i++)
		waits += limit_take(limits, &none, &key, 50, T) +
			 limit_take(NULL, &three, &key, 50, T);
	is_int(waits, 0, "without a rate, or limits, nobody ever waits");
}

/* 2,000 keys at once are told apart: a flood of one is not another's. */
static void
test_apart(void)
{
	uint32_t refused = 0;
	char name[16];

	for (int i = 0; i < 2000; i++) {
		snprintf(name, sizeof(name), "user%d", i);
		refused += take(name, 2, 2 * T) > 0;
	}
	diag("%u of 2000 shared a bucket", refused);
	ok(refused < 3, "hardly anybody shares with another");
}

/* Four processes at once get no more than one would. */
static void
test_host(void)
{
	static const struct conf_rate rate = { 1, 86400, 1000 };
	struct limit_key key = { RATE_TYPING, "shared", 6 };
	uint32_t sum = 0;
	int status;

	for (int i = 0; i < 4; i++) {
		unsigned char got = 0;

		if (fork() != 0)
			continue;
		for (int n = 0; n < 1000; n++)
			got += limit_take(limits, &rate, &key, 5, T) == 0;
		_exit(got);
	}
	for (int i = 0; i < 4; i++) {
		wait(&status);
		sum += (uint32_t)WEXITSTATUS(status);
	}
	is_int(sum, 200, "all workers share one bucket");
}

static void
test_net(void)
{
	uint8_t a[16], b[16];

	limit_net("2001:db8:1:2:3:4:5:6", a);
	limit_net("2001:db8:1:2:ffff::1", b);
	is_mem(a, b, 16, "an IPv6 network is one");
	limit_net("2001:db8:1:3::1", b);
	ok(memcmp(a, b, 16) != 0, "another is another");
	limit_net("192.0.2.1", a);
	limit_net("192.0.2.2", b);
	ok(memcmp(a, b, 16) != 0, "an IPv4 address is one");
	limit_net(NULL, a);
	limit_net("unix", b);
	is_mem(a, b, 16, "what is no address is the same");
}

static void
test_connections(void)
{
	struct limit_key ani = key_of("ani"), budi = key_of("budi");
	uint32_t t[4];

	limit_conns_reset(limits, 0);
	limit_conns_reset(limits, 1);
	t[0] = limit_enter(limits, 0, LIMIT_USER, &ani, 3);
	t[1] = limit_enter(limits, 1, LIMIT_USER, &ani, 3);
	t[2] = limit_enter(limits, 1, LIMIT_USER, &ani, 3);
	ok(t[0] && t[1] && t[2], "three connections on two workers");
	is_int(limit_enter(limits, 0, LIMIT_USER, &ani, 3), 0, "no fourth");
	ok(limit_enter(limits, 0, LIMIT_USER, &budi, 3), "another user's");
	ok(limit_enter(limits, 0, LIMIT_ADDRESS, &ani, 3), "an address's");
	limit_leave(limits, 1, LIMIT_USER, t[1]);
	t[1] = limit_enter(limits, 0, LIMIT_USER, &ani, 3);
	ok(t[1], "one that goes makes room");
	limit_conns_reset(limits, 1);
	ok(limit_enter(limits, 1, LIMIT_USER, &ani, 3),
	    "so does a worker that died");
	is_int(limit_enter(limits, 0, LIMIT_USER, &ani, 0), LIMIT_FREE,
	    "0: no limit");
	limit_leave(limits, 0, LIMIT_USER, LIMIT_FREE);
	is_int(limit_enter(limits, 0, LIMIT_USER, &ani, 3), 0,
	    "what was not counted is not taken off");
}

int
main(void)
{
	limits = mmap(NULL, sizeof(*limits), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	limits_init(limits);
	test_bucket();
	test_many_at_once();
	test_none();
	test_apart();
	test_host();
	test_net();
	test_connections();
	munmap(limits, sizeof(*limits));
	return done_testing();
}
