/* chat/cmd_hello.c - the first thing a device says: what it has; the answer is
 * its account and rooms, then what it missed (chat/sync.h). */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "chat/commands.h"
#include "chat/device.h"
#include "chat/hub.h"
#include "chat/request.h"
#include "chat/room_list.h"
#include "chat/sync.h"
#include "store/users.h"

#define MISSED_MAX 500  /* further behind: begin anew with the newest page */
#define NAMED_MAX  2000 /* rooms in one hello */

/* What the device has of a room, later from where on it will be sent. */
struct named {
	struct id room;
	uint64_t seq;
	struct cid cid;
};

enum begin { BEGIN_LISTED, BEGIN_RESET, BEGIN_NAMED };

struct hello {
	struct named *named; /* by room */
	size_t nnamed;
	struct user user;
	uint32_t ended; /* the hub_user's, before the store was read */
	uint64_t self_seq;
	struct head_list heads;
	uint8_t *begin; /* enum begin of each head */
	struct room_list page;
};

static void
hello_clear(struct hello *h)
{
	head_list_free(&h->heads);
	free(h->begin);
	h->begin = NULL;
	room_list_free(&h->page);
	memset(&h->page, 0, sizeof(h->page));
}

static void
hello_free(void *arg)
{
	struct hello *h = arg;

	hello_clear(h);
	free(h->named);
	free(h);
}

static int
by_room(const void *a, const void *b)
{
	return id_cmp(
	    &((const struct named *)a)->room, &((const struct named *)b)->room);
}

/* "<room>":[seq,"cid"] */
static int
parse_named(const char *key, const struct json *v, void *arg)
{
	struct hello *h = arg;
	struct named *n = &h->named[h->nnamed];

	if (h->nnamed == NAMED_MAX ||
	    id_parse(key, strlen(key), &n->room) == -1 || !json_is_array(v) ||
	    json_len(v) != 2 || json_as_u64(json_at(v, 0), &n->seq) == -1 ||
	    json_as_cid(json_at(v, 1), &n->cid) == -1)
		return -1;
	h->nnamed++;
	return 0;
}

static int
parse(struct request *req, struct hello *h)
{
	const struct json *rooms;
	int rc = json_get_object(req->args, "rooms", &rooms, &req->err);

	if (rc != 1)
		return rc;
	h->named = mem_calloc(NAMED_MAX, sizeof(h->named[0]));
	if (json_each(rooms, parse_named, h) != 0)
		return err_set(&req->err, ERR_BAD_REQUEST,
		    "rooms must be {\"<room>\": [seq, \"cid\"], …}, at most %d",
		    NAMED_MAX);
	qsort(h->named, h->nnamed, sizeof(h->named[0]), by_room);
	return 0;
}

/* Is the event that the device has as its last one still that event? */
static int
same_event(struct db *db, const struct head *head, const struct named *n,
    struct err *err)
{
	struct event_list l = { 0 };
	int rc;

	if (n->seq == head->seq)
		return cid_eq(&n->cid, &head->cid);
	if (db_events(db, &head->room, n->seq, n->seq, 1, 0, &l, err) == -1)
		return -1;
	rc = l.n == 1 && cid_eq(&l.v[0].cid, &n->cid);
	event_list_free(&l);
	return rc;
}

static int
decide(struct db *db, struct hello *h, size_t i, struct err *err)
{
	const struct head *head = &h->heads.v[i];
	struct named key = { .room = head->room };
	const struct named *n =
	    h->nnamed == 0
		? NULL
		: bsearch(&key, h->named, h->nnamed, sizeof(key), by_room);
	int same;

	h->begin[i] = BEGIN_LISTED;
	if (n == NULL)
		return 0;
	h->begin[i] = BEGIN_RESET;
	if (n->seq == 0 || n->seq > head->seq ||
	    head->seq - n->seq > MISSED_MAX)
		return 0;
	if ((same = same_event(db, head, n, err)) == -1)
		return -1;
	if (same)
		h->begin[i] = BEGIN_NAMED;
	return 0;
}

/* The self room's head first: what happens later stands in it, and so will be
 * heard. A session that ended before is found out here. */
static int
gather(struct db *db, struct request *req, struct hello *h)
{
	struct head self = { .room = req->user };
	int alive = -1;

	if (db_heads(db, &self, 1, &req->err) == 0)
		alive =
		    db_session_alive(db, &req->user, &req->session, &req->err);
	if (alive == 1)
		alive = db_user_get(db, &req->user, &h->user, &req->err);
	if (alive == 0)
		return err_set(
		    &req->err, ERR_UNAUTHORIZED, "This session is over.");
	if (alive == -1 ||
	    db_heads_of(db, &req->user, &h->heads, &req->err) == -1 ||
	    room_list_page(db, &req->user, &h->page, &req->err) == -1)
		return -1;
	h->self_seq = self.seq;
	h->begin = mem_calloc(h->heads.n + 1, 1);
	for (size_t i = 0; i < h->heads.n; i++)
		if (decide(db, h, i, &req->err) == -1)
			return -1;
	return 0;
}

