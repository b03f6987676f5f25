/* How a connection ends: by either side, in order, in error, inside callbacks.
 */
#include "base/mem.h"
#include "t/lib/peer.h"

static struct conn_pool *pool;

static void
test_eof(void)
{
	struct buf b = { 0 };
	struct peer p;

	peer_open(&p, pool, SOCK_STREAM);
	peer_say(&p, "bye", 3);
	peer_hang_up(&p);
	UNTIL(p.ends[CONN_EOF] > 0);
	is_str(
	    buf_cstr(&p.got), "bye", "what was said before the end is heard");
	ok(turns_in(30) < 10, "an end that nobody acts on is told once");
	is_int(p.ends[CONN_EOF], 1, "once");
	conn_write(&p.conn, "too late", 8);
	turn_twice();
	is_int(p.ends[CONN_ERROR], 0, "what is written then is no error");
	peer_over(&p);

	peer_open(&p, pool, SOCK_STREAM);
	peer_say(&p, "question", 8);
	shutdown(p.fd, SHUT_WR);
	UNTIL(p.ends[CONN_EOF] > 0);
	conn_write(&p.conn, "answer", 6);
	conn_close(&p.conn, true);
	UNTIL(p.frees > 0);
	is_int(
	    peer_hear(&p, &b, 100), 6, "who closed half still gets an answer");
	is_int(peer_hear(&p, &b, 100), 0, "and then the end");
	peer_over(&p);
	buf_free(&b);
}

