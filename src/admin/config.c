/* admin/config.c - the configuration as it is in effect. */

#include "admin/ops.h"

static void
put_key(const char *name, const char *value, void *arg)
{
	json_kstr(arg, name, value);
}

static void
config_run(struct db *db, struct admin_call *call)
{
	json_key(call->out, "config");
	json_open(call->out, '{');
	conf_each(call->conf, put_key, call->out);
	json_close(call->out, '}');
}

const struct admin_op admin_config = {
	.name = "config", .flags = ADMIN_NO_STORE, .run = config_run
};
