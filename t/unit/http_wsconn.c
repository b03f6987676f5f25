/* A live WebSocket: its echo, pings, close handshakes and limits. */
#include "base/mem.h"
#include "http/wsconn.h"
#include "t/lib/tap.h"
#include "t/lib/ws_client.h"
#include "t/lib/ws_talk.h"

static void
test_size(void)
{
	ok(sizeof(struct wsconn) <= 80, "a WebSocket takes %zu bytes",
	    sizeof(struct wsconn));
}

static void
test_echo(void)
{
	struct talk t;

	talk_open(&t, pool, NULL);
	talk_say_text(&t, "halo");
	is_str(talk_hear(&t), "T4:halo", "a text comes and goes");
	talk_say(&t, CLIENT_FIN | WS_PING, "42", 2);
	is_str(talk_hear(&t), "o2:42", "a ping is answered with its payload");
	talk_say(&t, WS_TEXT, "a", 1);
	talk_say(&t, CLIENT_FIN | WS_PING, "", 0);
	talk_say(&t, CLIENT_FIN | WS_CONT, "b", 1);
	is_str(talk_hear(&t), "o0:", "also between fragments");
	is_str(talk_hear(&t), "T2:ab", "which are put together");
	ok(t.w.conn.rest == NULL && t.w.conn.queue == NULL &&
		t.w.in.partial == NULL && t.w.conn.deadline == NULL,
	    "idle, it has no memory but its struct");
	talk_over(&t);

	talk_open(&t, pool, "early");
	is_str(
	    talk_hear(&t), "T5:early", "what came with the handshake is heard");
	talk_over(&t);
}

static void
test_close_by_client(void)
{
	struct talk t;

	talk_open(&t, pool, NULL);
	talk_say_text(&t, "first");
	talk_say(&t, CLIENT_FIN | WS_CLOSE,
	    "\x0f\xa0"
	    "bye",
	    5);
	talk_say_text(&t, "late");
	is_str(talk_hear(&t), "T5:first", "what was said before is answered");
	is_str(talk_hear(&t), "c4000,0:", "a close is answered with its code");
	is_str(talk_hear(&t), "end", "then the stream ends");
	is_int(t.closed, 0, "the owner waits for the client's end");
	talk_hang_up(&t);
	UNTIL(t.closed > 0);
	is_int(t.code, 4000, "and is told the code");
	is_str(buf_cstr(&t.said), "first ", "and nothing said after it");
	talk_over(&t);

	talk_open(&t, pool, NULL);
	talk_say(&t, CLIENT_FIN | WS_CLOSE, "", 0);
	is_str(talk_hear(&t), "c1005,0:", "an empty close has an empty answer");
	talk_hang_up(&t);
	UNTIL(t.closed > 0);
	is_int(t.code, WS_NO_STATUS, "and no code");
	talk_over(&t);

	talk_open(&t, pool, NULL);
	talk_hang_up(&t);
	UNTIL(t.closed > 0);
	is_int(t.code, WS_ABNORMAL, "no close at all is abnormal");
	talk_over(&t);
}

static void
test_close_by_us(void)
{
	struct talk t;

	talk_open(&t, pool, NULL);
	wsconn_text(&t.w, "before", 6);
	wsconn_close(&t.w, WS_GOING_AWAY, "retry=500");
	ok(!wsconn_is_open(&t.w), "closed, it is not open");
	wsconn_text(&t.w, "after", 5);
	wsconn_close(&t.w, WS_NORMAL, "again");
	is_int(t.closed, 0, "the owner is not told inside the call");
	is_str(talk_hear(&t), "T6:before", "what waited goes out");
	is_str(talk_hear(&t), "c1001,9:retry=500", "then code and reason");
	talk_say_text(&t, "crossing");
	talk_say(&t, CLIENT_FIN | WS_PING, "x", 1);
	talk_say(&t, CLIENT_FIN | WS_CLOSE, "\x03\xe9", 2);
	is_str(talk_hear(&t), "end", "the answer ends it, and nothing is said");
	talk_hang_up(&t);
	UNTIL(t.closed > 0);
	is_int(t.code, WS_GOING_AWAY, "the first code counts");
	is_str(buf_cstr(&t.said), "", "a message that crossed is not heard");
	talk_over(&t);

	conns->deadline_ms = 1;
	talk_open(&t, pool, NULL);
	wsconn_close(&t.w, WS_SESSION_OVER, "over");
	UNTIL(t.closed > 0);
	is_int(t.code, WS_SESSION_OVER, "one who does not answer is cut off");
	conns->deadline_ms = CONN_DEADLINE_MS;
	talk_over(&t);

	conns->deadline_ms = 3600 * 1000; /* it must not help */
	talk_open(&t, pool, NULL);
	wsconn_pause(&t.w);
	turn_twice();
	talk_say_text(&t, "unread");
	talk_say(&t, CLIENT_FIN | WS_CLOSE, "\x03\xe8", 2);
	wsconn_close(&t.w, WS_NORMAL, NULL);
	is_str(talk_hear(&t), "c1000,0:", "a paused one can be closed");
	is_str(talk_hear(&t), "end", "and hears the answer");
	conns->deadline_ms = CONN_DEADLINE_MS;
	talk_hang_up(&t);
	UNTIL(t.closed > 0);
	talk_over(&t);
}

