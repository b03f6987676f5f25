/* t/unit/proc_board.c - the board between processes, and the start's checks. */
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "../lib/tap.h"
#include "base/clock.h"
#include "base/log.h"
#include "proc/board.h"
#include "proc/datadir.h"
#include "proc/listen.h"
#include "proc/places.h"
#include "proc/privs.h"

static void
board_is_shared(void)
{
	struct board *b = board_new(3);
	pid_t pid;

	is_int(b->places, 3, "a board has as many places as asked");
	is_str(b->setup_code, "", "and no setup code");
	is_int(b->store_write.holder, 0, "and nobody holds its lock");
	pid = fork();
	if (pid == 0) {
		b->worker[1].connections = 7;
		shlock_lock(&b->store_write);
		_exit(0); /* with the lock */
	}
	waitpid(pid, NULL, 0);
	is_int(b->worker[1].connections, 7, "what a child writes is seen here");
	is_int(
	    b->store_write.holder, pid, "also who held the lock when it died");
	ok(shlock_lock(&b->store_write),
	    "a dead holder's lock is had, and told");
	is_int(b->store_write.holder, getpid(), "then the holder is this one");
	shlock_unlock(&b->store_write);
	board_free(&b);
	ok(b == NULL, "a freed board is gone");
	board_free(&b);
}

static void
board_means(void)
{
	struct board *b = board_new(4);

	for (unsigned i = 0; i < 4; i++)
		b->worker[i].beat_ms = 1000;
	is_int(board_mean_connections(b, 1000), 0,
	    "nobody accepts: the mean is 0");
	b->worker[0].accepting = 1;
	b->worker[0].connections = 10;
	b->worker[2].accepting = 1;
	b->worker[2].connections = 3;
	b->worker[3].connections = 1000; /* drains */
	is_int(board_mean_connections(b, 2000), 7,
	    "the mean is of those who accept, rounded up");
	b->worker[0].beat_ms = 1000 + BOARD_FRESH_MS;
	is_int(board_mean_connections(b, 1001 + BOARD_FRESH_MS), 10,
	    "and who are not stopped: else nobody would accept any more");
	board_free(&b);
}

static void
backoff_grows(void)
{
	is_int(
	    places_backoff_ms(0), 0, "a death after long life: fork at once");
	is_int(places_backoff_ms(1), 0, "the first early death: at once");
	is_int(places_backoff_ms(2), 100, "the second: after 100 ms");
	is_int(places_backoff_ms(3), 200, "then twice that");
	is_int(places_backoff_ms(8), 6400, "and so on");
	is_int(places_backoff_ms(9), 10000, "at most 10 s");
	is_int(places_backoff_ms(4000000000u), 10000, "for ever");
}

static void
datadir_is_for_one(void)
{
	char base[] = "/tmp/burung-proc-XXXXXX", path[64], pid[32];
	struct identity id;
	struct datadir d, other;
	struct stat st;
	struct err err = { 0 };
	pid_t child;
	int status;

	if (mkdtemp(base) == NULL)
		bail_out("mkdtemp");
	snprintf(path, sizeof(path), "%s/data", base);
	privs_lookup(NULL, &id, &err);
	is_int(datadir_open(&d, path, &id, &err), 0, "a data folder is made");
	datadir_write_pid(&d);
	stat(path, &st);
	is_int(st.st_mode & 07777, 0700, "for its owner only");
	child = fork();
	if (child == 0) {
		_exit(datadir_open(&other, path, &id, &err) == -1 &&
			      strstr(err.text, path) != NULL
			  ? 0
			  : 1);
	}
	waitpid(child, &status, 0);
	is_int(status, 0, "a second server is refused there");
	is_int(datadir_open(&other, path, &id, &err), -1, "again");
	snprintf(pid, sizeof(pid), "pid %d", (int)getpid());
	ok(strstr(err.text, pid) != NULL, "it is told whose it is");
	datadir_close(&d);
	is_int(datadir_open(&d, path, &id, &err), 0, "afterwards it is free");
	datadir_close(&d);
	snprintf(path, sizeof(path), "%s/no/where", base);
	is_int(datadir_open(&d, path, &id, &err), -1, "no folder, no parent");
	ok(strstr(err.text, path) != NULL, "is said with its path");
	snprintf(path, sizeof(path), "rm -r %s", base);
	is_int(system(path), 0, "cleaned up");
}

/* A port that nobody has, for a moment. */
static unsigned
some_port(void)
{
	struct sockaddr_in sin = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(sin);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (bind(fd, (struct sockaddr *)&sin, len) == -1 ||
	    getsockname(fd, (struct sockaddr *)&sin, &len) == -1)
		bail_out("no port");
	close(fd);
	return ntohs(sin.sin_port);
}

static void
listen_says_why(void)
{
	struct listen_set a, b, none = { 0 };
	struct err err = { 0 };
	char text[32], far[] = "192.0.2.1:1";
	char *one[] = { text, NULL }, *two[] = { text, far, NULL };
	char *odd[] = { far, NULL };

	snprintf(text, sizeof(text), "127.0.0.1:%u", some_port());
	is_int(listen_open(&a, &none, "listen", one, &err), 0,
	    "an address is listened on");
	is_int(a.n, 1, "with one socket");
	is_int(listen_open(&b, &none, "listen", one, &err), -1, "not twice");
	ok(strstr(err.text, "in use") != NULL, "that it is in use is said");
	ok(strstr(err.text, strrchr(text, ':') + 1) != NULL, "with the port");
	listen_close(&a);
	is_int(a.n, 0, "closed");
	is_int(listen_open(&a, &none, "listen", odd, &err), -1,
	    "not on a foreign address");
	ok(strstr(err.text, "192.0.2.1") != NULL, "which is named");
	is_int(listen_open(&a, &none, "listen", two, &err), -1,
	    "one bad address spoils all");
	is_int(a.n, 0, "and nothing stays open");
	is_int(listen_open(&a, &none, "listen", one, &err), 0,
	    "so that the good one is free");
	listen_close(&a);
}

static void
privs_are_checked(void)
{
	struct identity id;
	struct err err = { 0 };

	is_int(privs_lookup("no-such-user-here", &id, &err), -1,
	    "an unknown user is an error");
	ok(strstr(err.text, "no-such-user-here") != NULL, "which names it");
	is_int(privs_lookup(NULL, &id, &err), 0, "without user all stays");
	is_int(id.uid, geteuid(), "as it is");
}

int
main(void)
{
	log_init("proc_board", LOG_ERROR);
	board_is_shared();
	board_means();
	backoff_grows();
	datadir_is_for_one();
	listen_says_why();
	privs_are_checked();
	return done_testing();
}
