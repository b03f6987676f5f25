/* t/unit/chat_renew.c - the session of a device that stays connected does not
 * run out. */

#include "../lib/store_fixture.h"
#include "../lib/turn.h"
#include "bus/driver.h"
#include "chat/auth.h"
#include "chat/device.h"
#include "chat/hub.h"
#include "chat/renew.h"

#define DEVICES 1203 /* more than two batches */
#define EVERY   100  /* of them has a session that is looked at */

static struct store *store;
static struct chat *chat;
static struct id user;
static struct device devices[DEVICES];
static struct id sessions[DEVICES];
static size_t renewed, left_alone;

static void
nothing_published(struct bus *b, const struct bus_msg *m)
{
}

static const struct bus_driver silent = { .publish = nothing_published };
static const struct bus_ops deaf = { 0 };
static struct bus bus = { .driver = &silent, .ops = &deaf };

/* All begun long ago; one more that no device uses. */
static void
make(struct db *db, void *arg)
{
	uint8_t hash[TOKEN_HASH] = { 0 };
	struct session s = { .expires = clock_wall_ms() + 1000 };
	struct err err = { 0 };

	user = fix_user(db, "ani");
	for (int i = 0; i < DEVICES + EVERY; i += EVERY) {
		s.id = id_new();
		s.user = user;
		hash[0]++;
		if (i < DEVICES)
			sessions[i] = s.id;
		if (db_session_create(db, &s, hash, &err) == -1)
			bail_out(err.text);
	}
}

static void
look(struct db *db, void *arg)
{
	uint64_t least = clock_wall_ms() + AUTH_SESSION_MS - 60000;
	struct session_list l;

	db_sessions_of(db, &user, 100, &l, NULL);
	for (size_t i = 0; i < l.n; i++)
		if (l.v[i].expires >= least && l.v[i].used > 0)
			renewed++;
		else
			left_alone++;
	session_list_free(&l);
}

static void
in_store(store_work_cb *work)
{
	bool done = false;

	store_write(store, work, turn_true, &done);
	UNTIL(done);
}

static void
connect_all(struct hub_user *u)
{
	for (int i = 0; i < DEVICES; i++) {
		devices[i].chat = chat;
		devices[i].refs = 2;
		devices[i].id = user;
		devices[i].session = sessions[i];
		hub_add_device(chat->hub, u, &devices[i]);
	}
}

int
main(void)
{
	struct chat_conf c = { 0 };
	struct conf *conf;
	struct err err = { 0 };

	fix_begin();
	fix_file("renew.db");
	turn_begin();
	if (conf_load(NULL, &conf, &err) == -1 ||
	    store_prepare(&fix_conf, &err) == -1 ||
	    (store = store_open(&fix_conf, loop, &err)) == NULL)
		bail_out(err.text);
	c.conf = conf;
	c.loop = loop;
	c.store = store;
	chat = chat_new(&c);
	chat_set_bus(chat, &bus);
	in_store(make);
	connect_all(hub_user_open(chat->hub, &user));
	renew_sessions(chat);
	in_store(look);
	is_int(renewed, DEVICES / EVERY + 1, "who is connected is renewed");
	is_int(left_alone, 1, "nobody else is");
	for (int i = 0; i < DEVICES; i++)
		hub_remove_device(chat->hub, &devices[i]);
	store_close(&store);
	chat_free(&chat);
	conf_free(&conf);
	loop_free(&loop);
	return done_testing();
}
