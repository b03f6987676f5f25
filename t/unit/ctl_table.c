/* t/unit/ctl_table.c - how burungctl writes times, sizes and rows. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../lib/tap.h"
#include "ctl/table.h"

static void
test_text(void)
{
	char b[TEXT_MAX];

	setenv("TZ", "UTC", 1);
	is_str(text_time(0, b), "never", "no time");
	is_str(text_time(1795473590342, b), "2026-11-23 22:39", "a time");
	is_str(text_span(0, b), "0 s", "no while");
	is_str(text_span(59999, b), "59 s", "seconds");
	is_str(text_span(60000, b), "1 min 0 s", "minutes");
	is_str(text_span(3661000, b), "1 h 1 min", "hours");
	is_str(text_span(90000000, b), "1 d 1 h", "days");
	is_str(text_bytes(999, b), "999 B", "bytes");
	is_str(text_bytes(1000, b), "1.0 kB", "kilobytes");
	is_str(text_bytes(999949, b), "999.9 kB", "just not yet more");
	is_str(text_bytes(999950, b), "1.0 MB", "rounded up to the next unit");
	is_str(text_bytes(UINT64_MAX, b), "18446744.1 TB", "the largest");
}

/* What the table prints. */
static const char *
printed(struct table *t)
{
	static char text[1024];
	FILE *out = tmpfile();
	int saved = dup(STDOUT_FILENO);
	size_t n;

	fflush(stdout);
	dup2(fileno(out), STDOUT_FILENO);
	table_print(&t);
	fflush(stdout);
	dup2(saved, STDOUT_FILENO);
	close(saved);
	rewind(out);
	n = fread(text, 1, sizeof(text) - 1, out);
	text[n] = '\0';
	fclose(out);
	return text;
}

static void
test_table(void)
{
	static const char *const heads[] = { "NAME", ">N", "LAST", NULL };
	struct table *t = table_new(heads);

	is_str(printed(t), "NAME  N  LAST\n", "without rows the heads");
	t = table_new(heads);
	table_add(t, "\xc3\xbc");
	table_add_u64(t, 1234);
	table_add(t, "a");
	table_add(t, "longer");
	table_add_u64(t, 5);
	table_add(t, "\x1b[31m");
	is_str(printed(t),
	    "NAME       N  LAST\n"
	    "\xc3\xbc       1234  a\n"
	    "longer     5  ?[31m\n",
	    "characters are counted, numbers right, nothing for a terminal");
}

int
main(void)
{
	test_text();
	test_table();
	return done_testing();
}
