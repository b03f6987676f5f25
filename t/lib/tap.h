/* t/lib/tap.h - tests in C that speak TAP, the Test Anything Protocol.
 *
 *	int
 *	main(void)
 *	{
 *		ok(1 + 1 == 2, "one and one are %d", 2);
 *		is_int(f(3), 9, "f squares");
 *		return done_testing();
 *	}
 *
 * Every check prints one line; on failure also file, line and what was got.
 * A name may be a format. Included by the one file of a test program. */
#ifndef T_LIB_TAP_H
#define T_LIB_TAP_H

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int tap_count, tap_failed;

/* One check. Each returns whether it held. */
#define ok(cond, ...) tap_ok(!!(cond), #cond, __FILE__, __LINE__, __VA_ARGS__)
#define is_int(got, want, ...)                                                 \
	tap_is_int((int64_t)(got), (int64_t)(want), #got, __FILE__, __LINE__,  \
	    __VA_ARGS__)
/* Strings; NULL equals NULL only. */
#define is_str(got, want, ...)                                                 \
	tap_is_str((got), (want), #got, __FILE__, __LINE__, __VA_ARGS__)
/* len bytes at got and want. */
#define is_mem(got, want, len, ...)                                            \
	tap_is_mem((got), (want), (len), #got, __FILE__, __LINE__, __VA_ARGS__)
#define pass(...) tap_ok(true, "pass", __FILE__, __LINE__, __VA_ARGS__)
#define fail(...) tap_ok(false, "fail", __FILE__, __LINE__, __VA_ARGS__)

static void tap_line(bool good, const char *fmt, va_list ap)
    __attribute__((format(printf, 2, 0), unused));
static void tap_where(const char *what, const char *file, int line)
    __attribute__((unused));
static bool tap_ok(bool good, const char *what, const char *file, int line,
    const char *fmt, ...) __attribute__((format(printf, 5, 6), unused));
static bool tap_is_int(int64_t got, int64_t want, const char *what,
    const char *file, int line, const char *fmt, ...)
    __attribute__((format(printf, 6, 7), unused));
static bool tap_is_str(const char *got, const char *want, const char *what,
    const char *file, int line, const char *fmt, ...)
    __attribute__((format(printf, 6, 7), unused));
static bool tap_is_mem(const void *got, const void *want, size_t len,
    const char *what, const char *file, int line, const char *fmt, ...)
    __attribute__((format(printf, 7, 8), unused));
static void diag(const char *fmt, ...)
    __attribute__((format(printf, 1, 2), unused));
static void skip(const char *why, const char *fmt, ...)
    __attribute__((format(printf, 2, 3), unused));
static void skip_all(const char *why) __attribute__((noreturn, unused));
static void bail_out(const char *why) __attribute__((noreturn, unused));
static int done_testing(void) __attribute__((unused));

static void
tap_line(bool good, const char *fmt, va_list ap)
{
	printf("%s %d - ", good ? "ok" : "not ok", ++tap_count);
	vprintf(fmt, ap);
	putchar('\n');
	fflush(stdout);
	tap_failed += !good;
}

static void
tap_where(const char *what, const char *file, int line)
{
	printf("# %s:%d: %s\n", file, line, what);
	fflush(stdout);
}

static bool
tap_ok(bool good, const char *what, const char *file, int line, const char *fmt,
    ...)
{
	va_list ap;

	va_start(ap, fmt);
	tap_line(good, fmt, ap);
	va_end(ap);
	if (!good)
		tap_where(what, file, line);
	return good;
}

static bool
tap_is_int(int64_t got, int64_t want, const char *what, const char *file,
    int line, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	tap_line(got == want, fmt, ap);
	va_end(ap);
	if (got != want) {
		tap_where(what, file, line);
		diag("  got:  %" PRId64, got);
		diag("  want: %" PRId64, want);
	}
	return got == want;
}

static bool
tap_is_str(const char *got, const char *want, const char *what,
    const char *file, int line, const char *fmt, ...)
{
	bool same =
	    got == NULL || want == NULL ? got == want : strcmp(got, want) == 0;
	va_list ap;

	va_start(ap, fmt);
	tap_line(same, fmt, ap);
	va_end(ap);
	if (!same) {
		tap_where(what, file, line);
		diag("  got:  %s", got == NULL ? "(NULL)" : got);
		diag("  want: %s", want == NULL ? "(NULL)" : want);
	}
	return same;
}

static bool
tap_is_mem(const void *got, const void *want, size_t len, const char *what,
    const char *file, int line, const char *fmt, ...)
{
	const unsigned char *a = got, *b = want;
	size_t i = 0;
	va_list ap;

	while (i < len && a[i] == b[i])
		i++;
	va_start(ap, fmt);
	tap_line(i == len, fmt, ap);
	va_end(ap);
	if (i < len) {
		tap_where(what, file, line);
		diag("  byte %zu of %zu: got %02x, want %02x", i, len, a[i],
		    b[i]);
	}
	return i == len;
}

/* A remark that a reader of the output may need. */
static void
diag(const char *fmt, ...)
{
	va_list ap;

	printf("# ");
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	fflush(stdout);
}

/* One check that cannot be made here. */
static void
skip(const char *why, const char *fmt, ...)
{
	va_list ap;

	printf("ok %d - ", ++tap_count);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf(" # SKIP %s\n", why);
	fflush(stdout);
}

/* Instead of any check: the whole program cannot be run here. */
static void
skip_all(const char *why)
{
	printf("1..0 # SKIP %s\n", why);
	exit(0);
}

/* The rest makes no sense. */
static void
bail_out(const char *why)
{
	printf("Bail out! %s\n", why);
	exit(1);
}

/* The plan; returned by main. */
static int
done_testing(void)
{
	printf("1..%d\n", tap_count);
	fflush(stdout);
	return tap_failed != 0;
}

#endif
