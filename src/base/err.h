/* base/err.h - what went wrong, for a program (code) and for a person (text).
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

/* The codes clients see (doc/PROTOCOL.md, Errors), then those that stay in
 * here. */
enum err_code {
	ERR_NONE = 0,
	ERR_BAD_REQUEST,
	ERR_UNAUTHORIZED,
	ERR_FORBIDDEN,
	ERR_NOT_MEMBER,
	ERR_NOT_FOUND,
	ERR_CONFLICT,
	ERR_TOO_LARGE,
	ERR_SLOW_DOWN,
	ERR_BUSY,
	ERR_INTERNAL,
	ERR_CONF, /* configuration: the text says file, line, key, remedy */
	ERR_SYS,  /* a system call failed: the text has strerror */
	ERR_CODES /* how many there are */
};

struct err {
	enum err_code code;
	int retry_ms; /* SLOW_DOWN, BUSY: when trying again makes sense; or 0 */
	char text[240];
};

/* Fills *err (a NULL err is ignored) and returns -1, so that
 * `return err_set(…)` works in functions that return -1 on error. Too long
 * texts are cut at a UTF-8 boundary. */
int err_set(struct err *err, enum err_code code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* As err_set with ERR_SYS, with ": " strerror(errno) behind the text. */
int err_sys(struct err *err, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* *err = no error. */
void err_clear(struct err *err);

/* The name on the wire ("bad_request", …), "internal" for CONF and SYS. */
const char *err_name(enum err_code code);

/* The HTTP status that goes with it: 400, 401, … (200 for ERR_NONE). */
int err_status(enum err_code code);

#endif
