/* base/buf.h - bytes that grow at the end. */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stddef.h>
#include <stdint.h>

/* A zeroed struct buf is a valid empty buffer without memory. data is followed
 * by nothing (not a C string) unless buf_cstr was called. */
struct buf {
	uint8_t *data;
	size_t len;
	size_t cap;
};

void buf_free(struct buf *b);  /* empty and without memory again */
void buf_clear(struct buf *b); /* len = 0, memory kept */
uint8_t *buf_grow(
    struct buf *b, size_t n); /* buf_reserve where there is none */

/* Room for n more; where. */
static inline uint8_t *
buf_reserve(struct buf *b, size_t n)
{
	if (b->cap - b->len >= n && b->cap > 0)
		return b->data + b->len;
	return buf_grow(b, n);
}

static inline void
buf_addc(struct buf *b, char c)
{
	*buf_reserve(b, 1) = (uint8_t)c;
	b->len++;
}

void buf_add(struct buf *b, const void *p, size_t n);
void buf_adds(struct buf *b, const char *s);
void buf_addf(struct buf *b, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void buf_add_u64(struct buf *b, uint64_t v); /* decimal digits */
void buf_drain(struct buf *b, size_t n);     /* drops the first n */
const char *buf_cstr(struct buf *b);         /* NUL behind; not counted */

/* Fixed-width big-endian integers, for wire formats. */
void buf_add_be16(struct buf *b, uint16_t v);
void buf_add_be32(struct buf *b, uint32_t v);
void buf_add_be64(struct buf *b, uint64_t v);
uint16_t get_be16(const uint8_t *p);
uint32_t get_be32(const uint8_t *p);
uint64_t get_be64(const uint8_t *p);

#endif
