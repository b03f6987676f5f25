/* base/conf.c - the configuration: the table of its keys, and what is done with
 * all of them. */
#include "base/conf.h"

#include <bsd/string.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/conf_read.h"
#include "base/mem.h"

#define LISTEN_WANT "an address and port such as 127.0.0.1:8080 or [::1]:8080"
#define STORE_WANT  "sqlite or mongodb://HOST[:PORT]/NAME"
#define ORIGIN_WANT "an origin such as https://chat.example.org"

#define AT(field) offsetof(struct conf, field)
#define RATE(key, index, value)                                                \
	{                                                                      \
		.name = (key), .kind = CONF_RATE, .off = AT(rate[index]),      \
		.def = (value)                                                 \
	}

/* Documented in conf/burungd.conf, in this order. */
const struct conf_key conf_keys[] = {
	{ .name = "listen",
	    .kind = CONF_LIST,
	    .off = AT(listen),
	    .def = "127.0.0.1:8080 [::1]:8080",
	    .check = conf_is_listen,
	    .want = LISTEN_WANT,
	    .fixed = true },
	{ .name = "data",
	    .kind = CONF_TEXT,
	    .off = AT(data),
	    .def = "./var",
	    .fixed = true },
	{ .name = "workers",
	    .kind = CONF_NUMBER,
	    .off = AT(workers),
	    .min = 1,
	    .max = 64,
	    .fixed = true },
	{ .name = "user", .kind = CONF_TEXT, .off = AT(user), .fixed = true },
	{ .name = "store",
	    .kind = CONF_TEXT,
	    .off = AT(store),
	    .def = "sqlite",
	    .check = conf_is_store,
	    .want = STORE_WANT,
	    .login = true,
	    .fixed = true },
	{ .name = "bus",
	    .kind = CONF_TEXT,
	    .off = AT(bus),
	    .def = "local",
	    .login = true,
	    .fixed = true },
	{ .name = "www", .kind = CONF_TEXT, .off = AT(www) },
	{ .name = "public_url",
	    .kind = CONF_TEXT,
	    .off = AT(public_url),
	    .check = conf_is_origin,
	    .want = ORIGIN_WANT },
	{ .name = "allowed_origins",
	    .kind = CONF_LIST,
	    .off = AT(allowed_origins),
	    .def = "",
	    .check = conf_is_origin,
	    .want = ORIGIN_WANT },
	{ .name = "trusted_proxies",
	    .kind = CONF_LIST,
	    .off = AT(trusted_proxies),
	    .def = "",
	    .check = conf_is_network,
	    .want = "an IP address or network such as ::1 or 10.0.0.0/8" },
	{ .name = "metrics_listen",
	    .kind = CONF_LIST,
	    .off = AT(metrics_listen),
	    .def = "",
	    .check = conf_is_listen,
	    .want = LISTEN_WANT,
	    .fixed = true },
	{ .name = "log_file", .kind = CONF_TEXT, .off = AT(log_file) },
	{ .name = "log_level",
	    .kind = CONF_ENUM,
	    .off = AT(log_level),
	    .def = "info",
	    .words = "error warn info debug" },
	{ .name = "registration",
	    .kind = CONF_ENUM,
	    .off = AT(registration),
	    .def = "open",
	    .words = "open closed invite" },
	{ .name = "limit_message",
	    .kind = CONF_NUMBER,
	    .off = AT(limit_message),
	    .def = "16384",
	    .min = 64,
	    .max = 65536 },
	{ .name = "limit_frame",
	    .kind = CONF_NUMBER,
	    .off = AT(limit_frame),
	    .def = "65536",
	    .min = 4096,
	    .max = 262144 },
	{ .name = "limit_queue",
	    .kind = CONF_NUMBER,
	    .off = AT(limit_queue),
	    .def = "1048576",
	    .min = 65536,
	    .max = 268435456 },
	{ .name = "limit_connections",
	    .kind = CONF_NUMBER,
	    .off = AT(limit_connections),
	    .def = "0",
	    .max = 10000000 },
	{ .name = "limit_login_memory",
	    .kind = CONF_NUMBER,
	    .off = AT(limit_login_memory),
	    .def = "64",
	    .min = 8,
	    .max = 256 },
	{ .name = "limit_connections_address",
	    .kind = CONF_NUMBER,
	    .off = AT(limit_connections_address),
	    .def = "1000",
	    .max = 65535 },
	{ .name = "limit_connections_user",
	    .kind = CONF_NUMBER,
	    .off = AT(limit_connections_user),
	    .def = "50",
	    .max = 65535 },
	RATE("limit_logins", RATE_LOGINS, "12/min 10"),
	RATE("limit_logins_address", RATE_LOGINS_ADDRESS, "60/min 100"),
	RATE("limit_logins_account", RATE_LOGINS_ACCOUNT, "600/h 300"),
	RATE("limit_registrations", RATE_REGISTRATIONS, "30/h 60"),
	RATE("limit_requests_connection", RATE_REQUESTS_CONNECTION, "50/s 500"),
	RATE("limit_requests_user", RATE_REQUESTS_USER, "100/s 1000"),
	RATE("limit_sends_connection", RATE_SENDS_CONNECTION, "20/s 100"),
	RATE("limit_sends_user", RATE_SENDS_USER, "20/s 100"),
	RATE("limit_typing", RATE_TYPING, "2/s 20"),
	RATE("limit_rooms", RATE_ROOMS, "60/h 100"),
	{ .name = "limit_rooms_owned",
	    .kind = CONF_NUMBER,
	    .off = AT(limit_rooms_owned),
	    .def = "1000",
	    .max = 1000000 },
};

