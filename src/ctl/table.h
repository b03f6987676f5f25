/* ctl/table.h - rows for people: columns as wide as they need, and how times
 * and sizes are written. */
#ifndef CTL_TABLE_H
#define CTL_TABLE_H

#include <stddef.h>
#include <stdint.h>

struct table;

/* heads: titles, NULL at the end; one that begins with '>' is of numbers,
 * which stand to the right. */
struct table *table_new(const char *const *heads);
/* The next cell, copied; rows fill from left to right. What a terminal would
 * take as a command is replaced. */
void table_add(struct table *t, const char *text);
void table_add_u64(struct table *t, uint64_t v);
/* Prints to stdout and frees. */
void table_print(struct table **t);

#define TEXT_MAX 48
/* "2026-11-23 22:40", or "never" for 0; of milliseconds. */
const char *text_time(uint64_t ms, char out[TEXT_MAX]);
/* "3 d 4 h", "12 s". */
const char *text_span(uint64_t ms, char out[TEXT_MAX]);
/* "12.3 MB". */
const char *text_bytes(uint64_t n, char out[TEXT_MAX]);

/* A progress bar on stderr, when that is a terminal: one line for each part of
 * the work, which is called what. what NULL: it is over. arg: a struct
 * progress, all zero at first. */
struct progress {
	const char *what; /* whose line is open; NULL: none is */
	uint64_t shown_ms;
};
void progress_show(const char *what, uint64_t done, uint64_t total, void *arg);

#endif
