/* proc/master.c - opens what all workers share, forks them, minds the signals.
 */
#include "proc/master.h"

#include <sys/stat.h>

#include <bsd/string.h>
#include <bsd/unistd.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "proc/admin_socket.h"
#include "proc/handed.h"
#include "proc/join.h"
#include "proc/notify.h"
#include "proc/places.h"
#include "proc/prepare.h"
#include "proc/privs.h"
#include "proc/server.h"

/* Starting ------------------------------------------------------------------
 */

static int
check_www(const struct conf *conf, struct err *err)
{
	struct stat st;

	if (conf->www == NULL)
		return 0;
	if (stat(conf->www, &st) == -1)
		return err_set(
		    err, ERR_CONF, "www: %s: %s", conf->www, strerror(errno));
	if (!S_ISDIR(st.st_mode))
		return err_set(
		    err, ERR_CONF, "www: %s is not a folder", conf->www);
	return 0;
}

/* Everything that makes a configuration bad. */
static int
load(const char *path, struct conf **conf_r, struct err *err)
{
	struct identity id;

	if (conf_load(path, conf_r, err) == -1)
		return -1;
	if (check_www(*conf_r, err) == 0 &&
	    bus_check((*conf_r)->bus, err) == 0 &&
	    privs_lookup((*conf_r)->user, &id, err) == 0)
		return 0;
	conf_free(conf_r);
	return -1;
}

int
master_check(const char *conf_path, struct err *err)
{
	struct conf *conf;

	if (load(conf_path, &conf, err) == -1)
		return -1;
	conf_free(&conf);
	return 0;
}

/* What is handed over is used where the configuration names its address. */
static int
open_sockets(struct server *s, struct err *err)
{
	struct listen_set handed;
	int rc = 0;

	handed_take(&handed);
	if (listen_open(&s->listen, &handed, "listen", s->conf->listen, err) ==
		-1 ||
	    listen_open(&s->metrics, &handed, "metrics_listen",
		s->conf->metrics_listen, err) == -1)
		rc = -1;
	handed_close(&handed);
	return rc;
}

static int
open_as_root(struct server *s, struct err *err)
{
	struct conf *conf = s->conf;
	struct identity id;

	if (privs_lookup(conf->user, &id, err) == -1 ||
	    datadir_open(&s->data, conf->data, &id, err) == -1 ||
	    open_sockets(s, err) == -1)
		return -1;
	privs_raise_nofile();
	if (privs_drop(&id, err) == -1)
		return -1;
	return admin_socket_open(&s->admin, conf->data, err);
}

/* How other hosts know this one. */
static int
open_host(struct server *s, struct err *err)
{
	struct node *n = &s->node;

	bus_describe(s->conf->bus, n->bus, sizeof(n->bus));
	if (!store_is_shared(s->conf->store))
		return 0;
	if (gethostname(n->name, sizeof(n->name) - 1) == -1)
		strlcpy(n->name, "?", sizeof(n->name));
	return datadir_host_id(s->conf->data, &n->id, err);
}

static int
open_shared(struct server *s, struct err *err)
{
	unsigned places = s->conf->workers + 1;
	int away;

	if (s->conf->log_file != NULL && log_open(s->conf->log_file) == -1)
		return err_sys(err, "log_file: %s", s->conf->log_file);
	s->board = board_new(places);
	s->board->log_level = (int)s->conf->log_level;
	s->pairs = bus_pairs_new(places, err);
	if (s->pairs == NULL)
		return -1;
	away = prepare_store(s, s->board->setup_code, err);
	if (away == -1 || open_host(s, err) == -1 ||
	    (away == 0 && join_prepare(s, err) == -1))
		return -1;
	if (s->board->setup_code[0] != '\0')
		log_warn("setup code",
		    "code=%s use=\"the first account, made with it%s, is the "
		    "administrator\"",
		    s->board->setup_code, away ? " on this host" : "");
	return 0;
}

