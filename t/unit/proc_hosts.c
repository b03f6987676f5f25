/* t/unit/proc_hosts.c - who lives and who is dead among those that share a
 * store, by their heartbeats alone. */
#include <string.h>

#include "../lib/tap.h"
#include "base/mem.h"
#include "proc/hosts.h"

static struct hosts *hosts;
static struct node nodes[HOSTS_MAX + 10];

static void
update(size_t n, uint64_t now)
{
	struct node_list l = { .v = nodes, .n = n };

	hosts_update(hosts, &l, now);
}

static const struct host *
host(unsigned i)
{
	for (unsigned k = 0; k < hosts->n; k++)
		if (id_eq(&hosts->v[k].node.id, &nodes[i].id))
			return &hosts->v[k];
	return NULL;
}

static void
test_life(void)
{
	uint64_t now = 1000000;

	nodes[0].at = 5; /* a clock that is far behind is no matter */
	update(1, now);
	ok(!host_is_live(host(0), now) && !host_is_dead(host(0), now),
	    "one seen once is neither alive nor dead");
	now += HOSTS_JUDGE_MS;
	update(1, now);
	ok(!host_is_dead(host(0), now), "nor is it before its time");
	ok(host_is_dead(host(0), now + 1), "then it is dead");
	nodes[0].at = 4;
	update(1, now + 2);
	ok(host_is_live(host(0), now + 2), "any change is life");
	ok(host_is_live(host(0), now + 2 + HOSTS_LIVE_MS), "for a while");
	ok(!host_is_live(host(0), now + 3 + HOSTS_LIVE_MS), "and no longer");
	ok(host_is_dead(host(0), now + 3 + HOSTS_LIVE_MS), "then it is dead");
}

static void
test_restart(void)
{
	uint64_t now = 2000000, first;

	update(1, now);
	hosts->v[0].unheard_ms = now;
	nodes[0].run = id_new();
	update(1, now + 500);
	ok(host_is_live(host(0), now + 500), "a new run is life");
	first = host(0)->first_ms;
	is_int(first, now + 500, "which has the time to be heard again");
	is_int(host(0)->unheard_ms, 0, "and was not missed yet");
	nodes[0].at++;
	update(1, now + 900);
	is_int(host(0)->first_ms, first, "that time begins once");
}

static void
test_many(void)
{
	nodes[1].at = 1;
	update(3, 100);
	is_int(hosts->n, 3, "others come");
	update(1, 200);
	is_int(hosts->n, 1, "and go");
	update(HOSTS_MAX + 10, 300);
	is_int(hosts->n, HOSTS_MAX, "more than can be watched are left out");
	is_int(hosts->more, 10, "and counted");
	update(HOSTS_MAX, 400);
	is_int(hosts->more, 0, "as long as they are there");
}

int
main(void)
{
	MEM_NEW(hosts);
	for (size_t i = 0; i < sizeof(nodes) / sizeof(nodes[0]); i++)
		nodes[i].id = id_new();
	test_life();
	test_restart();
	test_many();
	free(hosts);
	return done_testing();
}
