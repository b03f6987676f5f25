/* proc/worker_admin.c - a worker's side of the admin socket. */
#include "proc/worker_admin.h"

#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "proc/admin_socket.h"
#include "proc/metrics.h"

static void
run_status(const struct json *args, struct buf *out, struct err *err, void *arg)
{
	const struct worker_admin *a = arg;

	status_write(out, a->s->board, &a->s->node, PACKAGE_VERSION);
}

/* Each process takes the level from the board within a second. */
static void
run_log_level(
    const struct json *args, struct buf *out, struct err *err, void *arg)
{
	struct board *board = ((const struct worker_admin *)arg)->s->board;
	enum log_level level;
	const char *name;
	size_t len;
	int found = json_get_str(args, "level", &name, &len, err);

	if (found == -1)
		return;
	if (found == 1 && log_level_parse(name, &level) == -1) {
		err_set(err, ERR_BAD_REQUEST,
		    "level: must be error, warn, info or debug");
		return;
	}
	if (found == 1) {
		board->log_level = (int)level;
		log_set_level(level);
		log_warn("log level changed", "level=%s", name);
	}
	json_kstr(
	    out, "level", log_level_name((enum log_level)board->log_level));
}

static const struct gate_op ops[] = {
	{ "log_level", run_log_level },
	{ "status", run_status },
	{ NULL, NULL },
};

static void
metrics(struct buf *out, void *arg)
{
	const struct worker_admin *a = arg;

	metrics_write(out, a->s->board, PACKAGE_VERSION);
}

void
worker_admin_open(
    struct worker_admin *a, const struct server *s, struct loop *loop)
{
	struct http_conf conf = { .body_max = 65536 };

	a->s = s;
	snprintf(a->run_dir, sizeof(a->run_dir), "%.4000s/%s", s->conf->data,
	    ADMIN_FOLDER);
	a->http = http_server_new(loop, &conf);
	if (s->metrics.n > 0)
		a->metrics = http_server_new(loop, &conf);
}

struct gate_admin
worker_admin_conf(struct worker_admin *a)
{
	return (struct gate_admin){
		.http = a->http,
		.metrics_http = a->metrics,
		.run_dir = a->run_dir,
		.ops = ops,
		.metrics = metrics,
		.arg = a,
	};
}

static int
listen_all(
    struct http_server *http, const struct listen_set *set, struct err *err)
{
	for (size_t i = 0; i < set->n; i++)
		if (http_server_listen(http, set->fd[i], err) == -1)
			return -1;
	return 0;
}

int
worker_admin_listen(struct worker_admin *a, struct err *err)
{
	if (listen_all(a->http, &a->s->admin, err) == -1)
		return -1;
	if (a->metrics == NULL)
		return 0;
	return listen_all(a->metrics, &a->s->metrics, err);
}

int
worker_admin_drain(struct worker_admin *a, loop_cb *done, void *arg)
{
	http_server_drain(a->http, done, arg);
	if (a->metrics == NULL)
		return 1;
	http_server_drain(a->metrics, done, arg);
	return 2;
}

void
worker_admin_close(struct worker_admin *a)
{
	http_server_free(&a->http);
	http_server_free(&a->metrics);
}

uint64_t
worker_memory(void)
{
	int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	char text[128] = "", *resident;
	ssize_t n;

	if (fd == -1)
		return 0;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	resident = n > 0 ? strchr(text, ' ') : NULL;
	if (resident == NULL)
		return 0;
	return strtoull(resident, NULL, 10) * (uint64_t)sysconf(_SC_PAGESIZE);
}
