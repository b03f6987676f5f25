/* chat/throttle.c - the limits as commands meet them. */

#include "chat/throttle.h"

#include "base/clock.h"
#include "chat/device.h"
#include "chat/hold.h"

int
throttle(
    struct chat *chat, const struct limit_key *key, uint32_t n, struct err *err)
{
	uint32_t wait = limit_take(chat->c.limits, &chat->conf->rate[key->kind],
	    key, n, clock_mono_us());

	if (wait == 0)
		return 0;
	err_set(err, ERR_SLOW_DOWN, "Too many at a time; wait a little.");
	err->retry_ms = wait > INT32_MAX ? INT32_MAX : (int)wait;
	return -1;
}

void
throttle_undo(struct chat *chat, const struct limit_key *key, uint32_t n)
{
	limit_give(chat->c.limits, &chat->conf->rate[key->kind], key, n);
}

static struct limit_key
user_key(const struct request *req, enum conf_rates kind)
{
	return (struct limit_key){ kind, &req->user, sizeof(req->user) };
}

int
throttle_user(struct request *req, enum conf_rates kind, uint32_t n)
{
	struct limit_key key = user_key(req, kind);

	return throttle(req->chat, &key, n, &req->err);
}

void
throttle_user_undo(struct request *req, enum conf_rates kind, uint32_t n)
{
	struct limit_key key = user_key(req, kind);

	throttle_undo(req->chat, &key, n);
}

/* A connection is where its struct lies, and in which worker. */
struct place {
	uint64_t worker, dev;
};

static struct place
place_of(const struct chat *chat, const struct device *dev)
{
	return (struct place){ chat->c.place, (uintptr_t)dev };
}

/* Of the connection first, then of the user: all or nothing. */
static int
both(struct request *req, enum conf_rates connection, enum conf_rates user,
    uint32_t n)
{
	struct place place = place_of(req->chat, req->dev);
	struct limit_key key = { connection, &place, sizeof(place) };

	if (req->dev == NULL)
		return throttle_user(req, user, n);
	if (throttle(req->chat, &key, n, &req->err) == -1)
		return -1;
	if (throttle_user(req, user, n) == 0)
		return 0;
	throttle_undo(req->chat, &key, n);
	return -1;
}

int
throttle_sends(struct request *req, uint32_t n)
{
	return both(req, RATE_SENDS_CONNECTION, RATE_SENDS_USER, n);
}

int
throttle_device(struct request *req)
{
	if (both(req, RATE_REQUESTS_CONNECTION, RATE_REQUESTS_USER, 1) == 0)
		return 0;
	hold_device(req->dev, (uint32_t)req->err.retry_ms);
	return -1;
}

void
throttle_garbage(struct device *dev)
{
	struct place place = place_of(dev->chat, dev);
	struct limit_key key = { RATE_REQUESTS_CONNECTION, &place,
		sizeof(place) };
	struct err err = { 0 };

	if (throttle(dev->chat, &key, 1, &err) == -1)
		hold_device(dev, (uint32_t)err.retry_ms);
}
