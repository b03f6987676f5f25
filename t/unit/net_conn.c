/* A connection's input and output: what is queued, merged, shared, bounded. */
#include "base/mem.h"
#include "t/lib/peer.h"

enum { LIMIT = 300000 };

static struct conn_pool *pool;

static void
test_sizes(void)
{
	is_int(sizeof(struct conn), 48, "a connection takes 48 bytes");
	ok(sizeof(struct conn_queue) + 3 * sizeof(void *) <= 64,
	    "and a short queue 64 more");
}

static void
test_input(void)
{
	struct peer p;

	peer_open(&p, pool, SOCK_STREAM);
	peer_say(&p, "hello", 5);
	UNTIL(p.calls > 0);
	is_int(p.got.len, 5, "what is said arrives");
	ok(p.conn.rest == NULL && p.conn.queue == NULL,
	    "an idle connection has no memory of its own");
	p.use_max = 2;
	peer_say(&p, "abc", 3);
	UNTIL(p.calls == 2);
	is_str(buf_cstr(&p.got), "helloab", "what is not used");
	p.use_max = 0;
	peer_say(&p, "de", 2);
	UNTIL(p.calls == 3);
	peer_say(&p, "f", 1);
	UNTIL(p.calls == 4);
	is_str(buf_cstr(&p.got), "helloab", "at all");
	p.use_max = SIZE_MAX;
	peer_say(&p, "gh", 2);
	UNTIL(p.calls == 5);
	is_str(buf_cstr(&p.got), "helloabcdefgh", "comes again, in front");
	ok(p.conn.rest == NULL, "and is kept no longer");
	peer_over(&p);
}

/* Opens a connection of which something was read before. */
static void
open_with_first(struct peer *p, const char *first)
{
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) == -1)
		bail_out("no socketpair");
	*p = (struct peer){ .fd = fds[1], .use_max = SIZE_MAX };
	conn_open(&p->conn, pool, fds[0], first, strlen(first));
}

static void
test_first(void)
{
	struct peer p;

	open_with_first(&p, "first");
	is_int(p.calls, 0, "what was read before is not given at once");
	UNTIL(p.calls > 0);
	is_str(buf_cstr(&p.got), "first", "but in the next turn");
	peer_over(&p);

	open_with_first(&p, "first");
	peer_say(&p, "second", 6);
	UNTIL(p.got.len == 11);
	is_str(buf_cstr(&p.got), "firstsecond", "in front of what comes");
	peer_over(&p);

	open_with_first(&p, "first");
	peer_say(&p, "second", 6);
	peer_hang_up(&p);
	UNTIL(p.ends[CONN_EOF] > 0);
	is_str(buf_cstr(&p.got), "firstsecond", "also if that is the end");
	peer_over(&p);

	open_with_first(&p, "first");
	peer_hang_up(&p);
	UNTIL(p.ends[CONN_EOF] > 0);
	is_str(buf_cstr(&p.got), "first", "or there is nothing more");
	peer_over(&p);

	open_with_first(&p, "first");
	conn_close(&p.conn, false);
	UNTIL(p.frees > 0);
	turn_twice();
	is_int(p.calls, 0, "a closed connection gets nothing");
	peer_over(&p);
}

/* A packet is one sendmsg. */
static void
test_one_write(void)
{
	struct chunk *chunk = chunk_new("shared", 6);
	struct buf b = { 0 };
	struct peer p;

	peer_open(&p, pool, SOCK_SEQPACKET);
	conn_write(&p.conn, "one,", 4);
	conn_write2(&p.conn, "two", 3, ",", 1);
	conn_share(&p.conn, chunk);
	conn_share(&p.conn, chunk);
	conn_write(&p.conn, ",three", 6);
	is_int(conn_queued(&p.conn), 26, "what is queued is counted");
	is_int(chunk->refs, 3, "a chunk is shared, not copied");
	is_int(p.conn.queue->n, 4, "writes that follow each other are merged");
	is_int(peer_hear(&p, &b, 100), -1, "nothing leaves before the end");
	turn();
	is_int(peer_hear(&p, &b, 100), 26, "of the turn, then all at once");
	is_str(buf_cstr(&b), "one,two,sharedshared,three", "in order");
	is_int(chunk->refs, 1, "the chunk is let go");
	ok(p.conn.queue == NULL, "and the queue as well");
	is_int(p.drains, 1, "the owner hears that all is out");
	chunk_unref(chunk);
	peer_over(&p);
	buf_free(&b);
}

