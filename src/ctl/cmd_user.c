/* ctl/cmd_user.c - burungctl user … */
#include <bsd/readpassphrase.h>
#include <bsd/stdlib.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ctl/ctl.h"
#include "ctl/table.h"

#define PASSWORD 257 /* the longest, and NUL */

/* Twenty letters and digits that are not taken for another: 99 bits. */
static void
generate(char out[PASSWORD])
{
	static const char symbols[] = "abcdefghjkmnpqrstuvwxyz23456789";
	size_t i;

	for (i = 0; i < 20; i++)
		out[i] = symbols[arc4random_uniform(sizeof(symbols) - 1)];
	out[i] = '\0';
}

static int
ask_twice(char out[PASSWORD], struct err *err)
{
	char again[PASSWORD];
	bool same;

	if (readpassphrase("Password: ", out, PASSWORD, 0) == NULL ||
	    readpassphrase("Once more: ", again, sizeof(again), 0) == NULL)
		return err_set(err, ERR_SYS, "no password was given");
	same = strcmp(out, again) == 0;
	explicit_bzero(again, sizeof(again));
	return same ? 0
		    : err_set(err, ERR_BAD_REQUEST, "the two passwords differ");
}

/* From a terminal, asked for twice; else the first line of the input. */
static int
get_password(const struct ctl *c, char out[PASSWORD], struct err *err)
{
	if (c->opts & OPT_GENERATE) {
		generate(out);
		return 0;
	}
	if (isatty(STDIN_FILENO))
		return ask_twice(out, err);
	if (fgets(out, PASSWORD, stdin) == NULL)
		return err_set(err, ERR_BAD_REQUEST,
		    "no password on the input; give one, or --generate");
	out[strcspn(out, "\r\n")] = '\0';
	return 0;
}

/* A command with a password; wiped wherever it was. */
static int
with_password(struct ctl *c, const char *op, struct buf *args, const char *done)
{
	char password[PASSWORD];
	struct err err = { 0 };
	int rc;

	if (get_password(c, password, &err) == -1)
		return ctl_fail(&err);
	json_kstr(args, "password", password);
	rc = ctl_do(c, op, args, done);
	if (rc == CTL_OK && (c->opts & OPT_GENERATE))
		fprintf(c->json ? stderr : stdout, "password: %s\n", password);
	explicit_bzero(password, sizeof(password));
	explicit_bzero(args->data, args->len);
	return rc;
}

int
cmd_user_add(struct ctl *c)
{
	struct buf args = { 0 };
	int rc;

	json_kstr(&args, "user", c->argv[0]);
	if (c->display != NULL)
		json_kstr(&args, "display", c->display);
	if (c->opts & OPT_ADMIN)
		json_kbool(&args, "admin", true);
	rc = with_password(c, "user_add", &args, "The account is there.");
	buf_free(&args);
	return rc;
}

int
cmd_user_passwd(struct ctl *c)
{
	struct buf args = { 0 };
	int rc;

	json_kstr(&args, "user", c->argv[0]);
	rc = with_password(c, "user_passwd", &args,
	    "The password is changed; all sessions of the user have ended.");
	buf_free(&args);
	return rc;
}

/* user disable | enable | admin | remove */
static int
change(struct ctl *c, const char *op, const char *done)
{
	struct buf args = { 0 };
	int rc;

	json_kstr(&args, "user", c->argv[0]);
	if (c->opts & OPT_OFF)
		json_kbool(&args, "on", false);
	rc = ctl_do(c, op, &args, done);
	buf_free(&args);
	return rc;
}

int
cmd_user_disable(struct ctl *c)
{
	return change(c, "user_disable",
	    "The account is disabled; its sessions have ended.");
}

int
cmd_user_enable(struct ctl *c)
{
	return change(c, "user_enable", "The account can be used again.");
}

int
cmd_user_admin(struct ctl *c)
{
	return change(c, "user_admin",
	    c->opts & OPT_OFF ? "The user is an administrator no more."
			      : "The user is an administrator.");
}

int
cmd_user_remove(struct ctl *c)
{
	return change(c, "user_remove",
	    "The account is deleted, its name is free. What was written in "
	    "rooms stays.");
}

/* list, show --------------------------------------------------------------- */

static void
add_user(struct table *t, const struct json *u)
{
	char at[TEXT_MAX];
	bool admin = false;

	json_get_bool(u, "admin", &admin, NULL);
	table_add(t, ctl_text(u, "name"));
	table_add(t, ctl_text(u, "display"));
	table_add(t, admin ? "yes" : "");
	table_add(t, ctl_text(u, "state"));
	table_add(t, text_time(ctl_u64(u, "created"), at));
	table_add(t, text_time(ctl_u64(u, "last_seen"), at));
	table_add(t, ctl_text(u, "id"));
}

static const char *const user_heads[] = { "NAME", "DISPLAY", "ADMIN", "STATE",
	"CREATED", "LAST SEEN", "ID", NULL };

int
cmd_user_list(struct ctl *c)
{
	return ctl_pages(c, &(struct ctl_list){ .op = "user_list",
				.key = "users",
				.field = c->prefix != NULL ? "prefix" : NULL,
				.value = c->prefix,
				.heads = user_heads,
				.add = add_user });
}

int
cmd_user_show(struct ctl *c)
{
	struct buf args = { 0 };
	struct json *doc;
	const struct json *u;
	struct table *t;

	json_kstr(&args, "user", c->argv[0]);
	doc = ctl_ask(c, "user_show", &args);
	buf_free(&args);
	if (doc == NULL)
		return CTL_FAILED;
	if (!c->json && json_get_object(doc, "user", &u, NULL) == 1) {
		t = table_new(user_heads);
		add_user(t, u);
		table_print(&t);
		printf("rooms: %" PRIu64 ", sessions: %" PRIu64 "\n",
		    ctl_u64(doc, "rooms"), ctl_u64(doc, "sessions"));
	}
	json_free(&doc);
	return CTL_OK;
}
