/* base/utf8.h - is it UTF-8 (RFC 3629: no surrogates, no overlong forms, up to
 * U+10FFFF)? */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UTF8_ACCEPT 0u
#define UTF8_REJECT 12u

/* Feeds bytes to a checker that starts at UTF8_ACCEPT. Returns the new state:
 * UTF8_REJECT for ever after the first wrong byte; UTF8_ACCEPT at the end of
 * a character; else in the middle of one. */
uint32_t utf8_feed(uint32_t state, const uint8_t *p, size_t n);

bool utf8_valid(const void *p, size_t n);

/* Writes a code point that may be written; how many bytes. */
size_t utf8_encode(uint32_t c, char out[4]);

/* Code points in valid UTF-8. */
size_t utf8_count(const void *p, size_t n);

/* The largest length <= max that does not cut a character of p. */
size_t utf8_cut(const void *p, size_t n, size_t max);

#endif
