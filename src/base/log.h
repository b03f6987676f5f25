/* base/log.h - one line per thing that happened, to stderr, key=value. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

/* who: "master", "worker 2": stands in every line. Copied. */
void log_init(const char *who, enum log_level level);
void log_set_level(enum log_level level);

/* Parses "error", "warn", "info", "debug". 0, or -1. */
int log_level_parse(const char *name, enum log_level *level_r);
const char *log_level_name(enum log_level level);

/* Lines go to path instead of stderr; reopened by log_reopen (USR1). path is
 * copied; NULL: back to stderr. 0, or -1 (errno) with the old one kept. */
int log_open(const char *path);
int log_reopen(void);

/* One line: time, level, who, event, then the formatted key=value pairs. A line
 * is written with one write(2), cut at 2 KiB, control characters replaced.
 * event is a short fixed word or phrase ("worker died"); values with blanks
 * must be quoted by the caller. Never bodies of messages, never tokens. */
void log_write(enum log_level level, const char *event, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#define log_error(event, ...) log_write(LOG_ERROR, event, "" __VA_ARGS__)
#define log_warn(event, ...)  log_write(LOG_WARN, event, "" __VA_ARGS__)
#define log_info(event, ...)  log_write(LOG_INFO, event, "" __VA_ARGS__)
#define log_debug(event, ...) log_write(LOG_DEBUG, event, "" __VA_ARGS__)

/* Says fmt at level error and aborts: for what only a defect can cause, and
 * for memory that is not to be had. */
void log_fatal(const char *fmt, ...)
    __attribute__((format(printf, 1, 2), noreturn));

#endif
