/* proc/notify.c - tells the service manager how it goes. */
#include "proc/notify.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <bsd/string.h>
#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

/* Microseconds of the variable that are meant for this process; 0: none. */
static uint64_t
watchdog_us(void)
{
	const char *us = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");

	if (us == NULL ||
	    (pid != NULL && strtoimax(pid, NULL, 10) != (intmax_t)getpid()))
		return 0;
	return strtoull(us, NULL, 10);
}

void
notify_init(struct notify *n)
{
	const char *path = getenv("NOTIFY_SOCKET");

	*n = (struct notify){ .said = NOTIFY_STARTING };
	if (path != NULL && (path[0] == '/' || path[0] == '@') &&
	    strlcpy(n->path, path, sizeof(n->path)) >= sizeof(n->path))
		n->path[0] = '\0';
	n->every_ms = watchdog_us() / 2000;
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
}

/* A path that begins with @ is a name without a file (unix(7), abstract). */
static int
say(const struct notify *n, const char *text)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	size_t len = strlen(n->path), size = strlen(text);
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	ssize_t sent;

	if (fd == -1)
		return -1;
	memcpy(un.sun_path, n->path, len);
	if (un.sun_path[0] == '@')
		un.sun_path[0] = '\0';
	sent = sendto(fd, text, size, MSG_DONTWAIT | MSG_NOSIGNAL,
	    (const struct sockaddr *)&un,
	    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len));
	close(fd);
	return sent == (ssize_t)size ? 0 : -1;
}

static enum notify_state
state_of(const struct places *p)
{
	if (p->ending)
		return NOTIFY_STOPPING;
	if (!p->announced)
		return NOTIFY_STARTING;
	return p->replacing ? NOTIFY_RELOADING : NOTIFY_READY;
}

static void
say_state(struct notify *n, enum notify_state state, const struct places *p)
{
	char text[160];

	switch (state) {
	case NOTIFY_READY:
		snprintf(text, sizeof(text), "READY=1\nSTATUS=%u workers serve",
		    p->n - 1);
		break;
	case NOTIFY_RELOADING:
		snprintf(text, sizeof(text),
		    "RELOADING=1\nMONOTONIC_USEC=%" PRIu64
		    "\nSTATUS=workers are replaced one by one",
		    clock_mono_ms() * 1000);
		break;
	case NOTIFY_STOPPING:
		snprintf(text, sizeof(text), "STOPPING=1\nSTATUS=draining");
		break;
	case NOTIFY_STARTING:
		return;
	}
	if (say(n, text) == -1)
		log_warn("service manager not told", "socket=%s why=\"%s\"",
		    n->path, strerror(errno));
}

/* Nobody up is no reason to be killed: a new start would not help. */
static bool
is_alive(const struct places *p)
{
	unsigned up = 0, silent = 0;

	for (unsigned i = 0; i < p->n; i++) {
		if (p->place[i].state != PLACE_UP)
			continue;
		up++;
		silent += p->place[i].silent ? 1 : 0;
	}
	return up == 0 || silent < up;
}

void
notify_follow(struct notify *n, const struct places *p)
{
	enum notify_state state = state_of(p);
	uint64_t now = clock_mono_ms();

	if (n->path[0] == '\0')
		return;
	if (state != n->said)
		say_state(n, state, p);
	n->said = state;
	if (n->every_ms == 0 || now < n->due_ms || !is_alive(p))
		return;
	n->due_ms = now + n->every_ms;
	if (say(n, "WATCHDOG=1") == -1)
		log_warn("no sign of life given", "socket=%s why=\"%s\"",
		    n->path, strerror(errno));
}