/* first: of a frame without payload. */
static void
fails(
    const void *p, size_t n, const char *want, unsigned code, const char *name)
{
	struct talk t;

	talk_open(&t, pool, NULL);
	talk_say_bytes(&t, p, n);
	is_str(talk_hear(&t), want, "%s", name);
	is_str(talk_hear(&t), "end", "and the stream ends");
	talk_hang_up(&t);
	UNTIL(t.closed > 0);
	is_int(t.code, code, "the owner is told");
	talk_over(&t);
}

static void
test_failures(void)
{
	struct buf b = { 0 };
	uint8_t *big = mem_zalloc(MESSAGE_MAX + 1);

	fails("\x81\x01x", 3, "c1002,0:", 1002, "an unmasked frame");
	fails("\x81\x81\0\0\0\0\xff", 7, "c1007,0:", 1007, "bad text");
	client_frame(&b, CLIENT_FIN | WS_TEXT, big, MESSAGE_MAX + 1);
	fails(b.data, b.len, "c1009,0:", 1009, "too much");
	buf_clear(&b);
	client_frame(&b, CLIENT_FIN | WS_BINARY, "x", 1);
	fails(b.data, b.len, "c1003,0:", 1003, "binary where it is not wanted");
	buf_free(&b);
	free(big);
}

static void
second_many(int n)
{
	for (int i = 0; i < n; i++)
		pool_second(conns);
}

static void
test_pings(void)
{
	struct talk t;

	talk_open(&t, pool, NULL);
	second_many(CONN_TICKS);
	is_str(talk_hear(&t), "p0:", "a ping comes every 25 s");
	for (int i = 0; i < 5; i++) {
		second_many(CONN_TICKS);
		if (i % 2 == 0)
			talk_say(&t, CLIENT_FIN | WS_PONG, "", 0);
		else
			talk_say_text(&t, "alive");
		is_str(talk_hear(&t), "p0:", "and again");
		if (i % 2 == 1)
			is_str(talk_hear(&t), "T5:alive", "answered so or so");
		turn_twice();
	}
	is_int(t.closed, 0, "who lives is not closed");
	second_many(CONN_TICKS * 2);
	is_int(t.closed, 0, "one more miss is forgiven");
	second_many(CONN_TICKS);
	UNTIL(t.closed > 0);
	is_int(t.code, WS_ABNORMAL, "who misses two is cut off");
	talk_over(&t);

	talk_open(&t, pool, NULL);
	wsconn_pause(&t.w);
	second_many(CONN_TICKS * 5);
	turn_twice();
	is_int(t.closed, 0, "paused, nobody can miss anything");
	wsconn_resume(&t.w);
	talk_over(&t);
}

/* Frames of 1000 bytes until it is too much; then every byte of the stream must
 * still make frames, the last of them the close. */