static void
test_merge(void)
{
	struct buf b = { 0 }, want = { 0 };
	struct peer p;
	char line[40];

	peer_open(&p, pool, SOCK_STREAM);
	for (int i = 0; i < 3000; i++) {
		snprintf(line, sizeof(line), "line %d\n", i);
		conn_write(&p.conn, line, strlen(line));
		buf_adds(&want, line);
	}
	ok(p.conn.queue->n <= 4, "3000 lines become %d chunks",
	    (int)p.conn.queue->n);
	while (b.len < want.len) {
		if (peer_hear(&p, &b, 100000) == -1)
			turn();
	}
	is_mem(b.data, want.data, want.len, "that say the same");
	peer_over(&p);
	buf_free(&b);
	buf_free(&want);
}

/* More chunks than one sendmsg takes, to a reader that takes little at a time.
 */
static void
test_slow_reading(void)
{
	struct chunk *chunk = chunk_new("0123456789012345678901234567890", 31);
	struct buf b = { 0 };
	int size = 4096, wrong = 0;
	struct peer p;

	peer_open(&p, pool, SOCK_STREAM);
	setsockopt(p.conn.fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	for (int i = 0; i < 5000; i++)
		conn_share(&p.conn, chunk);
	is_int(chunk->refs, 5001, "a chunk may stand often in a queue");
	turn();
	ok((p.conn.flags & IS_BLOCKED) != 0, "the kernel takes only some");
	ok(conn_queued(&p.conn) > 100000, "the rest waits");
	is_int(p.drains, 0, "which the owner is not told");
	while (b.len < 31 * 5000) {
		if (peer_hear(&p, &b, 777) == -1)
			turn();
	}
	for (int i = 0; i < 5000; i++)
		wrong += memcmp(b.data + i * 31, chunk->data, 31) != 0;
	is_int(wrong, 0, "all arrives, nothing twice");
	UNTIL(p.drains > 0);
	is_int(p.drains, 1, "and then the owner is told, once");
	is_int(chunk->refs, 1, "no share is left");
	turn();
	ok((p.conn.flags & WANTS_OUT) == 0, "nobody waits for room any more");
	chunk_unref(chunk);
	peer_over(&p);
	buf_free(&b);
}

static void
test_limit(void)
{
	struct buf b = { 0 };
	uint8_t *big = mem_zalloc(LIMIT + 1);
	struct chunk *chunk = chunk_new(big, 1000);
	struct peer p;

	peer_open(&p, pool, SOCK_STREAM);
	conn_write(&p.conn, big, LIMIT + 1);
	is_int(p.ends[CONN_SLOW], 0, "too much is not told inside the write");
	is_int(conn_queued(&p.conn), 0, "but not queued either");
	conn_write(&p.conn, "more", 4);
	conn_share(&p.conn, chunk);
	is_int(conn_queued(&p.conn), 0, "nor is anything after it");
	is_int(chunk->refs, 1, "shared or not");
	turn();
	is_int(p.ends[CONN_SLOW], 1, "the owner is told in the turn");
	turn_twice();
	is_int(p.ends[CONN_SLOW], 1, "once");
	peer_over(&p);

	/* What fits when the kernel helps is not too much. */
	peer_open(&p, pool, SOCK_STREAM);
	conn_write(&p.conn, big, 100000);
	conn_write(&p.conn, big, LIMIT - 50000);
	turn_twice();
	is_int(p.ends[CONN_SLOW], 0, "what the kernel has does not count");
	while (b.len < LIMIT + 50000) {
		if (peer_hear(&p, &b, 65536) == -1)
			turn();
	}
	is_int(b.len, LIMIT + 50000, "and arrives");
	peer_over(&p);
	buf_free(&b);
	chunk_unref(chunk);
	free(big);
}

static void
test_drop(void)
{
	uint8_t *fill = mem_alloc(LIMIT);
	struct buf b = { 0 };
	struct chunk *whole;
	struct peer p;
	ssize_t n;

	memset(fill, 'x', LIMIT);
	whole = chunk_new(fill, 290000);
	peer_open(&p, pool, SOCK_STREAM);
	conn_share(&p.conn, whole);
	turn();
	ok(p.conn.queue->sent > 0, "a chunk is begun");
	conn_write(&p.conn, "dropped", 7);
	conn_write(&p.conn, fill, LIMIT);
	conn_drop_queue(&p.conn);
	conn_write(&p.conn, "last", 4);
	conn_close(&p.conn, true);
	do {
		n = peer_hear(&p, &b, 65536);
		if (n == -1)
			turn();
	} while (n != 0);
	is_int(b.len, 290004, "a begun chunk is finished");
	is_mem(b.data + 289999, "xlast", 5, "before a last word");
	is_int(whole->refs, 1, "and let go");
	is_int(p.ends[CONN_SLOW], 0, "closed is closed");
	chunk_unref(whole);
	peer_over(&p);
	buf_free(&b);
	free(fill);
}

static void
test_pause(void)
{
	struct peer p;

	peer_open(&p, pool, SOCK_STREAM);
	p.use_max = 1;
	p.pause_in_data = true;
	peer_say(&p, "abc", 3);
	UNTIL(p.calls == 1);
	peer_say(&p, "def", 3);
	ok(turns_in(30) < 10, "paused, the loop sleeps");
	is_int(p.calls, 1, "and nothing is read");
	ok(conn_paused(&p.conn), "a connection knows that it is paused");
	conn_resume(&p.conn);
	is_int(p.calls, 1, "resumed, nothing comes at once");
	UNTIL(p.calls == 2);
	is_str(buf_cstr(&p.got), "ab", "but in the next turn");
	p.pause_in_data = false;
	p.use_max = SIZE_MAX;
	conn_resume(&p.conn);
	UNTIL(p.got.len == 6);
	is_str(buf_cstr(&p.got), "abcdef", "and nothing is lost");

	conn_pause(&p.conn);
	turn();
	conn_resume(&p.conn);
	conn_pause(&p.conn);
	conn_resume(&p.conn);
	peer_say(&p, "g", 1);
	UNTIL(p.got.len == 7);
	pass("what is paused and resumed in one turn goes on");
	peer_over(&p);
}

static struct peer hub;

static void
hub_hook(void *arg)
{
	if (hub.drains > 0)
		hub.ticks = hub.drains;
}

/* Callbacks at the turn's end may give work to a hook that has run already. */
static void
test_hooks(void)
{
	peer_open(&hub, pool, SOCK_STREAM);
	loop_timer_free(&pool->timer); /* it must not help */
	loop_on_turn_end(loop, LOOP_ORDER_HUB, hub_hook, NULL);
	conn_write(&hub.conn, "x", 1);
	UNTIL(hub.ticks > 0);
	pass("hooks before ours get another turn without sleep");
	loop_forget(loop, hub_hook, NULL);
	pool->timer = loop_timer_new(loop, 1000, true, pool_second, pool);
	peer_over(&hub);
}

static void
count_each(struct conn *c, void *arg)
{
	(*(int *)arg)++;
	if (*(int *)arg % 2 == 0)
		conn_close(c, false);
}

static void
test_many(void)
{
	enum { MANY = 400 };
	static struct peer peers[MANY];
	int seen = 0, wrong = 0, ticked = 0;

	for (int i = 0; i < MANY; i++)
		peer_open(&peers[i], pool, SOCK_STREAM);
	is_int(conn_pool_count(pool), MANY, "the table grows");
	for (int i = 0; i < MANY; i++)
		peer_say(&peers[i], "x", 1);
	turn_twice();
	for (int i = 0; i < MANY; i++)
		wrong += peers[i].got.len != 1;
	is_int(wrong, 0, "all are heard");
	for (int i = 0; i < CONN_TICKS; i++) {
		pool_second(pool);
		seen = 0;
		for (int k = 0; k < MANY; k++)
			seen += (int)peers[k].ticks;
		wrong += seen - ticked > MANY / CONN_TICKS + 2;
		ticked = seen;
	}
	is_int(ticked, MANY, "each has its tick within 25 s");
	is_int(wrong, 0, "spread evenly");
	seen = 0;
	conn_pool_each(pool, count_each, &seen);
	is_int(seen, MANY, "all can be visited");
	UNTIL(conn_pool_count(pool) == MANY / 2);
	seen = 0;
	conn_pool_each(pool, count_each, &seen);
	is_int(seen, MANY / 2, "but not those that were closed");
	for (int i = 0; i < MANY; i++)
		peer_over(&peers[i]);
	is_int(conn_pool_count(pool), 0, "and the last is gone");
}

int
main(void)
{
	turn_begin();
	pool = conn_pool_new(loop, &peer_ops, LIMIT);
	ok(conn_pool_arg(pool) == NULL, "a pool has no argument");
	conn_pool_set_arg(pool, &pool);
	ok(conn_pool_arg(pool) == &pool, "until it is given one");
	test_sizes();
	test_input();
	test_first();
	test_one_write();
	test_merge();
	test_slow_reading();
	test_limit();
	test_drop();
	test_pause();
	test_hooks();
	test_many();
	conn_pool_free(&pool);
	loop_free(&loop);
	return done_testing();
}
