/* admin/copy_own.h - what the two halves of admin_copy share: copying, and
 * comparing. Private to admin/copy*.c. */
#ifndef ADMIN_COPY_OWN_H
#define ADMIN_COPY_OWN_H

#include "admin/copy.h"
#include "admin/walk.h"
#include "base/map.h"
#include "store/copy.h"

/* How far a room of the target was. */
struct had {
	struct id id;
	uint64_t seq;
};

struct copy {
	const struct copy_job *job;
	struct copy_report *r;
	struct err *err;
	struct map had;       /* of struct had, by id */
	struct copy_row *row; /* a page */
	const char *what;     /* the part of the work that goes on */
	uint64_t done, total; /* events of that part */
	struct digest *all;   /* of everything that was compared */
	struct side *side;    /* whose rows are read */
};

typedef int copy_page_fn(
    struct copy *c, enum copy_kind kind, const struct copy_row *v, size_t n);

/* A part of the work begins; how far it is (c->done); and it is done. */
void copy_begin(struct copy *c, const char *what);
void copy_tell(const struct copy *c);
void copy_done(struct copy *c);

/* All rows of a kind, in pages; an empty last one too. 0 or -1. */
int copy_each_page(
    struct copy *c, struct db *db, enum copy_kind kind, copy_page_fn *fn);

/* Reads both again: INTERNAL when they are not the same. */
int copy_compare(struct copy *c);

#endif
