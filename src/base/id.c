/* base/id.c - ids: making, reading and writing them. */
#include "base/id.h"

#include <bsd/stdlib.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/sip.h"

/* The process's part of its ids. */
static struct {
	uint8_t random[5];
	_Atomic uint32_t counter;
} own;
static pthread_once_t own_once = PTHREAD_ONCE_INIT;

static void
own_draw(void)
{
	arc4random_buf(own.random, sizeof(own.random));
	own.counter = arc4random();
}

static void
own_begin(void)
{
	own_draw();
	pthread_atfork(NULL, NULL, own_draw);
}

struct id
id_new(void)
{
	struct id id;
	uint32_t n, now;

	pthread_once(&own_once, own_begin);
	n = own.counter++;
	now = (uint32_t)time(NULL);
	for (int i = 0; i < 4; i++)
		id.b[i] = (uint8_t)(now >> (24 - 8 * i));
	memcpy(id.b + 4, own.random, sizeof(own.random));
	for (int i = 0; i < 3; i++)
		id.b[9 + i] = (uint8_t)(n >> (16 - 8 * i));
	return id;
}

struct cid
cid_new(void)
{
	struct cid cid;

	arc4random_buf(cid.b, sizeof(cid.b));
	return cid;
}

int
id_cmp(const struct id *a, const struct id *b)
{
	return memcmp(a->b, b->b, sizeof(a->b));
}

bool
id_eq(const struct id *a, const struct id *b)
{
	return id_cmp(a, b) == 0;
}

uint64_t
id_mix(const struct id *id)
{
	uint64_t h = get_be64(id->b) ^ ((uint64_t)get_be32(id->b + 8) << 17);

	h = (h ^ (h >> 31)) * 0x9e3779b97f4a7c15u; /* golden ratio's bits */
	return h ^ (h >> 29);
}

bool
id_is_zero(const struct id *a)
{
	static const struct id zero;

	return id_eq(a, &zero);
}

bool
cid_eq(const struct cid *a, const struct cid *b)
{
	return memcmp(a->b, b->b, sizeof(a->b)) == 0;
}

void
hex_encode(const uint8_t *p, size_t n, char *out)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < n; i++) {
		*out++ = digits[p[i] >> 4];
		*out++ = digits[p[i] & 15];
	}
	*out = '\0';
}

static int
digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int
hex_decode(const char *s, size_t len, uint8_t *out, size_t n)
{
	if (len != 2 * n)
		return -1;
	for (size_t i = 0; i < n; i++) {
		int high = digit(s[2 * i]), low = digit(s[2 * i + 1]);

		if (high == -1 || low == -1)
			return -1;
		out[i] = (uint8_t)(high << 4 | low);
	}
	return 0;
}

const char *
id_hex(const struct id *id, char out[ID_HEX])
{
	hex_encode(id->b, sizeof(id->b), out);
	return out;
}

const char *
cid_hex(const struct cid *cid, char out[CID_HEX])
{
	hex_encode(cid->b, sizeof(cid->b), out);
	return out;
}

int
id_parse(const char *s, size_t len, struct id *id_r)
{
	return hex_decode(s, len, id_r->b, sizeof(id_r->b));
}

int
cid_parse(const char *s, size_t len, struct cid *cid_r)
{
	return hex_decode(s, len, cid_r->b, sizeof(cid_r->b));
}

/* Two SipHash-2-4 of (what, id, n) under fixed keys: the result must be the
 * same on every host, for ever. A client cannot profit from a collision: it
 * chooses none of the three. */
struct cid
cid_derive(const char *what, const struct id *id, uint64_t n)
{
	static const struct sip_key keys[2] = {
		{ 0x4275727567204369, 0x6420646572697665 },
		{ 0x6f6e652065766572, 0x7920686f73742e2e },
	};
	uint8_t in[32 + sizeof(id->b) + 8] = { 0 };
	struct cid cid;
	uint64_t h;

	strncpy((char *)in, what, 32);
	memcpy(in + 32, id->b, sizeof(id->b));
	for (int i = 0; i < 8; i++)
		in[32 + sizeof(id->b) + i] = (uint8_t)(n >> (56 - 8 * i));
	for (int k = 0; k < 2; k++) {
		h = sip_hash(&keys[k], in, sizeof(in), 2, 4);
		for (int i = 0; i < 8; i++)
			cid.b[8 * k + i] = (uint8_t)(h >> (56 - 8 * i));
	}
	return cid;
}
