/* store/words.h - what is looked for in names and labels, folded and in ranges,
 * whatever the database. Private to store. */
#ifndef STORE_WORDS_H
#define STORE_WORDS_H

#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "model/room.h"
#include "store/rooms.h"

#define WORD_MAX (ROOM_LABEL_MAX * 4)
#define WORD_END "\xf4\x8f\xbf\xbf" /* the last character there is */

/* Words that begin with what is looked for are >= from and < to. */
struct word {
	char from[WORD_MAX + 1];
	char to[WORD_MAX + sizeof(WORD_END)];
};

struct words {
	struct word v[GROUP_WORDS];
	size_t n;
};

/* Folded, the longest first, since the fewest rooms have it. 0, or -1 *err
 * (BAD_REQUEST: there are none, too many, or one is too long). */
int words_read(struct words *w, const char *text, struct err *err);

/* The same for a text that what is looked for begins with. */
void words_prefix(struct buf *from, struct buf *to, const char *prefix);

#endif
