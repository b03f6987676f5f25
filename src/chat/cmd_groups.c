/* chat/cmd_groups.c - public groups, by label or by words of it. */

#include <bsd/string.h>
#include <string.h>

#include "chat/commands.h"
#include "chat/page.h"
#include "chat/view.h"
#include "model/text.h"

struct groups {
	struct page page;
	struct group_pos after; /* the label, or the word; and the id */
	const char *prefix;
	const char *words; /* NULL: by label */
};

/* The id, then the label or word. */
static void
next_of(
    struct buf *out, enum page_tag tag, const struct id *id, const char *text)
{
	struct buf pos = { 0 };

	buf_add(&pos, id, sizeof(*id));
	buf_adds(&pos, text);
	page_next(out, tag, pos.data, pos.len);
	buf_free(&pos);
}

static int
read_pos(struct groups *g, struct err *err)
{
	const char *text = (const char *)g->page.pos + sizeof(g->after.id);

	if (g->page.len == 0)
		return 0;
	if (g->page.len <= sizeof(g->after.id) ||
	    strlen(text) != g->page.len - sizeof(g->after.id) ||
	    room_check_label(text, strlen(text), NULL) == -1)
		return page_garbled(err);
	memcpy(&g->after.id, g->page.pos, sizeof(g->after.id));
	strlcpy(g->after.word, text, sizeof(g->after.word));
	return 0;
}

static int
read_words(struct request *req, struct groups *g, bool prefix)
{
	size_t len;
	int found =
	    json_get_str(req->args, "words", &g->words, &len, &req->err);

	if (found < 1)
		return found;
	if (prefix)
		return err_set(&req->err, ERR_BAD_REQUEST,
		    "words: not together with prefix");
	return text_check_line(
	    "words", g->words, len, ROOM_LABEL_MAX, &req->err);
}

static int
groups_read(struct request *req, struct groups *g)
{
	enum page_tag tag;
	size_t len;
	int found;

	*g = (struct groups){ .prefix = "" };
	found = json_get_str(req->args, "prefix", &g->prefix, &len, &req->err);
	if (found == -1 || read_words(req, g, found == 1) == -1)
		return -1;
	tag = g->words != NULL ? PAGE_WORDS : PAGE_GROUPS;
	if (page_read(req->args, tag, &g->page, &req->err) == -1)
		return -1;
	return read_pos(g, &req->err);
}

static void
by_label(struct db *db, struct request *req, struct groups *g)
{
	struct room after = { .id = g->after.id };
	struct room_views l = { 0 };
	size_t n, limit = g->page.limit;

	strlcpy(after.label, g->after.word, sizeof(after.label));
	if (db_groups_prefix(db, &req->user, g->prefix, &after, limit + 1, &l,
		&req->err) == -1)
		return;
	n = l.n > limit ? limit : l.n;
	view_rooms_json(&req->out, &l, n);
	if (n < l.n)
		next_of(&req->out, PAGE_GROUPS, &l.v[n - 1].room.id,
		    l.v[n - 1].room.label);
	room_views_free(&l);
}

static void
by_words(struct db *db, struct request *req, struct groups *g)
{
	struct room_views l = { 0 };

	if (db_groups_words(db, &req->user, g->words, &g->after, g->page.limit,
		&l, &req->err) == -1)
		return;
	view_rooms_json(&req->out, &l, l.n);
	if (g->after.word[0] != '\0')
		next_of(&req->out, PAGE_WORDS, &g->after.id, g->after.word);
	room_views_free(&l);
}

static void
groups_work(struct db *db, struct request *req)
{
	struct groups g;

	if (groups_read(req, &g) == -1)
		return;
	if (g.words != NULL)
		by_words(db, req, &g);
	else
		by_label(db, req, &g);
}

static void
groups_run(struct request *req)
{
	request_read(req, groups_work, NULL);
}

const struct chat_cmd cmd_groups = { .name = "groups", .run = groups_run };
