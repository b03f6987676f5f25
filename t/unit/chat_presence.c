/* t/unit/chat_presence.c - who is online, as the workers of many hosts say. */

#include "../lib/store_fixture.h"
#include "../lib/turn.h"
#include "bus/driver.h"
#include "chat/presence_private.h"

#define HOSTS   100
#define WORKERS 8
#define FUTURE                                                                 \
	9000 /* ms: past the silence after which a worker is forgotten         \
	      */

static struct store *store;
static struct chat *chat;
static struct presence *p;
static unsigned asked;

static void
published(struct bus *b, const struct bus_msg *m)
{
	asked += m->type == BUS_PRESENCE && m->data[0] == PRESENCE_ASK;
}

static const struct bus_driver fake = { .publish = published };
static const struct bus_ops deaf = { 0 };
static struct bus bus = { .driver = &fake, .ops = &deaf };

static struct bus_from
worker(unsigned host, unsigned place, uint32_t generation)
{
	struct bus_from from = { .worker = place, .generation = generation };

	from.host.b[0] = 1;
	from.host.b[1] = (uint8_t)host;
	return from;
}

static struct id
person(unsigned n)
{
	struct id id = { { 7 } };

	id.b[10] = (uint8_t)(n >> 8);
	id.b[11] = (uint8_t)n;
	return id;
}

static void
hear(struct bus_from from, const struct buf *b)
{
	struct bus_msg m = {
		.type = BUS_PRESENCE, .data = b->data, .len = b->len
	};

	presence_on_msg(p, &from, &m);
}

static void
say(struct bus_from from, uint8_t what, struct id user)
{
	struct buf b = { 0 };

	buf_addc(&b, (char)what);
	buf_add(&b, user.b, sizeof(user.b));
	hear(from, &b);
	buf_free(&b);
}

/* The whole list of a worker, of n people from first on. */
static void
list(struct bus_from from, unsigned first, unsigned n)
{
	struct buf b = { 0 };
	struct id id;

	buf_addc(&b, PRESENCE_LIST);
	buf_addc(&b, 3);
	for (unsigned i = first; i < first + n; i++) {
		id = person(i);
		buf_add(&b, id.b, sizeof(id.b));
	}
	hear(from, &b);
	buf_free(&b);
}

static bool
online(unsigned n)
{
	struct id id = person(n);

	return presence_online(p, &id);
}

static unsigned
count_online(unsigned n)
{
	unsigned is = 0;

	for (unsigned i = 0; i < n; i++)
		is += online(i);
	return is;
}

/* As if ms had gone by without a word of anybody. */
static void
silence(uint64_t ms)
{
	uint64_t now = clock_mono_ms() + ms;

	presence_peers_tick(p, now);
	presence_lost_tick(p, now + 10000);
	UNTIL(store_pending(store) == 0);
}

static void
test_many_hosts(void)
{
	enum { ALL = HOSTS * WORKERS };

	for (unsigned i = 0; i < ALL; i++)
		say(worker(i / WORKERS, i % WORKERS, 1), PRESENCE_CAME,
		    person(i));
	is_int(count_online(ALL), ALL,
	    "people of %d workers on %d hosts are online", ALL, HOSTS);
	for (unsigned i = 0; i < ALL; i += 2)
		say(worker(i / WORKERS, i % WORKERS, 1), PRESENCE_WENT,
		    person(i));
	is_int(count_online(ALL), ALL / 2, "half of them go");
	is_int(p->peers.count, ALL, "that many workers are known");
	silence(FUTURE);
	is_int(count_online(ALL), 0, "nobody is left when all are silent");
	is_int(p->peers.count, 0, "and the workers are forgotten");
	is_int(p->elsewhere.count, 0, "and their people");
	is_int(p->absent.count, ALL / 2, "whose absence was told");
	for (unsigned i = 0; i < ALL; i++)
		say(worker(i / WORKERS, i % WORKERS, 1), PRESENCE_CAME,
		    person(i));
	is_int(p->absent.count, 0, "and then their return");
	for (unsigned i = 0; i < ALL; i++)
		say(worker(i / WORKERS, i % WORKERS, 1), PRESENCE_WENT,
		    person(i));
	silence(FUTURE);
	is_int(p->absent.count, 0, "who goes properly is not absent");
}

