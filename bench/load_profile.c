/* bench/load_profile.c - the servers that chatload can speak to. */
#include <stdio.h>
#include <string.h>

#include "bench/load.h"

static const struct load_profile profiles[] = {
	{ .name = "burung",
	    .path = "/ws",
	    .header = "Authorization: Bearer {tok}\r\n",
	    .init = { { "{\"id\":1,\"op\":\"hello\"}", "\"sig\":\"synced\"" } },
	    .post = "{\"id\":{id},\"op\":\"send\",\"room\":\"{room}\","
		    "\"cid\":\"{cid}\",\"body\":\"{msg}\"}",
	    .ack = "\"re\":",
	    .error = "\"error\":{" },
	/* rawcast, and whatever sends each text on to all in ?room= */
	{ .name = "raw", .path = "/ws?room={room}", .post = "{msg}" },
	/* nginx with a location /ws of nchan_pubsub */
	{ .name = "nchan", .path = "/ws?room={room}", .post = "{msg}" },
	/* anonymous, may subscribe and publish in any channel */
	{ .name = "centrifugo",
	    .path = "/connection/websocket",
	    .init = { { "{\"id\":1,\"connect\":{}}", "\"id\":1" },
		{ "{\"id\":2,\"subscribe\":{\"channel\":\"{room}\"}}",
		    "\"id\":2" } },
	    .post = "{\"id\":{id},\"publish\":{\"channel\":\"{room}\","
		    "\"data\":{\"m\":\"{msg}\"}}}",
	    .ack = "\"publish\":{}",
	    .error = "\"error\":{",
	    .pings = true },
	/* --people with tokens of its REST login, rooms its topics */
	{ .name = "tinode",
	    .path = "/v0/channels?apikey=AQEAAAABAAD_rAp4DJh05a1HAwFT3A6K",
	    .init = { { "{\"hi\":{\"id\":\"1\",\"ver\":\"0.22\"}}",
			  "\"id\":\"1\"" },
		{ "{\"login\":{\"id\":\"2\",\"scheme\":\"token\","
		  "\"secret\":\"{tok}\"}}",
		    "\"code\":200" },
		{ "{\"sub\":{\"id\":\"3\",\"topic\":\"{room}\"}}",
		    "\"id\":\"3\"" } },
	    .post = "{\"pub\":{\"id\":\"p{id}\",\"topic\":\"{room}\","
		    "\"content\":\"{msg}\"}}",
	    .ack = "\"code\":202",
	    .error = "\"code\":4" },
};

const struct load_profile *
load_profile_find(const char *name)
{
	for (size_t i = 0; i < sizeof(profiles) / sizeof(profiles[0]); i++)
		if (strcmp(profiles[i].name, name) == 0)
			return &profiles[i];
	return NULL;
}

static void
add_room(struct buf *b, const struct load_opts *o, const struct peer *c)
{
	if (o->people != NULL)
		buf_adds(b, o->people[c->index % o->npeople].room);
	else
		buf_addf(b, "r%d", c->room);
}

/* Appends what {name} stands for; false: nothing that is known. */
static bool
add_value(struct buf *b, const char *name, const struct worker *w,
    const struct peer *c, const char *msg)
{
	const struct load_opts *o = w->o;

	if (strcmp(name, "msg") == 0)
		buf_adds(b, msg);
	else if (strcmp(name, "room") == 0)
		add_room(b, o, c);
	else if (strcmp(name, "tok") == 0 && o->people != NULL)
		buf_adds(b, o->people[c->index % o->npeople].token);
	else if (strcmp(name, "u") == 0)
		buf_addf(b, "%d", c->index);
	else if (strcmp(name, "id") == 0)
		buf_add_u64(b, 100 + w->seq);
	else if (strcmp(name, "cid") == 0)
		buf_addf(b, "%016llx%016llx", (unsigned long long)w->nonce,
		    (unsigned long long)w->seq);
	else
		return false;
	return true;
}

void
load_expand(struct buf *b, const char *template, const struct worker *w,
    const struct peer *c, const char *msg)
{
	char name[8];
	int n;

	for (const char *t = template; *t != '\0';) {
		n = 0;
		if (*t == '{' && sscanf(t, "{%7[a-z]}%n", name, &n) == 1 &&
		    n > 0 && add_value(b, name, w, c, msg))
			t += n;
		else
			buf_addc(b, *t++);
	}
}