static int
server_open(struct server *s, const char *conf_path, struct err *err)
{
	int n;

	s->conf_path = conf_path;
	s->node.run = id_new();
	s->data.lock = -1;
	if (load(conf_path, &s->conf, err) == -1)
		return -1;
	log_init("master", s->conf->log_level);
	n = snprintf(
	    s->db_path, sizeof(s->db_path), "%s/burung.db", s->conf->data);
	if (n >= (int)sizeof(s->db_path))
		return err_set(err, ERR_CONF, "data: the path is too long");
	if (open_as_root(s, err) == -1)
		return -1;
	datadir_write_pid(&s->data);
	return open_shared(s, err);
}

static void
server_close(struct server *s)
{
	bus_pairs_free(&s->pairs);
	board_free(&s->board);
	listen_close(&s->listen);
	listen_close(&s->metrics);
	if (s->conf != NULL)
		admin_socket_close(&s->admin, s->conf->data);
	datadir_close(&s->data);
	conf_free(&s->conf);
}

/* Signals -------------------------------------------------------------------
 */

/* Blocked, to be taken one by one. The workers unblock them. */
static void
signals_block(sigset_t *set)
{
	static const int numbers[] = { SIGTERM, SIGINT, SIGHUP, SIGUSR1,
		SIGUSR2, SIGCHLD };

	sigemptyset(set);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		signal(numbers[i], SIG_DFL); /* may be inherited as ignored */
		sigaddset(set, numbers[i]);
	}
	sigprocmask(SIG_SETMASK, set, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static void
reload(struct places *p)
{
	struct server *s = p->server;
	struct err err = { 0 };
	struct conf *conf;
	char fixed[160];

	if (load(s->conf_path, &conf, &err) == -1) {
		log_error("configuration refused",
		    "why=\"%s\" action=\"the former stays\"", err.text);
		return;
	}
	conf_fixed_diff(s->conf, conf, fixed, sizeof(fixed));
	if (fixed[0] != '\0')
		log_warn(
		    "keys that need a restart changed", "keys=\"%s\"", fixed);
	places_replace(p, conf);
	log_info("configuration read", "workers=\"replaced one by one\"");
}

static void
reopen_log(const struct places *p)
{
	if (log_reopen() == -1)
		log_warn("log not reopened", "why=\"%s\"", strerror(errno));
	places_signal(p, SIGUSR1);
	log_info("log reopened");
}

static void
on_signal(struct places *p, int number)
{
	switch (number) {
	case SIGTERM:
	case SIGINT:
		if (!p->ending)
			log_info("ending", "signal=%d", number);
		places_end(p);
		break;
	case SIGHUP:
		if (!p->ending)
			reload(p);
		break;
	case SIGUSR1:
		reopen_log(p);
		break;
	case SIGUSR2:
		log_warn("no upgrade in place yet",
		    "signal=USR2 action=\"restart to run a new binary\"");
		break;
	default:
		break; /* CHLD: the tick looks */
	}
}

static void
supervise(struct server *s, const sigset_t *set)
{
	struct places p;
	struct notify notify;
	struct timespec ts = { 0 };
	unsigned ms;
	int number;

	notify_init(&notify);
	places_init(&p, s);
	for (;;) {
		log_set_level((enum log_level)s->board->log_level);
		ms = places_tick(&p);
		notify_follow(&notify, &p);
		if (p.ending && places_all_empty(&p))
			break;
		ts.tv_nsec = (long)ms * 1000000;
		number = sigtimedwait(set, NULL, &ts);
		if (number > 0)
			on_signal(&p, number);
	}
	conf_free(&p.former);
}

int
master_run(const char *conf_path, struct err *err)
{
	struct server s = { 0 };
	sigset_t set;
	int rc;

	umask(077);
	signals_block(&set);
	setproctitle("master");
	rc = server_open(&s, conf_path, err);
	if (rc == 0) {
		supervise(&s, &set);
		join_undo(&s);
		log_info("ended");
	}
	server_close(&s);
	return rc;
}
