/* ctl/table.c - rows for people. */
#include "ctl/table.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"

struct table {
	const char *const *heads;
	size_t columns;
	char **cells;
	size_t n, cap;
};

struct table *
table_new(const char *const *heads)
{
	struct table *t;

	MEM_NEW(t);
	t->heads = heads;
	while (heads[t->columns] != NULL)
		t->columns++;
	return t;
}

void
table_add(struct table *t, const char *text)
{
	char *copy = mem_strdup(text);

	for (char *p = copy; *p != '\0'; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			*p = '?';
	if (t->n == t->cap) {
		t->cap = t->cap == 0 ? 64 : t->cap * 2;
		t->cells = mem_reallocarray(t->cells, t->cap, sizeof(char *));
	}
	t->cells[t->n++] = copy;
}

void
table_add_u64(struct table *t, uint64_t v)
{
	char text[TEXT_MAX];

	snprintf(text, sizeof(text), "%" PRIu64, v);
	table_add(t, text);
}

/* Characters of UTF-8. */
static size_t
width(const char *s)
{
	size_t n = 0;

	for (; *s != '\0'; s++)
		n += ((unsigned char)*s & 0xc0) != 0x80;
	return n;
}

static void
print_cell(const char *text, size_t wide, bool right, bool last)
{
	int blanks = (int)(wide - width(text));

	if (right)
		printf("%*s%s", blanks, "", text);
	else
		printf("%s%*s", text, last ? 0 : blanks, "");
	fputs(last ? "\n" : "  ", stdout);
}

static size_t
column_width(const struct table *t, size_t column)
{
	const char *head = t->heads[column];
	size_t wide = width(head + (head[0] == '>'));

	for (size_t i = column; i < t->n; i += t->columns)
		if (width(t->cells[i]) > wide)
			wide = width(t->cells[i]);
	return wide;
}

void
table_print(struct table **tp)
{
	struct table *t = *tp;
	size_t *wide = mem_calloc(t->columns, sizeof(*wide));

	for (size_t i = 0; i < t->columns; i++) {
		const char *head = t->heads[i];
		bool right = head[0] == '>';

		wide[i] = column_width(t, i);
		print_cell(head + right, wide[i], right, i + 1 == t->columns);
	}
	for (size_t i = 0, column = 0; i < t->n; i++) {
		print_cell(t->cells[i], wide[column],
		    t->heads[column][0] == '>', column + 1 == t->columns);
		free(t->cells[i]);
		column = column + 1 < t->columns ? column + 1 : 0;
	}
	free(wide);
	free(t->cells);
	free(t);
	*tp = NULL;
}

const char *
text_time(uint64_t ms, char out[TEXT_MAX])
{
	time_t seconds = (time_t)(ms / 1000);
	struct tm tm;

	if (ms == 0 || localtime_r(&seconds, &tm) == NULL)
		snprintf(out, TEXT_MAX, "never");
	else
		strftime(out, TEXT_MAX, "%Y-%m-%d %H:%M", &tm);
	return out;
}

const char *
text_span(uint64_t ms, char out[TEXT_MAX])
{
	uint64_t s = ms / 1000;

	if (s >= 86400)
		snprintf(out, TEXT_MAX, "%" PRIu64 " d %" PRIu64 " h",
		    s / 86400, s % 86400 / 3600);
	else if (s >= 3600)
		snprintf(out, TEXT_MAX, "%" PRIu64 " h %" PRIu64 " min",
		    s / 3600, s % 3600 / 60);
	else if (s >= 60)
		snprintf(out, TEXT_MAX, "%" PRIu64 " min %" PRIu64 " s", s / 60,
		    s % 60);
	else
		snprintf(out, TEXT_MAX, "%" PRIu64 " s", s);
	return out;
}

const char *
text_bytes(uint64_t n, char out[TEXT_MAX])
{
	static const char *const units[] = { "kB", "MB", "GB", "TB" };
	double v = (double)n / 1000;
	size_t i = 0;

	if (n < 1000) {
		snprintf(out, TEXT_MAX, "%" PRIu64 " B", n);
		return out;
	}
	for (; v >= 999.95 && i < 3; i++)
		v /= 1000;
	snprintf(out, TEXT_MAX, "%.1f %s", v, units[i]);
	return out;
}

void
progress_show(const char *what, uint64_t done, uint64_t total, void *arg)
{
	static const char bar[] = "##############################";
	struct progress *p = arg;
	uint64_t now = clock_mono_ms();
	int part, full = (int)sizeof(bar) - 1;

	if (!isatty(STDERR_FILENO))
		return;
	if (p->what != NULL && what != p->what)
		fputc('\n', stderr);
	if (what == NULL || total == 0) {
		p->what = NULL;
		return;
	}
	if (what == p->what && done < total && now - p->shown_ms < 100)
		return;
	p->what = what;
	p->shown_ms = now;
	part = (int)((double)full * (double)done / (double)total);
	fprintf(stderr, "\r%-10s [%-*.*s] %3d %%", what, full, part, bar,
	    (int)(100.0 * (double)done / (double)total));
}
