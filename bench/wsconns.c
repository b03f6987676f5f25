/* bench/wsconns.c - what idle WebSockets cost in memory, and what a message to
 * all of them, or one from each, costs in time.
 *
 *	wsconns [connections, else 10000] [rounds, else 20]
 *
 * The clients are a child process on Unix sockets; no HTTP, no chat. Prints
 * name=value lines. */
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "http/wsconn.h"

enum { PAYLOAD = 300, FRAME = 4 + PAYLOAD, ASK = 8 + PAYLOAD };

static struct loop *loop;
static struct wspool *pool;
static size_t heard, closed;

/* --- the clients, in the child
 * ------------------------------------------------ */

static void
read_all(int fd, size_t n)
{
	uint8_t b[FRAME];
	ssize_t got;

	while (n > 0) {
		got = recv(fd, b, n, 0);
		if (got <= 0)
			_exit(1);
		n -= (size_t)got;
	}
}

/* For each round that is asked for over `orders`: 'f': everyone reads a frame,
 * 'e': everyone says one and reads it back. */
static void
clients(const int *fds, size_t n, int orders)
{
	uint8_t ask[ASK] = { 0x81, 0x80 | 126, PAYLOAD >> 8, PAYLOAD & 0xff };
	char order;

	memset(ask + 8, 'x', PAYLOAD);
	while (recv(orders, &order, 1, 0) == 1) {
		for (size_t i = 0; order == 'e' && i < n; i++)
			send(fds[i], ask, sizeof(ask), MSG_NOSIGNAL);
		for (size_t i = 0; i < n; i++)
			read_all(fds[i], FRAME);
		send(orders, &order, 1, MSG_NOSIGNAL);
	}
	_exit(0);
}

/* --- the server
 * --------------------------------------------------------------- */

static void
on_message(struct wsconn *w, enum ws_opcode op, const uint8_t *p, size_t len)
{
	heard++;
	wsconn_text(w, p, len);
}

static void
on_closed(struct wsconn *w, unsigned code)
{
	closed++;
}

static size_t
private_bytes(void)
{
	FILE *f = fopen("/proc/self/smaps_rollup", "r");
	size_t kib, sum = 0;
	char line[256];

	if (f == NULL)
		log_fatal("no /proc/self/smaps_rollup");
	while (fgets(line, sizeof(line), f) != NULL) {
		if (sscanf(line, "Private_Clean: %zu", &kib) == 1 ||
		    sscanf(line, "Private_Dirty: %zu", &kib) == 1)
			sum += kib * 1024;
	}
	fclose(f);
	return sum;
}

static void
stop(void *arg)
{
	loop_stop(loop);
}

/* There only to wake the loop. */
static void
on_order(evutil_socket_t fd, short what, void *arg)
{
}

/* Until the clients have said that their round is done. */
static void
turn_until_answered(int orders)
{
	char order;

	while (recv(orders, &order, 1, MSG_DONTWAIT) != 1)
		loop_run(loop);
}

static void
share(struct wsconn *w, void *chunk)
{
	wsconn_share(w, chunk);
}

static uint64_t
rounds(int orders, char order, int n, struct chunk *chunk)
{
	uint64_t start = clock_mono_us();

	for (int i = 0; i < n; i++) {
		if (send(orders, &order, 1, MSG_NOSIGNAL) != 1)
			log_fatal("the clients are gone");
		if (order == 'f')
			wspool_each(pool, share, chunk);
		turn_until_answered(orders);
	}
	return clock_mono_us() - start;
}

static double
cpu_us(void)
{
	struct rusage use;

	getrusage(RUSAGE_SELF, &use);
	return (double)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) * 1e6 +
	       (double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec);
}

static void
measure(size_t n, int times, int orders)
{
	struct buf b = { 0 };
	uint8_t p[PAYLOAD];
	struct chunk *chunk;
	double cpu, count = (double)n * times;
	uint64_t us;

	memset(p, 'x', sizeof(p));
	ws_frame(&b, WS_TEXT, p, sizeof(p));
	chunk = chunk_new(b.data, b.len);
	buf_free(&b);
	cpu = cpu_us();
	us = rounds(orders, 'f', times, chunk);
	printf("fanout_us_per_frame=%.2f cpu_us=%.2f\n", (double)us / count,
	    (cpu_us() - cpu) / count);
	cpu = cpu_us();
	us = rounds(orders, 'e', times, NULL);
	printf("echo_us_per_message=%.2f cpu_us=%.2f\n", (double)us / count,
	    (cpu_us() - cpu) / count);
	chunk_unref(chunk);
}

/* A listener with a name that the kernel chooses. */
static int
listen_somewhere(struct sockaddr_un *at, socklen_t *len)
{
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	*at = (struct sockaddr_un){ .sun_family = AF_UNIX };
	*len = sizeof(at->sun_family);
	if (bind(fd, (struct sockaddr *)at, *len) == -1 ||
	    listen(fd, 128) == -1)
		log_fatal("no listener");
	*len = sizeof(*at);
	if (getsockname(fd, (struct sockaddr *)at, len) == -1)
		log_fatal("no name");
	return fd;
}

static void
child_main(const struct sockaddr_un *at, socklen_t len, size_t n, int orders)
{
	int *fds = mem_calloc(n, sizeof(*fds));

	for (size_t i = 0; i < n; i++) {
		fds[i] = socket(AF_UNIX, SOCK_STREAM, 0);
		if (connect(fds[i], (const struct sockaddr *)at, len) == -1)
			log_fatal("connection %zu: is the limit of "
				  "descriptors too low?",
			    i);
	}
	clients(fds, n, orders);
}

int
main(int argc, char **argv)
{
	static const struct wsconn_ops ops = { on_message, NULL, on_closed };
	static const struct wspool_conf conf = { 65536, 1 << 20, false };
	size_t n = argc > 1 ? strtoul(argv[1], NULL, 10) : 10000, before;
	int times = argc > 2 ? atoi(argv[2]) : 20;
	struct sockaddr_un at;
	struct wsconn *all;
	struct event *ev;
	socklen_t len;
	int listener = listen_somewhere(&at, &len), orders[2], fd;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, orders) == -1)
		log_fatal("no socketpair");
	if (fork() == 0) {
		close(orders[0]);
		child_main(&at, len, n, orders[1]);
	}
	close(orders[1]);
	loop = loop_new();
	loop_on_turn_end(loop, LOOP_ORDER_CONN + 1, stop, NULL);
	ev = event_new(
	    loop_base(loop), orders[0], EV_READ | EV_PERSIST, on_order, NULL);
	event_add(ev, NULL);
	pool = wspool_new(loop, &conf, &ops);
	before = private_bytes();
	all = mem_calloc(n, sizeof(*all));
	for (size_t i = 0; i < n; i++) {
		fd =
		    accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd == -1)
			log_fatal("connection %zu: is the limit of "
				  "descriptors too low?",
			    i);
		wsconn_open(&all[i], pool, fd, NULL, 0);
	}
	printf("connections=%zu struct_bytes=%zu\n", n, sizeof(all[0]));
	printf(
	    "new_bytes=%.0f\n", (double)(private_bytes() - before) / (double)n);
	measure(n, times, orders[0]);
	printf("idle_bytes=%.0f\n",
	    (double)(private_bytes() - before) / (double)n);
	event_free(ev);
	close(orders[0]);
	while (closed < n)
		loop_run(loop);
	wspool_free(&pool);
	loop_free(&loop);
	free(all);
	return heard == n * (size_t)times ? 0 : 1;
}
