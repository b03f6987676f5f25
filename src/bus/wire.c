/* bus/wire.c - the datagrams of the local bus: pure bytes. */
#include "bus/wire.h"

#include <string.h>

enum { WIRE_MAGIC = 0xb1, WIRE_FLAGS = WIRE_RESYNC | WIRE_HELLO | WIRE_BYE };

void
wire_header(struct buf *b, unsigned flags, uint32_t generation)
{
	buf_addc(b, (char)WIRE_MAGIC);
	buf_addc(b, (char)flags);
	buf_add_be32(b, generation);
}

void
wire_msg(struct buf *b, const struct bus_msg *m)
{
	buf_addc(b, (char)m->type);
	buf_add(b, m->topic.b, sizeof(m->topic.b));
	buf_add_be64(b, m->n);
	buf_add_be32(b, (uint32_t)m->len);
	buf_add(b, m->data, m->len);
}

int
wire_read_header(
    const uint8_t *p, size_t len, unsigned *flags_r, uint32_t *generation_r)
{
	if (len < WIRE_HEADER || p[0] != WIRE_MAGIC || (p[1] & ~WIRE_FLAGS))
		return -1;
	*flags_r = p[1];
	*generation_r = get_be32(p + 2);
	return 0;
}

int
wire_read_msg(const uint8_t *p, size_t len, size_t *at, struct bus_msg *m_r)
{
	const uint8_t *q = p + *at;
	size_t left = len - *at;
	size_t n;

	if (left == 0)
		return 0;
	if (left < WIRE_MSG || q[0] < BUS_EVENT || q[0] > BUS_USER)
		return -1;
	n = get_be32(q + 21);
	if (n > BUS_DATA_MAX || n > left - WIRE_MSG)
		return -1;
	m_r->type = q[0];
	memcpy(m_r->topic.b, q + 1, sizeof(m_r->topic.b));
	m_r->n = get_be64(q + 13);
	m_r->data = q + WIRE_MSG;
	m_r->len = n;
	*at += WIRE_MSG + n;
	return 1;
}
