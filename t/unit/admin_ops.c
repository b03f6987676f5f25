/* t/unit/admin_ops.c - the table of an administrator's commands, and that none
 * of them pretends when the store does not answer or nothing was said. */
#include <string.h>

#include "../lib/tap.h"
#include "admin/admin.h"
#include "base/log.h"

static const char whole[] = "{\"user\":\"ani\",\"password\":\"long enough\","
			    "\"room\":\"0123456789abcdef01234567\"}";

/* Runs op as a store thread would. */
static struct err
run(const struct admin_op *op, struct db *db, const struct conf *conf,
    const char *args)
{
	struct json *doc = json_parse(args, strlen(args), 4096, NULL);
	struct buf out = { 0 };
	struct err err = { 0 };
	struct admin_call call = {
		.args = doc, .conf = conf, .out = &out, .err = &err
	};

	if (op->prepare != NULL)
		op->prepare(&call);
	if (err.code == ERR_NONE)
		op->run(op->flags & ADMIN_NO_STORE ? NULL : db, &call);
	if (err.code != ERR_NONE && out.len > 0)
		fail("%s answers beside its error", op->name);
	admin_call_clear(&call);
	json_free(&doc);
	buf_free(&out);
	return err;
}

static bool
needs_a_field(const struct admin_op *op)
{
	return strcmp(op->name, "check") != 0 &&
	       strcmp(op->name, "user_list") != 0 &&
	       strcmp(op->name, "room_list") != 0;
}

static void
test_op(const struct admin_op *op, struct db *db, const struct conf *conf)
{
	ok(admin_op_find(op->name) == op, "%s is found by its name", op->name);
	if (op->flags & ADMIN_NO_STORE) {
		is_int(run(op, db, conf, "{}").code, ERR_NONE,
		    "%s needs no store", op->name);
		return;
	}
	is_int(run(op, db, conf, whole).code, ERR_BUSY,
	    "%s says that the store is away", op->name);
	if (needs_a_field(op))
		is_int(run(op, db, conf, "{}").code, ERR_BAD_REQUEST,
		    "%s says what is missing", op->name);
}

int
main(void)
{
	struct store_conf store = { .driver = "fail" };
	struct err err = { 0 };
	struct conf *conf = NULL;
	struct db *db;

	log_init("test", LOG_ERROR);
	if (conf_load(NULL, &conf, &err) == -1)
		bail_out(err.text);
	conf->limit_login_memory = 8;
	db = store_open_alone(&store, &err);
	for (size_t i = 0; admin_ops[i] != NULL; i++)
		test_op(admin_ops[i], db, conf);
	ok(admin_op_find("fly") == NULL, "there is no other");
	store_close_alone(&db);
	conf_free(&conf);
	return done_testing();
}
