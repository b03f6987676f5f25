/* t/unit/model_text.c - text without its case, and its words. */

#include "../lib/tap.h"
#include "model/text.h"

static void
folds(const char *from, const char *to)
{
	struct buf b = { 0 }, again = { 0 };

	text_fold(&b, from);
	is_str(buf_cstr(&b), to, "%s in lower case", from);
	text_fold(&again, buf_cstr(&b));
	is_str(buf_cstr(&again), to, "which stays so");
	buf_free(&b);
	buf_free(&again);
}

static void
test_fold(void)
{
	folds("", "");
	folds("HALO Dunia 123 [\\]", "halo dunia 123 [\\]");
	folds("ÀÖ×ØÞ", "àö×øþ");
	folds("ĀĹŊŹŸ", "āĺŋźÿ");
	folds("ŁÓDŹ", "łódź");
	folds("ΑΣΩ Έ ς", "ασω έ σ");
	folds("ЀЙЯ", "ѐйя");
	folds("ՀԱՅ", "հայ");
	folds("ẠẾỸ", "ạếỹ");
	folds("ＡＺ", "ａｚ");
	folds("日本語 🐦", "日本語 🐦");
}

/* The words of text, each with a bar behind it. */
static void
words(const char *text, const char *want)
{
	struct buf b = { 0 };
	const char *s = text, *word;
	size_t len;

	while (text_word(&s, &word, &len)) {
		buf_add(&b, word, len);
		buf_addc(&b, '|');
	}
	is_str(buf_cstr(&b), want, "the words of \"%s\"", text);
	buf_free(&b);
}

static void
test_words(void)
{
	words("", "");
	words(" - ", "");
	words("one", "one|");
	words(" one,two  3rd!", "one|two|3rd|");
	words("pasar “burung”—Jakarta", "pasar|burung|Jakarta|");
	words("école\xc2\xa0"
	      "bleue",
	    "école|bleue|");
	words("日本。語", "日本|語|");
}

/* What is not UTF-8 is not read past its end; the sanitizers look on. */
static void
test_broken(void)
{
	static const char *const broken[] = { "\xc3", "\xf0", "\xf0\x9f",
		"a\xe3\x81", "\x80\x80", "\xff" };

	for (size_t i = 0; i < sizeof(broken) / sizeof(*broken); i++) {
		char *copy = strdup(broken[i]);
		const char *s = copy, *word;
		struct buf b = { 0 };
		size_t len;

		text_fold(&b, copy);
		while (text_word(&s, &word, &len))
			;
		ok(*s == '\0', "broken text %zu ends where it ends", i);
		buf_free(&b);
		free(copy);
	}
}

int
main(void)
{
	test_fold();
	test_words();
	test_broken();
	return done_testing();
}
