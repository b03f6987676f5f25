/* bus/wire.h - the datagrams of the local bus. Private to src/bus.
 *
 *	header   magic (1 byte), flags (1), generation (4)
 *	messages type (1), topic (12), n (8), length of the data (4), data
 *
 * Integers are big endian. A datagram holds any number of messages, also none.
 */
#ifndef BUS_WIRE_H
#define BUS_WIRE_H

#include "base/buf.h"
#include "bus/bus.h"

#define WIRE_HEADER 6
#define WIRE_MSG    25    /* before its data */
#define WIRE_USUAL  61440 /* a datagram is closed when it would exceed this */
#define WIRE_MAX    (WIRE_HEADER + WIRE_MSG + BUS_DATA_MAX)

enum {
	WIRE_RESYNC = 1, /* messages before this one may have been lost */
	WIRE_HELLO = 2,  /* there is somebody in the sender's place */
	WIRE_BYE = 4,    /* there is nobody any more: send nothing there */
};

void wire_header(struct buf *b, unsigned flags, uint32_t generation);
void wire_msg(struct buf *b, const struct bus_msg *m);

/* Reads a header. 0, or -1: not one of ours. */
int wire_read_header(
    const uint8_t *p, size_t len, unsigned *flags_r, uint32_t *generation_r);

/* Reads the message at *at, and moves it on. 1 read, 0 the end, -1 malformed.
 */
int wire_read_msg(
    const uint8_t *p, size_t len, size_t *at, struct bus_msg *m_r);

#endif
