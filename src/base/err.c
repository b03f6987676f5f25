/* base/err.c - filling errors, and how clients see them. */
#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

static const struct {
	const char *name;
	int status;
} codes[] = {
	[ERR_NONE] = { "none", 200 },
	[ERR_BAD_REQUEST] = { "bad_request", 400 },
	[ERR_UNAUTHORIZED] = { "unauthorized", 401 },
	[ERR_FORBIDDEN] = { "forbidden", 403 },
	[ERR_NOT_MEMBER] = { "not_member", 403 },
	[ERR_NOT_FOUND] = { "not_found", 404 },
	[ERR_CONFLICT] = { "conflict", 409 },
	[ERR_TOO_LARGE] = { "too_large", 413 },
	[ERR_SLOW_DOWN] = { "slow_down", 429 },
	[ERR_BUSY] = { "busy", 503 },
	[ERR_INTERNAL] = { "internal", 500 },
	[ERR_CONF] = { "internal", 500 },
	[ERR_SYS] = { "internal", 500 },
};

static void __attribute__((format(printf, 3, 0)))
err_vset(struct err *err, enum err_code code, const char *fmt, va_list ap)
{
	int n;

	err->code = code;
	err->retry_ms = 0;
	n = vsnprintf(err->text, sizeof(err->text), fmt, ap);
	if (n < 0)
		err->text[0] = '\0';
	else if ((size_t)n >= sizeof(err->text))
		err->text[utf8_cut(err->text, sizeof(err->text) - 1,
		    sizeof(err->text) - 1)] = '\0';
}

int
err_set(struct err *err, enum err_code code, const char *fmt, ...)
{
	va_list ap;

	if (err == NULL)
		return -1;
	va_start(ap, fmt);
	err_vset(err, code, fmt, ap);
	va_end(ap);
	return -1;
}

int
err_sys(struct err *err, const char *fmt, ...)
{
	const char *why = strerror(errno);
	size_t len;
	va_list ap;

	if (err == NULL)
		return -1;
	va_start(ap, fmt);
	err_vset(err, ERR_SYS, fmt, ap);
	va_end(ap);
	len = strlen(err->text);
	snprintf(err->text + len, sizeof(err->text) - len, ": %s", why);
	return -1;
}

void
err_clear(struct err *err)
{
	memset(err, 0, sizeof(*err));
}

const char *
err_name(enum err_code code)
{
	if ((size_t)code >= sizeof(codes) / sizeof(codes[0]))
		return "internal";
	return codes[code].name;
}

int
err_status(enum err_code code)
{
	if ((size_t)code >= sizeof(codes) / sizeof(codes[0]))
		return 500;
	return codes[code].status;
}
