/* bus/pairs.c - one socketpair between any two workers, made by the master,
 * who keeps all ends, so that a new worker goes on where its predecessor was.
 */
#include "bus/pairs.h"

#include <sys/socket.h>

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"
#include "bus/wire.h"

/* The kernel doubles it and clamps it to net.core.wmem_max. */
enum { SEND_BUFFER = 1 << 20 };

static int
check_buffer(int fd, struct err *err)
{
	int size = SEND_BUFFER;
	socklen_t len = sizeof(size);

	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, len) == -1 ||
	    getsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, &len) == -1)
		return err_sys(err, "the bus: SO_SNDBUF");
	if (size < WIRE_MAX + 4096)
		return err_set(err, ERR_SYS,
		    "the bus: a socket takes only %d bytes; raise "
		    "net.core.wmem_max to %d",
		    size, WIRE_MAX);
	return 0;
}

static int
make_pair(struct bus_pairs *p, unsigned i, unsigned j, struct err *err)
{
	int type = SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC;
	int sv[2];

	if (socketpair(AF_UNIX, type, 0, sv) == -1)
		return err_sys(err, "the bus: socketpair");
	*pairs_end(p, i, j) = sv[0];
	*pairs_end(p, j, i) = sv[1];
	if (check_buffer(sv[0], err) == -1)
		return -1;
	return check_buffer(sv[1], err);
}

struct bus_pairs *
bus_pairs_new(unsigned workers, struct err *err)
{
	size_t n = (size_t)workers * workers;
	struct bus_pairs *p;

	p = mem_alloc(sizeof(*p) + n * sizeof(p->fd[0]));
	p->workers = workers;
	for (size_t i = 0; i < n; i++)
		p->fd[i] = -1;
	for (unsigned i = 0; i < workers; i++) {
		for (unsigned j = i + 1; j < workers; j++) {
			if (make_pair(p, i, j, err) == -1) {
				bus_pairs_free(&p);
				return NULL;
			}
		}
	}
	return p;
}

void
bus_pairs_keep(struct bus_pairs *p, unsigned worker)
{
	int *fd;

	for (unsigned i = 0; i < p->workers; i++) {
		if (i == worker)
			continue;
		for (unsigned j = 0; j < p->workers; j++) {
			fd = pairs_end(p, i, j);
			if (*fd != -1)
				close(*fd);
			*fd = -1;
		}
	}
}

void
bus_pairs_free(struct bus_pairs **p)
{
	if (*p == NULL)
		return;
	for (size_t i = 0; i < (size_t)(*p)->workers * (*p)->workers; i++) {
		if ((*p)->fd[i] != -1)
			close((*p)->fd[i]);
	}
	free(*p);
	*p = NULL;
}

/* A datagram of flags only, in the name of `from`, to all others. Whoever has
 * no room for it has a backlog from that worker, and hears of its end from the
 * successor, who says hello until it is taken. */
static void
tell(struct bus_pairs *p, unsigned from, unsigned flags)
{
	struct buf b = { 0 };
	int fd;

	wire_header(&b, flags, 0);
	for (unsigned i = 0; i < p->workers; i++) {
		fd = *pairs_end(p, from, i);
		if (fd != -1)
			(void)!send(fd, b.data, b.len, MSG_NOSIGNAL);
	}
	buf_free(&b);
}

void
bus_pairs_resync(struct bus_pairs *p, unsigned dead)
{
	tell(p, dead, WIRE_RESYNC);
}

void
bus_pairs_empty(struct bus_pairs *p, unsigned place)
{
	tell(p, place, WIRE_BYE);
}
