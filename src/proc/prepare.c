/* proc/prepare.c - the database made ready before there are workers. */
#include "proc/prepare.h"

#include "base/log.h"
#include "net/loop.h"
#include "proc/child.h"
#include "store/nodes.h"
#include "store/store.h"
#include "store/users.h"

/* What the child says, through a pipe. */
struct found {
	struct err err;
	uint64_t accounts;
};

struct count {
	struct found *found;
	struct loop *loop;
};

static void
count_work(struct db *db, void *arg)
{
	struct found *f = ((struct count *)arg)->found;

	db_user_count(db, 1, &f->accounts, &f->err);
}

static void
count_done(void *arg)
{
	loop_stop(((struct count *)arg)->loop);
}

static void
look(const struct server *s, void *result)
{
	struct found *f = result;
	struct store_conf conf = { .driver = s->conf->store,
		.path = s->db_path,
		.write_lock = &s->board->store_write,
		.readers = 1 };
	struct count count = { .found = f };
	struct store *store;

	if (store_prepare(&conf, &f->err) == -1)
		return;
	count.loop = loop_new();
	store = store_open(&conf, count.loop, &f->err);
	if (store != NULL) {
		store_read(store, count_work, count_done, &count);
		loop_run(count.loop);
		store_close(&store);
	}
	loop_free(&count.loop);
}

int
prepare_store(const struct server *s, bool *empty_r, struct err *err)
{
	struct found f = { 0 };

	if (store_load(s->conf->store, err) == -1)
		return -1;
	if (child_run(s, "opening the database", look, &f, sizeof(f), err) ==
	    -1)
		return -1;
	if (f.err.code == ERR_BUSY && store_is_shared(s->conf->store)) {
		log_warn("store cannot be reached",
		    "action=\"started all the same; it is asked again\"");
		*empty_r = true; /* perhaps: the code works for a first one */
		return 1;
	}
	if (f.err.code != ERR_NONE) {
		*err = f.err;
		return -1;
	}
	*empty_r = f.accounts == 0;
	return 0;
}
