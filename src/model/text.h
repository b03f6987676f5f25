/* model/text.h - what people may write into names, labels and messages. */
#ifndef MODEL_TEXT_H
#define MODEL_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/* One line of 1 … max characters: UTF-8 without control characters, line
 * separators and direction overrides, not only white space. what names it in
 * the error: "label". 0, or -1 with *err (BAD_REQUEST). */
int text_check_line(
    const char *what, const char *s, size_t len, size_t max, struct err *err);

/* Nothing that can be seen: empty, or only white space. s is valid UTF-8. */
bool text_is_blank(const char *s, size_t len);

#endif