static void
test_same_place_on_two_hosts(void)
{
	say(worker(1, 0, 5), PRESENCE_CAME, person(1));
	say(worker(2, 0, 1), PRESENCE_CAME, person(1));
	say(worker(2, 0, 1), PRESENCE_CAME, person(2));
	say(worker(3, 0, 1), PRESENCE_CAME, person(1));
	say(worker(1, 0, 5), PRESENCE_WENT, person(1));
	ok(online(1), "who left one host is online on the others");
	say(worker(3, 0, 1), PRESENCE_WENT, person(1));
	ok(online(1), "and on the last");
	say(worker(2, 0, 1), PRESENCE_WENT, person(1));
	ok(!online(1), "until the last is left");
	ok(online(2), "others are as they were");
	say(worker(2, 0, 2), PRESENCE_CAME, person(3));
	ok(!online(2) && online(3), "a successor has its own people");
	say(worker(2, 0, 1), PRESENCE_CAME, person(2));
	ok(!online(2), "what its predecessor left behind is ignored");
	list(worker(2, 0, 2), 0, 0);
	ok(!online(3), "a list is all there is");
}

static void
test_back_after_silence(void)
{
	size_t before;

	silence(FUTURE);
	before = p->absent.count;
	list(worker(4, 1, 1), 100, 10);
	is_int(p->absent.count, before, "a list of people is no news");
	silence(FUTURE);
	is_int(p->absent.count, before + 10, "silence is told as absence");
	list(worker(4, 1, 1), 100, 10);
	ok(online(100), "who is in a list then is online");
	silence(0);
	is_int(p->absent.count, before, "which is told");
	silence(FUTURE);
}

static void
test_beat(void)
{
	struct buf b = { 0 };
	struct id id = person(50);

	list(worker(5, 0, 1), 50, 1);
	asked = 0;
	buf_addc(&b, PRESENCE_BEAT);
	buf_add_be64(&b, 1234);
	buf_add_be32(&b, 1);
	buf_add_be64(&b, id_mix(&id));
	hear(worker(5, 0, 1), &b);
	is_int(asked, 0, "a beat that agrees asks nothing");
	hear(worker(6, 0, 1), &b);
	is_int(asked, 1, "one that does not asks for the list");
	hear(worker(5, 1, 1), &b);
	is_int(asked, 2, "so does one of another worker of that host");
	buf_free(&b);
	silence(FUTURE);
}

static double
cpu_seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* A host's network that fails takes away all at once. */
static void
test_many_go_together(void)
{
	enum { PEOPLE = 60000 };
	struct hub_user u = { 0 };
	double began;

	for (unsigned i = 0; i < PEOPLE; i++) {
		u.log.id = person(i);
		presence_came(p, &u);
		presence_went(p, &u);
	}
	is_int(count_online(PEOPLE), PEOPLE, "who went may be back at once");
	began = cpu_seconds();
	presence_flush(p);
	began = cpu_seconds() - began;
	ok(began < 1, "%d absences at once take %.3f s", PEOPLE, began);
	is_int(count_online(PEOPLE), 0, "and nobody is forgotten");
	is_int(p->lingering.count, 0, "or left over");
	is_int(p->count, 0, "or counted");
	UNTIL(store_pending(store) == 0);
}

int
main(void)
{
	struct chat_conf c = { 0 };
	struct err err = { 0 };
	struct conf *conf;

	fix_begin();
	fix_file("presence.db");
	turn_begin();
	if (conf_load(NULL, &conf, &err) == -1 ||
	    store_prepare(&fix_conf, &err) == -1 ||
	    (store = store_open(&fix_conf, loop, &err)) == NULL)
		bail_out(err.text);
	c.conf = conf;
	c.loop = loop;
	c.store = store;
	chat = chat_new(&c);
	chat_set_bus(chat, &bus);
	p = chat->presence;
	test_many_hosts();
	test_same_place_on_two_hosts();
	test_back_after_silence();
	test_beat();
	test_many_go_together();
	store_close(&store);
	chat_free(&chat);
	conf_free(&conf);
	loop_free(&loop);
	return done_testing();
}