static void
work(struct db *db, struct request *req)
{
	struct hello *h = req->data;
	struct buf *b = &req->out;

	err_clear(&req->err);
	hello_clear(h);
	buf_clear(b);
	if (gather(db, req, h) == -1)
		return;
	json_key(b, "user");
	user_json(b, &h->user);
	json_key(b, "self");
	json_open(b, '{');
	json_ku64(b, "seq", h->self_seq);
	json_close(b, '}');
	json_ku64(b, "now", clock_wall_ms());
	json_kraw(b, "rooms", h->page.json.data, h->page.json.len);
	json_kbool(b, "more", h->page.more);
}

static uint64_t
begin_at(const struct hello *h, size_t i, struct named *key)
{
	const struct named *n;

	if (h->begin[i] != BEGIN_NAMED)
		return SYNC_UNLISTED;
	key->room = h->heads.v[i].room;
	n = bsearch(key, h->named, h->nnamed, sizeof(*key), by_room);
	return n != NULL ? n->seq + 1 : SYNC_UNLISTED;
}

/* From where on the device hears each of its logs. */
static void
begin_logs(struct device *dev, struct hub_user *u, const struct hello *h)
{
	struct hub *hub = dev->chat->hub;
	struct named key = { 0 };
	struct hub_room *room;

	sync_add(dev, &u->log, h->self_seq + 1);
	for (size_t i = 0; i < h->heads.n; i++) {
		room = hub_room_find(hub, &h->heads.v[i].room);
		if (room != NULL)
			sync_add(dev, &room->log, begin_at(h, i, &key));
	}
	for (size_t i = 0; i < h->page.n; i++)
		sync_listed(dev, &h->page.v[i].id, h->page.v[i].seq);
	if (h->page.more)
		sync_list_from(dev, &h->page.pos);
}

static void
send_resets(struct device *dev, const struct hello *h)
{
	struct buf b = { 0 };

	for (size_t i = 0; i < h->heads.n; i++) {
		if (h->begin[i] != BEGIN_RESET)
			continue;
		buf_clear(&b);
		json_open(&b, '{');
		json_kstr(&b, "sig", "reset");
		json_kid(&b, "room", &h->heads.v[i].room);
		json_close(&b, '}');
		device_send(dev, &b);
	}
	buf_free(&b);
}

/* The session is over, or the store is away: hello may be said again. */
static void
refuse(struct request *req, struct device *dev)
{
	bool over = req->err.code == ERR_UNAUTHORIZED;

	dev->flags &= (uint16_t)~DEVICE_HELLO;
	request_reply(req);
	if (over && !(dev->flags & DEVICE_CLOSED))
		wsconn_close(&dev->ws, WS_SESSION_OVER, "session over");
}

static void done(struct request *req);

static void
read_all(struct request *req)
{
	struct hello *h = req->data;

	h->ended = hub_user_open(req->chat->hub, &req->user)->ended;
	request_read(req, work, done);
}

static void
done(struct request *req)
{
	struct device *dev = device_ref(req->dev);
	struct hello *h = req->data;
	struct hub *hub = req->chat->hub;
	struct hub_user *u = hub_user_find(hub, &req->user);

	if (u == NULL || dev->flags & DEVICE_CLOSED || req->err.code) {
		if (u != NULL)
			hub_user_unused(hub, u);
		else if (!(dev->flags & DEVICE_CLOSED) && !req->err.code)
			goto again; /* its last device went meanwhile */
		refuse(req, dev);
	} else if (!hub_know_user(hub, u, h->ended, h->self_seq, &h->heads)) {
		goto again; /* a membership ended meanwhile */
	} else {
		req->data = NULL;
		begin_logs(dev, u, h);
		hub_add_device(hub, u, dev);
		dev->flags |= DEVICE_READY;
		request_reply(req);
		send_resets(dev, h);
		sync_start(dev);
		hello_free(h);
	}
	device_unref(dev);
	return;
again:
	device_unref(dev);
	read_all(req);
}

static void
run(struct request *req)
{
	struct hello *h;

	MEM_NEW(h);
	req->data = h;
	req->data_free = hello_free;
	if (req->dev->flags & DEVICE_HELLO)
		err_set(&req->err, ERR_BAD_REQUEST,
		    "hello was said already on this connection.");
	if (req->err.code || parse(req, h) == -1) {
		request_reply(req);
		return;
	}
	req->dev->flags |= DEVICE_HELLO;
	read_all(req);
}

const struct chat_cmd cmd_hello = {
	.name = "hello",
	.flags = CMD_WS_ONLY | CMD_EARLY,
	.run = run,
};