static void
test_slow(void)
{
	uint8_t *p = mem_alloc(1000);
	struct chunk *chunk;
	struct buf b = { 0 };
	struct talk t;
	int sent = 0, heard = 0, odd = 0;
	const char *s;

	memset(p, 'x', 1000);
	ws_frame(&b, WS_TEXT, p, 1000);
	chunk = chunk_new(b.data, b.len);
	talk_open(&t, pool, NULL);
	while (wsconn_is_open(&t.w) && sent < 100000) {
		wsconn_share(&t.w, chunk);
		wsconn_text(&t.w, p, 1000);
		sent += 2;
		if (sent % 50 == 0)
			turn_twice();
	}
	ok(chunk->refs <= 2, "a slow reader's queue is dropped");
	for (;;) {
		s = talk_hear(&t);
		if (s[0] != 'T')
			break;
		heard++;
		odd += strncmp(s, "T1000:", 6) != 0;
	}
	is_str(s, "c4001,6:resume", "he is told to resume");
	is_int(odd, 0, "behind whole frames only");
	ok(heard > 0 && heard < sent, "%d of %d", heard, sent);
	is_int(chunk->refs, 1, "no share of the chunk is left");
	talk_say(&t, CLIENT_FIN | WS_CLOSE, "\x0f\xa1", 2);
	is_str(talk_hear(&t), "end", "and it ends");
	talk_hang_up(&t);
	UNTIL(t.closed > 0);
	is_int(t.code, WS_RESUME, "as the owner is told");
	is_int(t.closed, 1, "once");
	talk_over(&t);

	/* Too much in the very turn in which the owner closes. */
	talk_open(&t, pool, NULL);
	for (int i = 0; i < 1000; i++)
		wsconn_share(&t.w, chunk);
	wsconn_close(&t.w, WS_GOING_AWAY, NULL);
	do {
		s = talk_hear(&t);
	} while (s[0] == 'T');
	is_str(s, "c4001,6:resume", "a close that had no room becomes 4001");
	talk_hang_up(&t);
	UNTIL(t.closed > 0);
	talk_over(&t);
	chunk_unref(chunk);
	buf_free(&b);
	free(p);
}

static void
test_owner(void)
{
	struct talk t;

	talk_open(&t, pool, NULL);
	t.close_in_message = true;
	talk_say_text(&t, "one");
	talk_say_text(&t, "two");
	is_str(talk_hear(&t), "c4401,4:over", "closed inside on_message");
	is_str(buf_cstr(&t.said), "one ", "no other message comes");
	talk_say(&t, CLIENT_FIN | WS_CLOSE, "\x11\x31", 2);
	is_str(talk_hear(&t), "end", "the answer is heard all the same");
	talk_hang_up(&t);
	UNTIL(t.closed > 0);
	talk_over(&t);

	talk_open(&t, pool, NULL);
	t.pause_in_message = true;
	talk_say_text(&t, "one");
	talk_say_text(&t, "two");
	talk_say_text(&t, "three");
	is_str(talk_hear(&t), "T3:one", "paused inside on_message");
	turn_twice();
	is_str(buf_cstr(&t.said), "one ", "the next one waits");
	wsconn_resume(&t.w);
	is_str(talk_hear(&t), "T3:two", "until it is resumed");
	t.pause_in_message = false;
	wsconn_resume(&t.w);
	is_str(talk_hear(&t), "T5:three", "each time");
	ok(t.drained > 0, "that all is out is told");
	talk_over(&t);
}

static void
count_open(struct wsconn *w, void *arg)
{
	*(int *)arg += wsconn_is_open(w);
}

static void
test_pool(void)
{
	static struct talk t[3];
	int n = 0;

	for (int i = 0; i < 3; i++)
		talk_open(&t[i], pool, NULL);
	wspool_each(pool, count_open, &n);
	is_int(n, 3, "all can be visited");
	is_int(wspool_count(pool), 3, "and are counted");
	for (int i = 0; i < 3; i++)
		talk_over(&t[i]);
	is_int(wspool_count(pool), 0, "until they are closed");
	talk_open(&t[0], pool, NULL);
	talk_say(&t[0], CLIENT_FIN | WS_CLOSE, "", 0);
	is_str(talk_hear(&t[0]), "c1005,0:", "one that waits for the end");
	wspool_free(&pool);
	is_int(t[0].closed, 1, "is told when the pool goes");
	close(t[0].fd);
	talk_free(&t[0]);
}

int
main(void)
{
	talk_begin();
	test_size();
	test_echo();
	test_close_by_client();
	test_close_by_us();
	test_failures();
	test_pings();
	test_slow();
	test_owner();
	test_pool();
	loop_free(&loop);
	return done_testing();
}
