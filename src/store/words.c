/* store/words.c - what is looked for in names and labels. */
#include "store/words.h"

#include <string.h>

#include "model/text.h"

static int
bad_words(struct err *err)
{
	return err_set(err, ERR_BAD_REQUEST, "words: must have 1 to %d words",
	    GROUP_WORDS);
}

static void
put_word(struct words *w, const char *word, size_t len)
{
	struct word *at = &w->v[w->n++], first;

	memcpy(at->from, word, len);
	at->from[len] = '\0';
	memcpy(at->to, word, len);
	memcpy(at->to + len, WORD_END, sizeof(WORD_END));
	if (len > strlen(w->v[0].from)) {
		first = w->v[0];
		w->v[0] = *at;
		*at = first;
	}
}

int
words_read(struct words *w, const char *text, struct err *err)
{
	struct buf folded = { 0 };
	const char *s, *word;
	size_t len;
	int rc = 0;

	w->n = 0;
	text_fold(&folded, text);
	for (s = buf_cstr(&folded); rc == 0 && text_word(&s, &word, &len);) {
		if (w->n == GROUP_WORDS || len > WORD_MAX)
			rc = bad_words(err);
		else
			put_word(w, word, len);
	}
	buf_free(&folded);
	return rc == 0 && w->n == 0 ? bad_words(err) : rc;
}

void
words_prefix(struct buf *from, struct buf *to, const char *prefix)
{
	text_fold(from, prefix);
	buf_add(to, from->data, from->len);
	buf_adds(to, WORD_END);
}
