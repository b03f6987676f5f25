/* fuzz/request.c - any text from a client: read strictly, written back as it
 * was, and the command made of it answers once, in JSON that a client takes.
 * The store behind it is one that always fails. */
#include "chat/request.h"

#include <bsd/string.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "bus/driver.h"
#include "chat/limit.h"
#include "fuzz/must.h"
#include "t/lib/device.h"
#include "t/lib/turn.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

enum { TEXT_MAX = 65536, AGAIN_MAX = 8 * TEXT_MAX };

static struct chat *chat;
static struct wspool *pool;
static unsigned answers;

/* --- what is read --- */

static int
one_field(const char *key, const struct json *v, void *arg)
{
	const struct json *o = arg, *inner;
	const char *s;
	struct err err = { 0 };
	struct cid cid;
	struct id id;
	uint64_t u;
	size_t len;
	bool b;

	must(utf8_valid(key, strlen(key)));
	if (json_get_str(o, key, &s, &len, &err) == 1)
		must(strlen(s) == len && utf8_valid(s, len));
	if (json_get_u64(o, key, &u, &err) == 1)
		must(u <= 9007199254740991);
	json_get_bool(o, key, &b, &err);
	json_get_id(o, key, &id, &err);
	json_get_cid(o, key, &cid, &err);
	if (json_get_array(o, key, &inner, &err) == 1)
		for (size_t i = 0; i < json_len(inner); i++)
			if (json_is_object(json_at(inner, i)))
				json_each(json_at(inner, i), one_field,
				    (void *)(uintptr_t)json_at(inner, i));
	if (json_get_object(o, key, &inner, &err) == 1)
		json_each(inner, one_field, (void *)(uintptr_t)inner);
	must(utf8_valid(err.text, strlen(err.text)));
	return 0;
}

/* Written and read once more it is the same. */
static void
same_again(const struct json *doc)
{
	struct buf first = { 0 }, second = { 0 };
	struct json *again;

	json_value(&first, doc);
	must(utf8_valid(first.data, first.len));
	again = json_parse(first.data, first.len, AGAIN_MAX, NULL);
	must(again != NULL);
	json_value(&second, again);
	must(first.len == second.len &&
	     memcmp(first.data, second.data, first.len) == 0);
	json_free(&again);
	buf_free(&first);
	buf_free(&second);
}

/* --- what is answered --- */

/* The fields of an answer, in an object, are JSON as strict as ours. */
static void
is_json(const struct buf *fields)
{
	struct buf b = { 0 };
	struct json *doc;

	json_open(&b, '{');
	if (fields->len > 0)
		json_raw(&b, fields->data, fields->len);
	json_close(&b, '}');
	doc = json_parse(b.data, b.len, AGAIN_MAX, NULL);
	must(doc != NULL);
	json_free(&doc);
	buf_free(&b);
}

static void
on_ok(struct request *req, const struct buf *fields)
{
	answers++;
	is_json(fields);
}

static void
on_fail(struct request *req, const struct err *err)
{
	struct buf b = { 0 };

	answers++;
	must(err->code != ERR_INTERNAL && err->code != ERR_SYS);
	json_kstr(&b, "message", err->text);
	is_json(&b);
	buf_free(&b);
}

static void
on_cookie(struct request *req, const char *token)
{
}

static const struct request_ops ops = { on_ok, on_fail, on_cookie };

/* Made as src/gate makes them. */
static void
command(struct json *args, struct device *dev)
{
	const struct chat_cmd *cmd;
	struct request *req;
	struct err err = { 0 };
	const char *op;
	size_t len;

	if (json_need_str(args, "op", &op, &len, &err) == -1 ||
	    (cmd = chat_cmd_find(op)) == NULL) {
		json_free(&args);
		return;
	}
	MEM_NEW(req);
	req->chat = chat;
	req->ops = &ops;
	req->cmd = cmd;
	req->args = args;
	req->dev = cmd->flags & CMD_HTTP_ONLY ? NULL : device_ref(dev);
	req->user = dev->id;
	req->session = dev->session;
	chat->requests++;
	answers = 0;
	cmd->run(req);
	UNTIL(chat->requests == 0);
	must(answers == 1);
}

/* --- the worker around it --- */

static const struct wsconn_ops socket_ops = {
	.on_message = device_says_nothing,
	.on_closed = device_closed,
};

static void
nothing_published(struct bus *b, const struct bus_msg *m)
{
}

static void
begin(void)
{
	static const struct bus_driver silent = { .publish =
						      nothing_published };
	static const struct store_conf fails = { .driver = "fail" };
	static const struct wspool_conf wc = { 65536, 1 << 20, false };
	static const struct bus_ops nobody = { 0 };
	static struct bus bus = { .driver = &silent, .ops = &nobody };
	struct chat_conf cc = device_chat_conf();
	struct conf *conf;
	struct err err = { 0 };

	turn_begin();
	strlcpy(cc.setup_code, "1234-5678", 24);
	setenv("BURUNG_LIMIT_LOGIN_MEMORY", "8", 1);
	if (conf_load(NULL, &conf, &err) == -1 ||
	    (cc.store = store_open(&fails, loop, &err)) == NULL)
		bail_out(err.text);
	cc.conf = conf;
	cc.loop = loop;
	chat = chat_new(&cc);
	chat_set_bus(chat, &bus);
	pool = wspool_new(loop, &wc, &socket_ops);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct err err = { 0 };
	struct device *dev;
	struct json *doc = json_parse(p, n, TEXT_MAX, &err);
	int fd;

	if (doc == NULL) {
		must(err.code == ERR_BAD_REQUEST || err.code == ERR_TOO_LARGE);
		must(utf8_valid(err.text, strlen(err.text)));
		return 0;
	}
	json_each(doc, one_field, doc);
	same_again(doc);
	if (chat == NULL)
		begin();
	dev = device_open(chat, pool, &fd);
	dev->id.b[0] = dev->session.b[0] = 1;
	dev->flags = DEVICE_READY | DEVICE_SESSION;
	command(doc, dev);
	close(fd);
	UNTIL(wspool_count(pool) == 0);
	return 0;
}