enum { KEYS = sizeof(conf_keys) / sizeof(conf_keys[0]) };
const size_t conf_nkeys = KEYS;

void *
conf_value_of(struct conf *conf, const struct conf_key *key)
{
	return (char *)conf + key->off;
}

static struct conf *
conf_new(void)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	struct conf *conf;

	MEM_NEW(conf);
	for (size_t i = 0; i < KEYS; i++)
		if (conf_keys[i].def != NULL)
			conf_value_set(&conf_keys[i],
			    conf_value_of(conf, &conf_keys[i]),
			    conf_keys[i].def, NULL);
	conf->workers = cpus < 2 ? 2 : cpus > 64 ? 64 : (uint32_t)cpus;
	return conf;
}

/* What several keys must be together. */
static int
whole_check(const struct conf *conf, struct err *err)
{
	if (conf->listen[0] == NULL)
		return err_set(
		    err, ERR_CONF, "listen: must name one address or more");
	if (conf->limit_frame < conf->limit_message + 1024)
		return err_set(err, ERR_CONF,
		    "limit_frame: %u is too small for limit_message %u; make "
		    "it "
		    "%u or more",
		    conf->limit_frame, conf->limit_message,
		    conf->limit_message + 1024);
	if (conf->limit_queue < 2 * conf->limit_frame)
		return err_set(err, ERR_CONF,
		    "limit_queue: %u is too small for limit_frame %u; make it "
		    "%u or more",
		    conf->limit_queue, conf->limit_frame,
		    2 * conf->limit_frame);
	return 0;
}

int
conf_load(const char *path, struct conf **conf_r, struct err *err)
{
	struct conf *conf = conf_new();

	if ((path != NULL && conf_read_file(path, conf, err) == -1) ||
	    conf_read_env(conf, err) == -1 || whole_check(conf, err) == -1) {
		conf_free(&conf);
		return -1;
	}
	*conf_r = conf;
	return 0;
}

void
conf_free(struct conf **conf)
{
	if (*conf == NULL)
		return;
	for (size_t i = 0; i < KEYS; i++)
		conf_value_free(
		    &conf_keys[i], conf_value_of(*conf, &conf_keys[i]));
	free(*conf);
	*conf = NULL;
}

/* What stands before the @ becomes three asterisks. */
static void
hide_login(struct buf *text)
{
	char *whole = mem_strdup(buf_cstr(text));
	char *login = strstr(whole, "://"), *at = strrchr(whole, '@');

	if (login != NULL && at != NULL) {
		buf_clear(text);
		buf_add(text, whole, (size_t)(login + 3 - whole));
		buf_adds(text, "***");
		buf_adds(text, at);
	}
	free(whole);
}

void
conf_each(const struct conf *conf,
    void (*cb)(const char *name, const char *value, void *arg), void *arg)
{
	struct buf text = { 0 };

	for (size_t i = 0; i < KEYS; i++) {
		buf_clear(&text);
		conf_value_text(&conf_keys[i],
		    (const char *)conf + conf_keys[i].off, &text);
		if (conf_keys[i].login)
			hide_login(&text);
		cb(conf_keys[i].name, buf_cstr(&text), arg);
	}
	buf_free(&text);
}

void
conf_fixed_diff(
    const struct conf *old, const struct conf *new_conf, char *out, size_t size)
{
	out[0] = '\0';
	for (size_t i = 0; i < KEYS; i++) {
		if (!conf_keys[i].fixed ||
		    conf_value_eq(&conf_keys[i],
			(const char *)old + conf_keys[i].off,
			(const char *)new_conf + conf_keys[i].off))
			continue;
		if (out[0] != '\0')
			strlcat(out, ", ", size);
		strlcat(out, conf_keys[i].name, size);
	}
}
