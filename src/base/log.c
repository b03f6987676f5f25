/* base/log.c - one line per thing that happened. */
#include "base/log.h"

#include <bsd/string.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/coverage.h"
#include "base/mem.h"
#include "base/utf8.h"

#define LINE_MAX_BYTES 2048

static const char *const level_names[] = {
	[LOG_ERROR] = "error",
	[LOG_WARN] = "warn",
	[LOG_INFO] = "info",
	[LOG_DEBUG] = "debug",
};

/* The worker's one log: set up before its threads start. */
static struct {
	char who[32];
	enum log_level level;
	char *path; /* NULL: stderr */
	int fd;
} logger = { .who = "burungd", .level = LOG_INFO, .fd = STDERR_FILENO };

void
log_init(const char *who, enum log_level level)
{
	strlcpy(logger.who, who, sizeof(logger.who));
	logger.level = level;
}

void
log_set_level(enum log_level level)
{
	logger.level = level;
}

int
log_level_parse(const char *name, enum log_level *level_r)
{
	for (size_t i = 0; i < sizeof(level_names) / sizeof(char *); i++) {
		if (strcmp(name, level_names[i]) != 0)
			continue;
		*level_r = (enum log_level)i;
		return 0;
	}
	return -1;
}

const char *
log_level_name(enum log_level level)
{
	return level_names[level];
}

/* Opens path in place of the log in use, under the same number: other threads
 * may be writing. */
static int
log_switch(const char *path)
{
	int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
	int saved;

	if (fd == -1)
		return -1;
	if (logger.fd == STDERR_FILENO) {
		logger.fd = fd;
		return 0;
	}
	if (dup3(fd, logger.fd, O_CLOEXEC) == -1) {
		saved = errno;
		close(fd);
		errno = saved;
		return -1;
	}
	close(fd);
	return 0;
}

int
log_open(const char *path)
{
	char *copy;

	if (path == NULL) {
		if (logger.fd != STDERR_FILENO)
			close(logger.fd);
		logger.fd = STDERR_FILENO;
		free(logger.path);
		logger.path = NULL;
		return 0;
	}
	if (log_switch(path) == -1)
		return -1;
	copy = mem_strdup(path); /* path may be logger.path itself */
	free(logger.path);
	logger.path = copy;
	return 0;
}

int
log_reopen(void)
{
	return logger.path == NULL ? 0 : log_switch(logger.path);
}

/* "2026-01-31T23:59:59.123Z info [worker 2] worker died " */
static size_t
log_head(char *line, size_t size, enum log_level level, const char *event)
{
	struct timespec ts;
	struct tm tm;
	int n;

	clock_gettime(CLOCK_REALTIME, &ts);
	gmtime_r(&ts.tv_sec, &tm);
	n = snprintf(line, size,
	    "%04d-%02d-%02dT%02d:%02d:%02d.%03ldZ %s [%s] %s",
	    tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min,
	    tm.tm_sec, ts.tv_nsec / 1000000, level_names[level], logger.who,
	    event);
	if (n < 0)
		return 0;
	return (size_t)n < size ? (size_t)n : size - 1;
}

static void __attribute__((format(printf, 3, 0)))
log_vwrite(enum log_level level, const char *event, const char *fmt, va_list ap)
{
	char line[LINE_MAX_BYTES];
	size_t room = sizeof(line) - 1; /* for the newline */
	size_t len = log_head(line, room, level, event);
	int n = 0;

	if (fmt[0] != '\0' && len + 1 < room) {
		line[len++] = ' ';
		n = vsnprintf(line + len, room - len, fmt, ap);
	}
	if (n > 0)
		len = (size_t)n < room - len ? len + (size_t)n
					     : utf8_cut(line, room - 1, room);
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f)
			line[i] = '?';
	line[len++] = '\n';
	while (write(logger.fd, line, len) == -1 && errno == EINTR)
		continue;
}

void
log_write(enum log_level level, const char *event, const char *fmt, ...)
{
	int saved = errno;
	va_list ap;

	if (level > logger.level)
		return;
	va_start(ap, fmt);
	log_vwrite(level, event, fmt, ap);
	va_end(ap);
	errno = saved;
}

void
log_fatal(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_vwrite(LOG_ERROR, "fatal", fmt, ap);
	va_end(ap);
	COVERAGE_WRITE();
	abort();
}
