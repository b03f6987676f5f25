/* ctl/cmd_session.c - burungctl session … */
#include <inttypes.h>
#include <stdio.h>

#include "ctl/ctl.h"
#include "ctl/table.h"

/* Only the token on stdout: TOKEN=$(burungctl session add bot). */
int
cmd_session_add(struct ctl *c)
{
	struct buf args = { 0 };
	struct json *doc;

	json_kstr(&args, "user", c->argv[0]);
	if (c->device != NULL)
		json_kstr(&args, "device", c->device);
	doc = ctl_ask(c, "session_add", &args);
	buf_free(&args);
	if (doc == NULL)
		return CTL_FAILED;
	if (!c->json)
		puts(ctl_text(doc, "token"));
	json_free(&doc);
	return CTL_OK;
}

static void
add_session(struct table *t, const struct json *s)
{
	char at[TEXT_MAX];

	table_add(t, ctl_text(s, "id"));
	table_add(t, ctl_text(s, "device"));
	table_add(t, text_time(ctl_u64(s, "created"), at));
	table_add(t, text_time(ctl_u64(s, "used"), at));
	table_add(t, text_time(ctl_u64(s, "expires"), at));
}

int
cmd_session_list(struct ctl *c)
{
	static const char *const heads[] = { "ID", "DEVICE", "CREATED",
		"LAST USE", "EXPIRES", NULL };

	return ctl_pages(c, &(struct ctl_list){ .op = "session_list",
				.key = "sessions",
				.field = "user",
				.value = c->argv[0],
				.heads = heads,
				.add = add_session });
}

int
cmd_session_revoke(struct ctl *c)
{
	struct buf args = { 0 };
	struct json *doc;

	if ((c->argc == 2) == ((c->opts & OPT_ALL) != 0)) {
		fputs("burungctl: session revoke: name one session (session "
		      "list shows them), or --all\n",
		    stderr);
		return CTL_USAGE;
	}
	json_kstr(&args, "user", c->argv[0]);
	if (c->argc == 2)
		json_kstr(&args, "session", c->argv[1]);
	doc = ctl_ask(c, "session_revoke", &args);
	buf_free(&args);
	if (doc == NULL)
		return CTL_FAILED;
	if (!c->json)
		printf("%" PRIu64 " ended.\n", ctl_u64(doc, "revoked"));
	json_free(&doc);
	return CTL_OK;
}
