/* t/unit/http_accept.c - q-values and entity tags. */
#include "../lib/tap.h"
#include "http/accept.h"

static void
test_weights(void)
{
	static const struct {
		const char *list, *coding;
		int weight;
	} cases[] = {
		{ NULL, "br", 0 },
		{ "", "br", 0 },
		{ "gzip, deflate, br", "br", 1000 },
		{ "gzip,br;q=0.5", "br", 500 },
		{ "gzip, BR ; Q=0.25", "br", 250 },
		{ "br;q=0", "br", 0 },
		{ "br;q=0.000, *", "br", 0 },
		{ "*", "br", 1000 },
		{ "gzip, *;q=0.1", "br", 100 },
		{ "gzip, *;q=0", "br", 0 },
		{ "brotli", "br", 0 },
		{ "b", "br", 0 },
		{ "x;q=0.3, br;level=1;q=0.7", "br", 700 },
		{ "br;q=1.001", "br", 0 },
		{ "br;q=2", "br", 0 },
		{ "br;q=0.12345", "br", 0 },
		{ "br;q=-1", "br", 0 },
		{ "br;q=", "br", 0 },
		{ "br;q", "br", 1000 },
		{ "br;q=1", "br", 1000 },
		{ ",, ,br", "br", 1000 },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		is_int(http_accept_weight(cases[i].list, cases[i].coding),
		    cases[i].weight, "\"%s\" gives %s %d",
		    cases[i].list ? cases[i].list : "nothing", cases[i].coding,
		    cases[i].weight);
}

static void
test_names(void)
{
	ok(http_accept_names(
	       "text/html,application/xhtml+xml,*/*;q=0.8", "text/html"),
	    "a browser's Accept names text/html");
	ok(!http_accept_names("*/*", "text/html"), "*/* does not");
	ok(!http_accept_names("application/json, text/html;q=0", "text/html"),
	    "text/html;q=0 does not");
	ok(!http_accept_names(NULL, "text/html"), "no Accept does not");
}

static void
test_tags(void)
{
	static const char tag[] = "\"ab\"";

	ok(http_accept_tag("\"ab\"", tag), "the same tag");
	ok(http_accept_tag("\"x\", \"ab\" , \"y\"", tag), "one of several");
	ok(http_accept_tag("W/\"ab\"", tag), "the weak form of it");
	ok(http_accept_tag("*", tag), "any tag");
	ok(!http_accept_tag("\"abc\"", tag), "not a longer one");
	ok(!http_accept_tag("\"a\"", tag), "not a shorter one");
	ok(!http_accept_tag("ab", tag), "not one without quotes");
	ok(!http_accept_tag("", tag) && !http_accept_tag(NULL, tag),
	    "not none");
}

int
main(void)
{
	test_weights();
	test_names();
	test_tags();
	return done_testing();
}
