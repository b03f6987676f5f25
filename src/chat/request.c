/* chat/request.c - a command's way over the store's threads and back. */

#include "chat/request.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/failpoint.h"
#include "chat/device.h"
#include "chat/hub.h"
#include "net/offload.h"

/* Passwords that may wait to be hashed on this worker: some 30 s of work. */
#define HASHES_MAX 64

static void
request_free(struct request *req)
{
	if (req->append.ev != NULL)
		append_clear(&req->append);
	event_free_body(&req->ev);
	if (req->data != NULL && req->data_free != NULL)
		req->data_free(req->data);
	else
		free(req->data);
	json_free(&req->args);
	buf_free(&req->out);
	free(req);
}

void
request_reply(struct request *req)
{
	struct device *dev = req->dev;

	req->chat->requests--;
	if (req->err.code != ERR_NONE)
		req->ops->fail(req, &req->err);
	else
		req->ops->ok(req, &req->out);
	request_free(req);
	if (dev != NULL)
		device_unref(dev);
}

static void
next(struct request *req)
{
	if (req->done != NULL)
		req->done(req);
	else
		request_reply(req);
}

static void
on_work(struct db *db, void *arg)
{
	struct request *req = arg;

	req->work(db, req);
}

static void
on_done(void *arg)
{
	next(arg);
}

void
request_read(struct request *req, request_work_cb *work, request_done_cb *done)
{
	req->work = work;
	req->done = done;
	store_read(req->chat->store, on_work, on_done, req);
}

void
request_write(struct request *req, request_work_cb *work, request_done_cb *done)
{
	req->work = work;
	req->done = done;
	store_write(req->chat->store, on_work, on_done, req);
}

/* The free one, as far as one can tell; else the one that falls to us. */
static struct shlock *
pick_slot(struct shlock *slots)
{
	for (unsigned i = 0; i < 2; i++)
		if (slots[i].holder == 0)
			return &slots[i];
	return &slots[(unsigned)getpid() % 2];
}

static void
on_hash(void *arg)
{
	struct request *req = arg;
	struct shlock *slot = pick_slot(req->chat->c.hash_slots);

	shlock_lock(slot);
	req->work(NULL, req);
	shlock_unlock(slot);
}

void
request_hash(struct request *req, request_work_cb *work, request_done_cb *done)
{
	if (offload_pending(req->chat->hashers) >= HASHES_MAX) {
		err_set(&req->err, ERR_SLOW_DOWN,
		    "Too many people are logging in right now.");
		req->err.retry_ms = 2000 + (int)clock_jitter(3000);
		request_reply(req);
		return;
	}
	req->work = work;
	req->done = done;
	offload_run(req->chat->hashers, on_hash, on_done, req);
}

static void
deliver(struct request *req)
{
	struct chat *chat = req->chat;
	const struct append *a = &req->append;
	uint64_t stored = a->more.n;

	if (!a->nothing) {
		stored += req->repeated ? 0 : 1;
		hub_commit(chat->hub, &req->ev);
	}
	hub_commit_list(chat->hub, &a->more);
	if (stored > 0)
		*chat->c.counters.stored += stored;
}

static void
on_appended(struct append *a)
{
	struct request *req = a->arg;

	if (a->err.code != ERR_NONE) {
		req->err = a->err;
	} else {
		deliver(req);
		FAILPOINT("append.before_ack");
	}
	next(req);
}

void
request_append(struct request *req, request_done_cb *done)
{
	static const struct cid none;

	req->done = done;
	req->ev.from = req->user;
	if (cid_eq(&req->ev.cid, &none))
		req->ev.cid = cid_new();
	req->append = (struct append){
		.ev = &req->ev,
		.n = 1,
		.known = req->known,
		.done = on_appended,
		.arg = req,
		.repeated = &req->repeated,
	};
	store_append(req->chat->store, &req->append);
}
