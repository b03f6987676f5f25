/* bus/redis/conn.c - one connection to a Redis server. */
#include "bus/redis/conn.h"

#include <event2/event.h>
#include <hiredis/async.h>
#include <hiredis/hiredis.h>
#include <hiredis/sds.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"

/* The end of the connection; hiredis frees the context. */
static void
gone(struct rconn *c, const char *why)
{
	char text[160];

	/* why may be the context's */
	snprintf(text, sizeof(text), "%s", why);
	c->ac->data = NULL;
	c->ac = NULL;
	c->up = false;
	c->on_down(c->arg, text);
}

static const char *
reason(const redisAsyncContext *ac)
{
	return ac->errstr != NULL && ac->errstr[0] != '\0'
		   ? ac->errstr
		   : "the connection was closed";
}

static void
disconnected(const redisAsyncContext *ac, int status)
{
	struct rconn *c = ac->data;

	if (c != NULL)
		gone(c, reason(ac));
}

static void
replied(redisAsyncContext *ac, void *reply, void *arg)
{
	struct rconn *c = ac->data;

	if (c != NULL)
		c->on_reply(c->arg, reply);
}

static void
logged_in(redisAsyncContext *ac, void *reply, void *arg)
{
	struct rconn *c = ac->data;
	const redisReply *r = reply;

	if (c == NULL || r == NULL)
		return; /* disconnected follows */
	if (r->type == REDIS_REPLY_ERROR) {
		gone(c, r->str);
		redisAsyncFree(ac); /* when this callback returned */
		return;
	}
	c->up = true;
	c->on_up(c->arg);
}

static void
log_in(struct rconn *c)
{
	const char *argv[3] = { "AUTH" };
	int argc = 1;

	if (c->conf->user != NULL)
		argv[argc++] = c->conf->user;
	argv[argc++] = c->conf->password;
	redisAsyncCommandArgv(c->ac, logged_in, NULL, argc, argv, NULL);
}

/* hiredis 0.14 must not be told to free the context in here. */
static void
connected(const redisAsyncContext *ac, int status)
{
	struct rconn *c = ac->data;

	if (c == NULL)
		return;
	if (status != REDIS_OK) {
		gone(c, reason(ac));
		return;
	}
	if (c->conf->password != NULL) {
		log_in(c);
		return;
	}
	c->up = true;
	c->on_up(c->arg);
}

/* hiredis's own does not look whether it got its memory. */
struct watch {
	redisAsyncContext *ac;
	struct event *in, *out;
};

static void
readable(evutil_socket_t fd, short what, void *arg)
{
	redisAsyncHandleRead(((struct watch *)arg)->ac);
}

static void
writable(evutil_socket_t fd, short what, void *arg)
{
	redisAsyncHandleWrite(((struct watch *)arg)->ac);
}

static void
add_read(void *arg)
{
	event_add(((struct watch *)arg)->in, NULL);
}

static void
del_read(void *arg)
{
	event_del(((struct watch *)arg)->in);
}

static void
add_write(void *arg)
{
	event_add(((struct watch *)arg)->out, NULL);
}

static void
del_write(void *arg)
{
	event_del(((struct watch *)arg)->out);
}

static void
watch_end(void *arg)
{
	struct watch *w = arg;

	event_free(w->in);
	event_free(w->out);
	free(w);
}

/* The first writing is the connection's being there. */
static void
watch(redisAsyncContext *ac, struct event_base *base)
{
	struct watch *w;

	MEM_NEW(w);
	w->ac = ac;
	w->in = event_new(base, ac->c.fd, EV_READ, readable, w);
	w->out = event_new(base, ac->c.fd, EV_WRITE, writable, w);
	if (w->in == NULL || w->out == NULL || event_add(w->in, NULL) == -1 ||
	    event_add(w->out, NULL) == -1)
		log_fatal("libevent gives no event");
	ac->ev.data = w;
	ac->ev.addRead = add_read;
	ac->ev.delRead = del_read;
	ac->ev.addWrite = add_write;
	ac->ev.delWrite = del_write;
	ac->ev.cleanup = watch_end;
}

int
rconn_open(struct rconn *c, const struct rconn_target *to, struct err *err)
{
	redisAsyncContext *ac;

	if (to->path != NULL)
		ac = redisAsyncConnectUnix(to->path);
	else
		ac = redisAsyncConnect(to->ip, to->port);
	if (ac == NULL)
		return err_set(err, ERR_SYS, "hiredis gives no context");
	if (ac->err != 0) {
		err_set(err, ERR_SYS, "%s", ac->errstr);
		redisAsyncFree(ac);
		return -1;
	}
	ac->data = c;
	c->ac = ac;
	c->up = false;
	watch(ac, loop_base(c->loop));
	redisAsyncSetConnectCallback(ac, connected);
	redisAsyncSetDisconnectCallback(ac, disconnected);
	return 0;
}

void
rconn_close(struct rconn *c)
{
	redisAsyncContext *ac = c->ac;

	c->ac = NULL;
	c->up = false;
	if (ac == NULL)
		return;
	ac->data = NULL;
	redisAsyncFree(ac);
}

void
rconn_send(struct rconn *c, int argc, const char **argv, const size_t *lens)
{
	redisContext *rc = &c->ac->c;

	if (redisAsyncCommandArgv(c->ac, replied, NULL, argc, argv, lens) !=
		REDIS_OK &&
	    (rc->flags & (REDIS_DISCONNECTING | REDIS_FREEING)) == 0)
		log_fatal("out of memory for Redis");
}

void
rconn_flush(struct rconn *c)
{
	if (c->up && rconn_queued(c) > 0)
		redisAsyncHandleWrite(c->ac);
}

size_t
rconn_queued(const struct rconn *c)
{
	return c->ac == NULL ? 0 : sdslen(c->ac->c.obuf);
}

void
rconn_wait_writable(const struct rconn *c, int ms)
{
	struct pollfd p = { .events = POLLOUT };

	if (c->ac == NULL)
		return;
	p.fd = c->ac->c.fd;
	poll(&p, 1, ms);
}
