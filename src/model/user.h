/* model/user.h - a person with an account. */
#ifndef MODEL_USER_H
#define MODEL_USER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/id.h"

#define USER_NAME_MIN    3
#define USER_NAME_MAX    32
#define USER_DISPLAY_MAX 64 /* characters; 4 bytes each at most */
#define PASSWORD_MIN     8  /* bytes */
#define PASSWORD_MAX     256
#define DEVICE_MAX       64 /* characters */

/* Stored: never change a number. */
enum user_state {
	USER_ACTIVE = 0,
	USER_DISABLED =
	    1,         /* cannot log in; enabled again by an administrator */
	USER_GONE = 2, /* deleted: nameless for good, the id stays in logs */
};

struct user {
	struct id id;
	bool admin;
	enum user_state state;
	uint64_t created;   /* ms */
	uint64_t last_seen; /* ms; 0: never */
	char name[USER_NAME_MAX +
		  1]; /* as typed: A–Z kept, unique lower-cased */
	char display[USER_DISPLAY_MAX * 4 + 1]; /* "" : show the name */
};

/* A device that is logged in. */
struct session {
	struct id id;
	struct id user;
	uint64_t created; /* ms */
	uint64_t used;    /* ms, renewed at most once an hour */
	uint64_t expires; /* ms */
	char device[DEVICE_MAX * 4 + 1];
};

/* Each: 0, or -1 with *err that says what is expected. */
int user_check_name(const char *s, size_t len, struct err *err);
int user_check_display(const char *s, size_t len, struct err *err);
int user_check_password(const char *s, size_t len, struct err *err);
int user_check_device(const char *s, size_t len, struct err *err);

/* The name as it is unique: lower-cased, into out[USER_NAME_MAX + 1]. */
void user_fold_name(const char *name, char *out);

const char *user_state_name(enum user_state state); /* "active", … */

/* {"id","name","display","admin"?,"gone"?,"last_seen"?}; display falls back to
 * name; both are "" of those who are gone. */
void user_json(struct buf *b, const struct user *u);

#endif
