/* proc/prepare.c - the database made ready before there are workers. */
#include "proc/prepare.h"

#include <bsd/stdlib.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "net/loop.h"
#include "proc/child.h"
#include "store/nodes.h"
#include "store/store.h"

/* What the child says, through a pipe. */
struct found {
	struct err err;
	uint64_t accounts;
	char setup_code[SETUP_CODE]; /* when there are none */
};

struct search {
	struct found *found;
	struct loop *loop;
	struct store *store;
};

/* Twelve symbols of 32 that are not taken for another: 60 bits. */
static void
make_setup_code(char out[SETUP_CODE])
{
	static const char symbols[] = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
	char c[12];

	memset(out, 0, SETUP_CODE);
	for (size_t i = 0; i < sizeof(c); i++)
		c[i] = symbols[arc4random_uniform(sizeof(symbols) - 1)];
	snprintf(out, SETUP_CODE, "%.4s-%.4s-%.4s", c, c + 4, c + 8);
}

static void
code_work(struct db *db, void *arg)
{
	struct found *f = ((struct search *)arg)->found;
	char mine[SETUP_CODE];

	make_setup_code(mine);
	db_setup_code(db, mine, f->setup_code, &f->err);
	if (f->err.code == ERR_FORBIDDEN) {
		err_clear(&f->err);
		f->accounts = 1; /* since it was looked */
	}
}

static void
count_work(struct db *db, void *arg)
{
	struct found *f = ((struct search *)arg)->found;

	db_user_count(db, 1, &f->accounts, &f->err);
}

static void
done(void *arg)
{
	loop_stop(((struct search *)arg)->loop);
}

static void
counted(void *arg)
{
	struct search *q = arg;

	if (q->found->err.code == ERR_NONE && q->found->accounts == 0)
		store_write(q->store, code_work, done, q);
	else
		done(q);
}

static void
look(const struct server *s, void *result)
{
	struct found *f = result;
	struct store_conf conf = { .driver = s->conf->store,
		.path = s->db_path,
		.write_lock = &s->board->store_write,
		.readers = 1 };
	struct search q = { .found = f };

	if (store_prepare(&conf, &f->err) == -1)
		return;
	q.loop = loop_new();
	q.store = store_open(&conf, q.loop, &f->err);
	if (q.store != NULL) {
		store_read(q.store, count_work, counted, &q);
		loop_run(q.loop);
		store_close(&q.store);
	}
	loop_free(&q.loop);
}

int
prepare_store(
    const struct server *s, char setup_code_r[SETUP_CODE], struct err *err)
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
		make_setup_code(setup_code_r); /* perhaps there is no account */
		return 1;
	}
	if (f.err.code != ERR_NONE) {
		*err = f.err;
		return -1;
	}
	if (f.accounts == 0)
		memcpy(setup_code_r, f.setup_code, SETUP_CODE);
	return 0;
}
