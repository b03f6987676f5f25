/* ctl/target_own.h - what the files of a target share: telling how far it is,
 * asking the server, opening the database. Private to ctl/target*.c. */
#ifndef CTL_TARGET_OWN_H
#define CTL_TARGET_OWN_H

#include "ctl/ask.h"
#include "ctl/target.h"

/* One part of the work, for those who count. */
struct part {
	const struct target *t;
	const char *what;
};

/* A store_progress_cb whose arg is a struct part. */
void target_tell_part(uint64_t done, uint64_t total, void *arg);
void target_parts_over(const struct target *t);

/* Asks the server; an answer that is not 200 becomes *err. 0: the body is to be
 * read, and a_r to be ended. */
int target_ask(struct target *t, const char *op, const struct buf *args,
    struct answer *a_r, struct err *err);

/* Prepares and opens the database; to be closed with store_close_alone. */
int target_open_db(
    struct target *t, const char *path, struct db **db_r, struct err *err);

/* Only a first account may make the database. */
int target_need_file(
    const struct target *t, const char *path, const char *op, struct err *err);

#endif
