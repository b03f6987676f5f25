/* t/unit/base_buf.c - buffers, memory, errors, and the time. */
#include <sys/wait.h>

#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "../lib/tap.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/utf8.h"

static void
test_growing(void)
{
	struct buf b = { 0 };
	int wrong = 0;

	for (int i = 0; i < 100000; i++)
		buf_addc(&b, (char)(i % 251));
	for (size_t i = 0; i < b.len; i++)
		wrong += b.data[i] != i % 251;
	is_int(b.len, 100000, "a buffer counts what is put in");
	is_int(wrong, 0, "and keeps it while it grows");
	buf_drain(&b, 99998);
	is_int(b.len, 2, "draining leaves the rest");
	is_int(b.data[1], 99999 % 251, "its last byte last");
	buf_drain(&b, 100);
	is_int(b.len, 0, "draining more than there is empties it");
	ok(b.cap > 0, "and keeps its memory");
	buf_free(&b);
	ok(b.data == NULL && b.cap == 0 && b.len == 0, "freed is empty again");
}

static void
test_text(void)
{
	struct buf b = { 0 };
	char big[300];

	is_str(buf_cstr(&b), "", "an empty buffer is an empty string");
	buf_adds(&b, "a");
	buf_addf(&b, "%d-%s", 42, "x");
	buf_add_u64(&b, 0);
	buf_addc(&b, ' ');
	buf_add_u64(&b, UINT64_MAX);
	is_str(
	    buf_cstr(&b), "a42-x0 18446744073709551615", "texts and numbers");
	memset(big, 'y', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	buf_clear(&b);
	buf_addf(&b, "%s", big);
	is_str(buf_cstr(&b), big, "a format longer than the room");
	buf_clear(&b);
	buf_add(&b, NULL, 0);
	is_int(b.len, 0, "adding nothing adds nothing");
	buf_free(&b);
}

static void
test_big_endian(void)
{
	static const uint8_t want[] = { 1, 2, 1, 2, 3, 4, 1, 2, 3, 4, 5, 6, 7,
		255 };
	struct buf b = { 0 };

	buf_add_be16(&b, 0x0102);
	buf_add_be32(&b, 0x01020304);
	buf_add_be64(&b, 0x01020304050607ff);
	is_int(b.len, sizeof(want), "2, 4 and 8 bytes");
	is_mem(b.data, want, sizeof(want), "high byte first");
	ok(get_be16(b.data) == 0x0102 && get_be32(b.data + 2) == 0x01020304 &&
		get_be64(b.data + 6) == 0x01020304050607ff,
	    "which read back");
	ok(get_be32((const uint8_t *)"\xff\xff\xff\xff") == UINT32_MAX,
	    "the largest too");
	buf_free(&b);
}

static void
test_mem(void)
{
	char *s = mem_strndup("abc", 2), *d = mem_dup("a\0b", 3);
	int *n, status, sum = 0;
	pid_t pid;

	is_str(s, "ab", "a part of a string is copied");
	is_mem(d, "a\0b", 3, "bytes are copied with their NULs");
	MEM_NEW(n);
	is_int(*n, 0, "MEM_NEW clears");
	n = mem_reallocarray(n, 100, sizeof(*n));
	memset(n, 0, 100 * sizeof(*n));
	for (int i = 0; i < 100; i++)
		sum += n[i];
	is_int(sum, 0, "a larger array can be used");
	free(s);
	free(d);
	free(n);
	pid = fork();
	if (pid == 0) {
		close(STDERR_FILENO);
		mem_calloc(SIZE_MAX / 2, 4);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	ok(WIFSIGNALED(status) || WEXITSTATUS(status) != 0,
	    "memory that is not to be had ends the process");
}

static void
test_err(void)
{
	struct err e;
	char big[500];

	is_int(err_set(&e, ERR_BUSY, "%s", "x"), -1, "err_set returns -1");
	ok(e.code == ERR_BUSY && e.retry_ms == 0, "with its code");
	is_int(err_set(NULL, ERR_BUSY, "x"), -1, "nobody need listen");
	memset(big, 'a', sizeof(big));
	memcpy(big + 238, "\xf0\x9f\x98\x80", 5);
	err_set(&e, ERR_INTERNAL, "%s", big);
	is_int(strlen(e.text), 238, "a text is cut before a character");
	ok(utf8_valid(e.text, strlen(e.text)), "so that it stays UTF-8");
	errno = ENOENT;
	err_sys(&e, "open %s", "f");
	is_str(e.text, "open f: No such file or directory", "err_sys says why");
	is_str(err_name(ERR_SYS), "internal", "which clients do not see");
	is_str(
	    err_name(ERR_SLOW_DOWN), "slow_down", "names are the protocol's");
	is_int(err_status(ERR_SLOW_DOWN), 429, "and so are statuses");
	is_int(err_status(ERR_NOT_MEMBER), 403, "not_member is 403");
	err_clear(&e);
	ok(e.code == ERR_NONE && e.text[0] == '\0', "cleared is no error");
}

static void
test_clock(void)
{
	uint64_t a = clock_mono_us(), b = clock_mono_us();
	int wrong = 0;

	ok(b >= a, "the clock does not go back");
	ok(clock_mono_ms() - a / 1000 < 60000, "ms and us are one clock");
	ok(clock_wall_ms() > 1700000000000, "the wall clock counts from 1970");
	for (int i = 0; i < 1000; i++)
		wrong += clock_jitter(7) >= 7;
	is_int(wrong, 0, "jitter stays below its bound");
	is_int(clock_jitter(1), 0, "jitter below 1 is 0");
}

int
main(void)
{
	test_growing();
	test_text();
	test_big_endian();
	test_mem();
	test_err();
	test_clock();
	return done_testing();
}
