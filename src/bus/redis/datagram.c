/* bus/redis/datagram.c - what is published in Redis: pure bytes. */
#include "bus/redis/datagram.h"

#include <string.h>

#include "bus/wire.h"

enum { MAGIC = 0xb2, FLAGS = DATAGRAM_RESYNC | DATAGRAM_BEAT };

void
datagram_header(struct buf *b, const struct datagram *d)
{
	buf_addc(b, (char)MAGIC);
	buf_addc(b, (char)d->flags);
	buf_add(b, d->from.host.b, sizeof(d->from.host.b));
	buf_add_be16(b, (uint16_t)d->from.worker);
	buf_add_be32(b, d->from.generation);
	buf_addc(b, (char)d->server);
	buf_addc(b, (char)d->servers);
}

int
datagram_read(const uint8_t *p, size_t len, struct datagram *d_r)
{
	size_t at = DATAGRAM_HEADER;
	struct bus_msg m;
	int rc;

	if (len < DATAGRAM_HEADER || p[0] != MAGIC || (p[1] & ~FLAGS) != 0)
		return -1;
	d_r->flags = p[1];
	memcpy(d_r->from.host.b, p + 2, sizeof(d_r->from.host.b));
	d_r->from.worker = get_be16(p + 14);
	d_r->from.generation = get_be32(p + 16);
	d_r->server = p[20];
	d_r->servers = p[21];
	while ((rc = wire_read_msg(p, len, &at, &m)) == 1)
		;
	return rc;
}
