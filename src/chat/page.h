/* chat/page.h - the fields `limit` and `next` of commands that answer by pages.
 *
 * `next` is the position behind which the next page begins, as each command
 * knows it, told apart by a tag and written as hex. */
#ifndef CHAT_PAGE_H
#define CHAT_PAGE_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"

#define PAGE_LIMIT_MAX     200
#define PAGE_LIMIT_DEFAULT 50
#define PAGE_POS_MAX       320 /* bytes of a position */

/* A command's own letter, so that it takes only what it gave out. */
enum page_tag {
	PAGE_ROOMS = 'r',
	PAGE_MEMBERS = 'm',
	PAGE_PEOPLE = 'p',
	PAGE_GROUPS = 'g',
	PAGE_INVITES = 'i',
	PAGE_WORDS = 'w', /* groups by words */
};

struct page {
	size_t limit;
	size_t len;                    /* of pos; 0: from the start */
	uint8_t pos[PAGE_POS_MAX + 1]; /* NUL behind it */
};

/* `limit` alone: 1–200, else 50. 0, or -1 with *err. */
int page_limit(const struct json *args, size_t *limit_r, struct err *err);

/* Both fields. 0, or -1 with *err (BAD_REQUEST, also for a position that does
 * not come from page_next with that tag). What pos says is for the command to
 * check. */
int page_read(const struct json *args, enum page_tag tag, struct page *p_r,
    struct err *err);

/* A position that says something impossible: as page_read's error. -1. */
int page_garbled(struct err *err);

/* Appends "next":"…" for len (1 … PAGE_POS_MAX) bytes at pos. */
void page_next(struct buf *out, enum page_tag tag, const void *pos, size_t len);

#endif
