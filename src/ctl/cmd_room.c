/* ctl/cmd_room.c - burungctl room … */
#include <stdio.h>

#include "ctl/ctl.h"
#include "ctl/table.h"

static const char *const room_heads[] = { "ID", "KIND", "LABEL", ">MEMBERS",
	">EVENTS", ">MESSAGES", "LAST EVENT", NULL };

static void
add_room(struct table *t, const struct json *r)
{
	char at[TEXT_MAX];

	table_add(t, ctl_text(r, "id"));
	table_add(t, ctl_text(r, "kind"));
	table_add(t, ctl_text(r, "label"));
	table_add_u64(t, ctl_u64(r, "members"));
	table_add_u64(t, ctl_u64(r, "seq"));
	table_add_u64(t, ctl_u64(r, "messages"));
	table_add(t, text_time(ctl_u64(r, "at"), at));
}

int
cmd_room_list(struct ctl *c)
{
	return ctl_pages(c, &(struct ctl_list){ .op = "room_list",
				.key = "rooms",
				.heads = room_heads,
				.add = add_room });
}

static void
print_members(const struct json *doc)
{
	static const char *const heads[] = { "NAME", "ROLE", ">JOINED AT",
		">READ TO", "ID", NULL };
	struct table *t = table_new(heads);
	const struct json *l = NULL, *m;

	json_get_array(doc, "members", &l, NULL);
	for (size_t i = 0; l != NULL && (m = json_at(l, i)) != NULL; i++) {
		table_add(t, ctl_text(m, "name"));
		table_add(t, ctl_text(m, "role"));
		table_add_u64(t, ctl_u64(m, "joined"));
		table_add_u64(t, ctl_u64(m, "read"));
		table_add(t, ctl_text(m, "user"));
	}
	table_print(&t);
}

int
cmd_room_show(struct ctl *c)
{
	struct buf args = { 0 };
	const struct json *r;
	struct json *doc;
	struct table *t;
	uint64_t next;

	json_kstr(&args, "room", c->argv[0]);
	doc = ctl_ask(c, "room_show", &args);
	buf_free(&args);
	if (doc == NULL)
		return CTL_FAILED;
	if (!c->json && json_get_object(doc, "room", &r, NULL) == 1) {
		t = table_new(room_heads);
		add_room(t, r);
		table_print(&t);
		putchar('\n');
		print_members(doc);
		if (json_get_u64(doc, "next", &next, NULL) == 1)
			puts("… and more");
	}
	json_free(&doc);
	return CTL_OK;
}
