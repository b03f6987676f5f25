/* ctl/ctl.c - what the commands share: asking, and saying what went wrong. */
#include "ctl/ctl.h"

#include <stdio.h>

#include "ctl/table.h"

int
ctl_fail(const struct err *err)
{
	fprintf(stderr, "burungctl: %s\n", err->text);
	return CTL_FAILED;
}

struct json *
ctl_ask(struct ctl *c, const char *op, const struct buf *args)
{
	struct err err = { 0 };
	struct buf answer = { 0 };
	struct json *doc = NULL;

	if (target_call(&c->target, op, args, &answer, &err) == 0)
		doc = json_parse(answer.data, answer.len, answer.len, &err);
	if (doc == NULL)
		ctl_fail(&err);
	else if (c->json)
		printf("%s\n", buf_cstr(&answer));
	buf_free(&answer);
	return doc;
}

int
ctl_do(struct ctl *c, const char *op, const struct buf *args, const char *done)
{
	struct json *doc = ctl_ask(c, op, args);

	if (doc == NULL)
		return CTL_FAILED;
	if (!c->json)
		puts(done);
	json_free(&doc);
	return CTL_OK;
}

const char *
ctl_text(const struct json *o, const char *key)
{
	const char *s = "";
	size_t len;

	json_get_str(o, key, &s, &len, NULL);
	return s;
}

uint64_t
ctl_u64(const struct json *o, const char *key)
{
	uint64_t v = 0;

	json_get_u64(o, key, &v, NULL);
	return v;
}

/* Takes in one page's rows: into the table or, without one, into the list. */
static void
take_page(const struct ctl_list *l, const struct json *doc, struct table *t,
    struct buf *list)
{
	const struct json *rows;

	if (json_get_array(doc, l->key, &rows, NULL) != 1)
		return;
	for (size_t i = 0; i < json_len(rows); i++) {
		if (t != NULL)
			l->add(t, json_at(rows, i));
		else
			json_value(list, json_at(rows, i));
	}
}

/* One page; asks for the one behind `after` next. 1: there is more, 0: that was
 * the last, -1: it failed, which was said. */
static int
ask_page(struct ctl *c, const struct ctl_list *l, struct buf *after,
    struct table *t, struct buf *list)
{
	struct buf args = { 0 };
	struct json *doc;
	const char *next;
	size_t len;
	int more;

	if (l->field != NULL)
		json_kstr(&args, l->field, l->value);
	if (after->len > 0)
		json_kstr(&args, "after", buf_cstr(after));
	doc = ctl_ask(c, l->op, &args);
	buf_free(&args);
	if (doc == NULL)
		return -1;
	take_page(l, doc, t, list);
	more = json_get_str(doc, "next", &next, &len, NULL) == 1;
	buf_clear(after);
	if (more)
		buf_add(after, next, len);
	json_free(&doc);
	return more;
}

int
ctl_pages(struct ctl *c, const struct ctl_list *l)
{
	struct table *t = c->json ? NULL : table_new(l->heads);
	struct buf after = { 0 }, list = { 0 };
	bool json = c->json;
	int rc;

	c->json = false; /* not each page */
	do
		rc = ask_page(c, l, &after, t, &list);
	while (rc == 1);
	c->json = json;
	if (t != NULL)
		table_print(&t);
	else if (rc == 0)
		printf("{\"%s\":[%s]}\n", l->key, buf_cstr(&list));
	buf_free(&after);
	buf_free(&list);
	return rc == 0 ? CTL_OK : CTL_FAILED;
}
