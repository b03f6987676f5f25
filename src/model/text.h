/* model/text.h - what people may write into names, labels and messages. */
#ifndef MODEL_TEXT_H
#define MODEL_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

/* One line of 1 … max characters: UTF-8 without control characters, line
 * separators and direction overrides, not only white space. what names it in
 * the error: "label". 0, or -1 with *err (BAD_REQUEST). */
int text_check_line(
    const char *what, const char *s, size_t len, size_t max, struct err *err);

/* Appends s (valid UTF-8) in lower case, as far as it goes character by
 * character: Latin, Greek, Cyrillic, Armenian, full-width letters. */
void text_fold(struct buf *b, const char *s);

/* The next word of *s (valid UTF-8): a run of letters and digits. False: none
 * is left. *s moves behind it; *word_r points into the text. */
bool text_word(const char **s, const char **word_r, size_t *len_r);

/* Nothing that can be seen: empty, or only white space. s is valid UTF-8. */
bool text_is_blank(const char *s, size_t len);

#endif
