/* store/sqlite/sq_fold.c - text without its case: as columns named folded have
 * it, and as words that can be looked for. */

#include "base/json.h"
#include "model/text.h"
#include "store/sqlite/sq.h"

/* What SQLite hands over, as text; "" for anything that is none. */
static const char *
argument(sqlite3_value *v)
{
	const char *text = (const char *)sqlite3_value_text(v);

	return text != NULL ? text : "";
}

static void
sql_fold(sqlite3_context *c, int n, sqlite3_value **v)
{
	struct buf b = { 0 };

	text_fold(&b, argument(v[0]));
	sqlite3_result_text(c, buf_cstr(&b), (int)b.len, SQLITE_TRANSIENT);
	buf_free(&b);
}

static void
sql_words(sqlite3_context *c, int n, sqlite3_value **v)
{
	struct buf folded = { 0 }, b = { 0 };
	const char *s, *word;
	size_t len;

	text_fold(&folded, argument(v[0]));
	s = buf_cstr(&folded);
	json_open(&b, '[');
	while (text_word(&s, &word, &len))
		json_str(&b, word, len);
	json_close(&b, ']');
	sqlite3_result_text(c, buf_cstr(&b), (int)b.len, SQLITE_TRANSIENT);
	buf_free(&folded);
	buf_free(&b);
}

int
sq_add_functions(sqlite3 *h)
{
	int flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC;
	int rc = sqlite3_create_function(
	    h, "fold", 1, flags, NULL, sql_fold, NULL, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_create_function(
		    h, "words", 1, flags, NULL, sql_words, NULL, NULL);
	return rc;
}
