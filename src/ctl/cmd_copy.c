/* ctl/cmd_copy.c - burungctl copy: from the file of one host to a MongoDB for
 * several, and back. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "admin/copy.h"
#include "base/clock.h"
#include "base/mem.h"
#include "ctl/ctl.h"
#include "ctl/table.h"
#include "store/nodes.h"

#define SQLITE   "sqlite:"
#define FRESH_MS 30000 /* a host that lives has told so by then */

/* One of the two stores. */
struct place {
	const char *option; /* "--from" */
	const char *driver; /* as in store_conf */
	const char *path;   /* of the file; NULL: a MongoDB */
	struct db *db;
};

/* What the option says; "conf" is the store of the configuration, whose
 * password stays out of the list of processes. */
static int
take_place(struct ctl *c, const char *text, struct place *p, struct err *err)
{
	const char *store = c->target.conf->store;

	if (text == NULL)
		return err_set(err, ERR_BAD_REQUEST,
		    "%s is missing: sqlite:FILE, mongodb://HOST/NAME or conf",
		    p->option);
	if (strcmp(text, "conf") == 0 && strcmp(store, "sqlite") == 0)
		p->path = c->target.db_path;
	else if (strcmp(text, "conf") == 0)
		text = store;
	else if (strncmp(text, SQLITE, strlen(SQLITE)) == 0)
		p->path = text + strlen(SQLITE);
	p->driver = p->path != NULL ? "sqlite" : text;
	if (p->path != NULL ? *p->path != '\0'
			    : strncmp(text, "mongodb", 7) == 0)
		return 0;
	return err_set(err, ERR_BAD_REQUEST,
	    "%s: neither sqlite:FILE nor mongodb://HOST/NAME nor conf",
	    p->option);
}

/* The folder of the file is locked, so that no burungd works on it. */
static int
lock_folder(struct target *t, const struct place *p, struct err *err)
{
	char folder[PATH_MAX], *slash;

	if (snprintf(t->db_path, sizeof(t->db_path), "%s", p->path) >=
	    (int)sizeof(t->db_path))
		return err_set(err, ERR_BAD_REQUEST, "%s: the path is too long",
		    p->option);
	snprintf(folder, sizeof(folder), "%s", p->path);
	slash = strrchr(folder, '/');
	if (slash == NULL)
		snprintf(folder, sizeof(folder), ".");
	else
		slash[slash == folder ? 1 : 0] = '\0';
	free(t->conf->data);
	t->conf->data = mem_strdup(folder);
	return target_need_none(t, err);
}

static int
open_place(struct target *t, struct place *p, bool source, struct err *err)
{
	struct store_conf conf = { .driver = p->driver, .path = p->path };
	int rc;

	if (p->path != NULL && source && access(p->path, F_OK) == -1)
		return err_sys(err, "%.120s", p->path);
	target_become_owner(t, p->path != NULL);
	rc = store_prepare(&conf, err);
	if (rc == 0)
		p->db = store_open_alone(&conf, err);
	target_become_owner(t, false);
	return p->db == NULL ? -1 : 0;
}

/* The first host that uses a MongoDB now, into name. 1, 0 or -1. */
static int
find_host(struct db *db, char name[NODE_NAME], struct err *err)
{
	uint64_t now = clock_wall_ms();
	struct node_list l;
	int found = 0;

	if (db_nodes(db, &l, err) == -1)
		return -1;
	for (size_t i = 0; i < l.n && !found; i++)
		if (l.v[i].at + FRESH_MS > now) {
			snprintf(name, NODE_NAME, "%s", l.v[i].name);
			found = 1;
		}
	node_list_free(&l);
	return found;
}

/* Whom burungd's hosts use is not written; and what is read under their hands
 * may change before it is compared. */
static int
check_hosts(const struct place *p, bool source, struct err *err)
{
	char name[NODE_NAME];
	int found = p->path == NULL ? find_host(p->db, name, err) : 0;

	if (found != 1)
		return found;
	if (!source)
		return err_set(err, ERR_BUSY,
		    "the host %s uses the target, or did until a moment ago: "
		    "stop burungd there, and try again in half a minute",
		    name);
	fprintf(stderr,
	    "burungctl: the host %s uses the source, or did until a moment "
	    "ago; what is written meanwhile may be missing in the copy\n",
	    name);
	return 0;
}

static int
prepare(struct ctl *c, struct place *from, struct place *to, struct err *err)
{
	if (take_place(c, c->from, from, err) == -1 ||
	    take_place(c, c->to, to, err) == -1)
		return -1;
	if ((from->path == NULL) == (to->path == NULL))
		return err_set(err, ERR_BAD_REQUEST,
		    "one of --from and --to is a file of SQLite, the other a "
		    "MongoDB; a file is copied with backup");
	if (lock_folder(&c->target, from->path != NULL ? from : to, err) == -1)
		return -1;
	if (open_place(&c->target, from, true, err) == -1 ||
	    open_place(&c->target, to, false, err) == -1)
		return -1;
	if (check_hosts(from, true, err) == -1)
		return -1;
	return check_hosts(to, false, err);
}

static int
copy(struct ctl *c, struct copy_report *r, struct err *err)
{
	struct place from = { .option = "--from" }, to = { .option = "--to" };
	struct target *t = &c->target;
	struct progress p = { 0 };
	struct copy_job job = { .progress = c->json ? NULL : progress_show,
		.progress_arg = &p };
	int rc = prepare(c, &from, &to, err);

	if (rc == 0) {
		job.from = from.db;
		job.to = to.db;
		target_become_owner(t, true);
		rc = admin_copy(&job, r, err);
		target_become_owner(t, false);
		if (job.progress != NULL)
			job.progress(NULL, 0, 0, &p);
	}
	target_become_owner(t, t->known);
	store_close_alone(&from.db);
	store_close_alone(&to.db);
	target_become_owner(t, false);
	return rc;
}

static void
print_report(const struct ctl *c, const struct copy_report *r)
{
	struct buf b = { 0 };

	if (!c->json) {
		printf("users %" PRIu64 ", sessions %" PRIu64
		       ", invitations %" PRIu64 ", rooms %" PRIu64
		       ", members %" PRIu64 ", events %" PRIu64
		       "\ndigest %s\nAll is there, and the same.\n",
		    r->users, r->sessions, r->invites, r->rooms, r->members,
		    r->events, r->digest);
		return;
	}
	json_open(&b, '{');
	json_ku64(&b, "users", r->users);
	json_ku64(&b, "sessions", r->sessions);
	json_ku64(&b, "invites", r->invites);
	json_ku64(&b, "rooms", r->rooms);
	json_ku64(&b, "directs", r->directs);
	json_ku64(&b, "members", r->members);
	json_ku64(&b, "events", r->events);
	json_kstr(&b, "digest", r->digest);
	json_close(&b, '}');
	puts(buf_cstr(&b));
	buf_free(&b);
}

int
cmd_copy(struct ctl *c)
{
	struct copy_report r = { .users = 0 };
	struct err err = { 0 };

	if (copy(c, &r, &err) == -1)
		return ctl_fail(&err);
	print_report(c, &r);
	return CTL_OK;
}
