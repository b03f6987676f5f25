/* ctl/ctl.h - burungctl: its options, its commands, and how they answer. */
#ifndef CTL_CTL_H
#define CTL_CTL_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"
#include "ctl/target.h"

enum { CTL_OK = 0, CTL_FAILED = 1, CTL_USAGE = 2 }; /* exit codes */

/* Options; each command says which it knows. */
enum {
	OPT_ADMIN = 1,
	OPT_OFF = 2,
	OPT_DISPLAY = 4,
	OPT_GENERATE = 8,
	OPT_DEVICE = 16,
	OPT_ALL = 32,
	OPT_WATCH = 64,
	OPT_FORCE = 128,
	OPT_PREFIX = 256,
	OPT_FROM = 512,
	OPT_TO = 1024,
};

struct ctl {
	struct target target;
	bool json;     /* for programs: one JSON document on stdout */
	unsigned opts; /* OPT_* that were given */
	const char *display, *device, *prefix, *from, *to;
	int argc; /* what the command is about */
	char **argv;
};

struct ctl_cmd {
	const char *group, *name; /* "user" "add"; group NULL: none */
	const char *args;         /* "NAME", for the usage */
	const char *help;
	int min, max; /* arguments */
	unsigned opts;
	int (*run)(struct ctl *c); /* an exit code */
};

/* In the order of the help; name NULL at the end. */
extern const struct ctl_cmd ctl_cmds[];

int cmd_user_add(struct ctl *c);
int cmd_user_list(struct ctl *c);
int cmd_user_show(struct ctl *c);
int cmd_user_passwd(struct ctl *c);
int cmd_user_disable(struct ctl *c);
int cmd_user_enable(struct ctl *c);
int cmd_user_admin(struct ctl *c);
int cmd_user_remove(struct ctl *c);
int cmd_session_add(struct ctl *c);
int cmd_session_list(struct ctl *c);
int cmd_session_revoke(struct ctl *c);
int cmd_room_list(struct ctl *c);
int cmd_room_show(struct ctl *c);
int cmd_status(struct ctl *c);
int cmd_backup(struct ctl *c);
int cmd_restore(struct ctl *c);
int cmd_check(struct ctl *c);
int cmd_copy(struct ctl *c);
int cmd_config(struct ctl *c);
int cmd_log_level(struct ctl *c);

/* A list that comes in pages. */
struct table;
struct ctl_list {
	const char *op, *key;      /* whom to ask; the field with the rows */
	const char *field, *value; /* one more argument, or NULL */
	const char *const *heads;
	void (*add)(struct table *t, const struct json *row);
};

/* Asks for all pages and prints them as one table, or as one JSON object. An
 * exit code. */
int ctl_pages(struct ctl *c, const struct ctl_list *l);

/* A field of an answer; "" and 0 when it is not there. */
const char *ctl_text(const struct json *o, const char *key);
uint64_t ctl_u64(const struct json *o, const char *key);

/* Says on stderr what went wrong; returns CTL_FAILED. */
int ctl_fail(const struct err *err);

/* Asks op with args (an object without its braces). *doc_r: the answer, freed
 * by the caller; with --json it is printed too, then. NULL when it failed,
 * which is said. */
struct json *ctl_ask(struct ctl *c, const char *op, const struct buf *args);

/* The same when the answer is only to be printed as JSON or as done says. */
int ctl_do(
    struct ctl *c, const char *op, const struct buf *args, const char *done);

#endif