static void
reset(struct peer *p)
{
	struct linger hard = { .l_onoff = 1 };

	setsockopt(p->fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
	peer_hang_up(p);
}

static void
test_reset(void)
{
	struct peer p;

	peer_open_tcp(&p, pool);
	reset(&p);
	UNTIL(p.ends[CONN_ERROR] > 0);
	ok(turns_in(30) < 10, "a reset is told");
	is_int(p.ends[CONN_ERROR], 1, "once");
	is_int(p.ends[CONN_EOF], 0, "and is not an end of input");
	peer_over(&p);

	peer_open_tcp(&p, pool);
	conn_pause(&p.conn);
	turn();
	reset(&p);
	UNTIL(p.ends[CONN_ERROR] > 0);
	pass("a reset is noticed while paused");
	peer_over(&p);

	peer_open(&p, pool, SOCK_STREAM);
	conn_pause(&p.conn);
	turn();
	peer_hang_up(&p);
	UNTIL(p.ends[CONN_EOF] > 0);
	pass("a hang-up too");
	ok(turns_in(30) < 10, "and then the loop sleeps");
	peer_over(&p);

	peer_open_tcp(&p, pool);
	conn_pause(&p.conn);
	turn();
	peer_say(&p, "last", 4);
	peer_hang_up(&p);
	ok(turns_in(30) < 10, "a mere end of input waits");
	is_int(p.ends[CONN_EOF] + p.ends[CONN_ERROR], 0, "untold");
	conn_resume(&p.conn);
	UNTIL(p.ends[CONN_EOF] > 0);
	is_str(buf_cstr(&p.got), "last", "behind what was said before");
	peer_over(&p);
}

/* The last words of one who is gone by the time we write to him. */
static void
test_write_error(void)
{
	struct peer p;

	peer_open(&p, pool, SOCK_STREAM);
	peer_say(&p, "last words", 10);
	peer_hang_up(&p);
	conn_write(&p.conn, "lost", 4);
	conn_settle(&p.conn); /* before the loop can see that he spoke */
	ok((p.conn.flags & IS_BROKEN) != 0, "a write fails");
	is_str(buf_cstr(&p.got), "last words", "which loses no input");
	turn_twice();
	is_int(p.ends[CONN_EOF] + p.ends[CONN_ERROR], 1, "and is told once");
	peer_over(&p);

	peer_open(&p, pool, SOCK_STREAM);
	shutdown(p.fd, SHUT_RD);
	conn_write(&p.conn, "unheard", 7);
	UNTIL(p.ends[CONN_ERROR] > 0);
	is_int(p.ends[CONN_ERROR], 1, "one who will not listen is an error");
	conn_write(&p.conn, "more", 4);
	is_int(conn_queued(&p.conn), 0, "for whom nothing is queued");
	peer_over(&p);
}

static void
test_close_inside(void)
{
	struct peer p, q;

	for (int in = IN_DATA; in <= IN_TICK; in++) {
		peer_open(&q, pool, SOCK_STREAM);
		peer_open(&p, pool, SOCK_STREAM);
		p.close_in[in] = true;
		p.close_too = &q;
		peer_say(&q, "x", 1);
		if (in == IN_DATA)
			peer_say(&p, "hello", 5);
		if (in == IN_END)
			peer_hang_up(&p);
		if (in == IN_DRAIN)
			conn_write(&p.conn, "x", 1);
		for (int i = 0; in == IN_TICK && i < CONN_TICKS; i++)
			pool_second(pool);
		UNTIL(p.frees > 0 && q.frees > 0);
		turn_twice();
		is_int(p.frees + q.frees, 2,
		    "two may be closed in callback %d of one", in);
		ok(p.conn.fd == -1 && q.conn.fd == -1, "and are");
		peer_over(&p);
		peer_over(&q);
	}
}

static void
test_flush(void)
{
	uint8_t *big = mem_zalloc(250000);
	struct buf b = { 0 };
	struct peer p;
	ssize_t n;

	peer_open(&p, pool, SOCK_STREAM);
	conn_write(&p.conn, big, 250000);
	conn_close(&p.conn, true);
	conn_write(&p.conn, "no more", 7);
	peer_say(&p, "unheard", 7);
	do {
		n = peer_hear(&p, &b, 5000);
		if (n == -1)
			turn();
	} while (n != 0);
	is_int(b.len, 250000, "all that waited goes out before the end");
	is_int(p.frees, 0, "the struct stays until the other side closes");
	peer_hang_up(&p);
	UNTIL(p.frees > 0);
	is_int(p.calls + p.drains + p.ends[CONN_EOF], 0,
	    "and nothing is told but that it can be freed");
	peer_over(&p);
	buf_free(&b);
	free(big);
}

static void
test_deadline(void)
{
	uint8_t *big = mem_zalloc(290000);
	struct peer p, q;

	pool->deadline_ms = 1;
	peer_open(&p, pool, SOCK_STREAM);
	conn_write(&p.conn, big, 290000);
	conn_close(&p.conn, true);
	UNTIL(p.frees > 0);
	pass("one who does not read is cut off");
	peer_over(&p);

	peer_open(&p, pool, SOCK_STREAM);
	peer_open(&q, pool, SOCK_STREAM);
	conn_deadline(&p.conn);
	conn_deadline(&q.conn);
	conn_deadline(&p.conn);
	conn_close(&q.conn, false);
	UNTIL(p.ends[CONN_TIMEOUT] > 0);
	is_int(p.ends[CONN_TIMEOUT], 1, "a deadline is told");
	is_int(q.ends[CONN_TIMEOUT], 0, "but not to one who is closed");
	ok(p.conn.deadline == NULL, "and then forgotten");
	peer_over(&p);
	peer_over(&q);
	pool->deadline_ms = CONN_DEADLINE_MS;
	free(big);
}

static void
test_pool_free(void)
{
	struct peer p;

	peer_open(&p, pool, SOCK_STREAM);
	conn_write(&p.conn, "x", 1);
	conn_close(&p.conn, true);
	conn_pool_free(&pool);
	is_int(p.frees, 1, "a freed pool frees what is closed");
	ok(pool == NULL, "and is gone");
	loop_again(loop);
	turn();
	peer_hang_up(&p);
}

int
main(void)
{
	turn_begin();
	pool = conn_pool_new(loop, &peer_ops, 300000);
	test_eof();
	test_reset();
	test_write_error();
	test_close_inside();
	test_flush();
	test_deadline();
	test_pool_free();
	loop_free(&loop);
	return done_testing();
}
