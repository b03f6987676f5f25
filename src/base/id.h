/* base/id.h - the 12-byte ids of users, rooms and sessions, and the 16-byte
 * cids that clients make. */
#ifndef BASE_ID_H
#define BASE_ID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ID_HEX  25 /* 24 hex digits and the NUL */
#define CID_HEX 33

/* An ObjectId: 4 bytes seconds, 5 random per process, 3 counter, all big
 * endian. All zero: none. */
struct id {
	uint8_t b[12];
};

struct cid {
	uint8_t b[16];
};

/* A new one; never the same again, on any host. Safe on every thread, and after
 * fork() the child draws its own random part. */
struct id id_new(void);
struct cid cid_new(void);

int id_cmp(const struct id *a, const struct id *b);
bool id_eq(const struct id *a, const struct id *b);
bool id_is_zero(const struct id *a);
bool cid_eq(const struct cid *a, const struct cid *b);

/* Its bits mixed: for tables of ids that nobody can choose, and digests of sets
 * that several workers compare. Always the same for the same id. */
uint64_t id_mix(const struct id *id);

/* Lower-case hex into out, with NUL; returns out. */
const char *id_hex(const struct id *id, char out[ID_HEX]);
const char *cid_hex(const struct cid *cid, char out[CID_HEX]);

/* Exactly 24 (32) hex digits of either case. 0, or -1. */
int id_parse(const char *s, size_t len, struct id *id_r);
int cid_parse(const char *s, size_t len, struct cid *cid_r);

/* A cid that follows from (what, id, n): the same input gives the same cid, so
 * that an entry derived from another log's event is written once only. what is
 * a short word. */
struct cid cid_derive(const char *what, const struct id *id, uint64_t n);

/* n bytes as 2n hex digits and NUL; and back (exactly n bytes). */
void hex_encode(const uint8_t *p, size_t n, char *out);
int hex_decode(const char *s, size_t len, uint8_t *out, size_t n);

#endif
