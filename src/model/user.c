/* model/user.c - what an account may look like, and its JSON. */

#include "model/user.h"

#include <string.h>

#include "base/json.h"
#include "base/utf8.h"
#include "model/text.h"

static bool
is_name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
}

int
user_check_name(const char *s, size_t len, struct err *err)
{
	if (len < USER_NAME_MIN || len > USER_NAME_MAX)
		goto bad;
	for (size_t i = 0; i < len; i++)
		if (!is_name_char(s[i]))
			goto bad;
	return 0;
bad:
	return err_set(err, ERR_BAD_REQUEST,
	    "name: must be %d to %d letters a-z, digits, or . _ -",
	    USER_NAME_MIN, USER_NAME_MAX);
}

int
user_check_display(const char *s, size_t len, struct err *err)
{
	return text_check_line("display", s, len, USER_DISPLAY_MAX, err);
}

int
user_check_password(const char *s, size_t len, struct err *err)
{
	if (len < PASSWORD_MIN || len > PASSWORD_MAX)
		return err_set(err, ERR_BAD_REQUEST,
		    "password: must be %d to %d bytes", PASSWORD_MIN,
		    PASSWORD_MAX);
	if (!utf8_valid(s, len) || memchr(s, '\0', len) != NULL)
		return err_set(
		    err, ERR_BAD_REQUEST, "password: is not valid UTF-8");
	return 0;
}

int
user_check_device(const char *s, size_t len, struct err *err)
{
	return text_check_line("device", s, len, DEVICE_MAX, err);
}

void
user_fold_name(const char *name, char *out)
{
	size_t i;

	for (i = 0; i < USER_NAME_MAX && name[i] != '\0'; i++) {
		char c = name[i];

		out[i] = (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
	}
	out[i] = '\0';
}

const char *
user_state_name(enum user_state state)
{
	switch (state) {
	case USER_DISABLED:
		return "disabled";
	case USER_GONE:
		return "gone";
	default:
		return "active";
	}
}

void
user_json(struct buf *b, const struct user *u)
{
	json_open(b, '{');
	json_kid(b, "id", &u->id);
	json_kstr(b, "name", u->name);
	json_kstr(b, "display", u->display[0] != '\0' ? u->display : u->name);
	if (u->admin)
		json_kbool(b, "admin", true);
	if (u->state == USER_GONE)
		json_kbool(b, "gone", true);
	if (u->last_seen > 0)
		json_ku64(b, "last_seen", u->last_seen);
	json_close(b, '}');
}
