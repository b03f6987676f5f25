/* base/conf.c - the configuration: the table of its keys, and the reading of
 * file and environment. */
#include "base/conf.h"

#include <bsd/string.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/conf_value.h"
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
static const struct conf_key keys[] = {
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

#define KEYS (sizeof(keys) / sizeof(keys[0]))

static void *
value_of(struct conf *conf, const struct conf_key *key)
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
		if (keys[i].def != NULL)
			conf_value_set(&keys[i], value_of(conf, &keys[i]),
			    keys[i].def, NULL);
	conf->workers = cpus < 2 ? 2 : cpus > 64 ? 64 : (uint32_t)cpus;
	return conf;
}

static const struct conf_key *
key_find(const char *name)
{
	for (size_t i = 0; i < KEYS; i++)
		if (strcmp(keys[i].name, name) == 0)
			return &keys[i];
	return NULL;
}

static char *
trim(char *s)
{
	size_t len;

	while (isspace((unsigned char)*s))
		s++;
	for (len = strlen(s); len > 0 && isspace((unsigned char)s[len - 1]);)
		len--;
	s[len] = '\0';
	return s;
}

/* One line being read: where it stands, for messages. */
struct line {
	const char *path;
	unsigned number;
	unsigned seen[KEYS]; /* the line where each key stood, or 0 */
};

static int
line_wrong(
    const struct line *l, const char *name, const char *why, struct err *err)
{
	return err_set(
	    err, ERR_CONF, "%s:%u: %.32s: %s", l->path, l->number, name, why);
}

static int
line_set(struct line *l, struct conf *conf, const char *name, const char *text,
    struct err *err)
{
	const struct conf_key *key = key_find(name);
	struct err why = { 0 };

	if (key == NULL)
		return line_wrong(l, name,
		    "no such key; conf/burungd.conf lists them all", err);
	if (l->seen[key - keys] != 0)
		return err_set(err, ERR_CONF,
		    "%s:%u: %s: stands in line %u already; remove one of them",
		    l->path, l->number, name, l->seen[key - keys]);
	l->seen[key - keys] = l->number;
	if (text[0] == '\0')
		return line_wrong(l, name,
		    "has no value; write one, or remove the line for the "
		    "default",
		    err);
	if (conf_value_set(key, value_of(conf, key), text, &why) == -1)
		return line_wrong(l, name, why.text, err);
	return 0;
}

static int
line_read(struct line *l, struct conf *conf, char *s, struct err *err)
{
	char *eq;

	s = trim(s);
	if (s[0] == '\0' || s[0] == '#')
		return 0;
	eq = strchr(s, '=');
	if (eq == NULL)
		return line_wrong(
		    l, s, "is not `key = value`; comments begin with #", err);
	*eq = '\0';
	return line_set(l, conf, trim(s), trim(eq + 1), err);
}

static int
file_read(const char *path, struct conf *conf, struct err *err)
{
	struct line l = { .path = path };
	char *s = NULL;
	size_t size = 0;
	int rc = 0;
	FILE *f = fopen(path, "re");

	if (f == NULL)
		return err_set(err, ERR_CONF,
		    "%s: %s; name another file with -c, or none for the "
		    "defaults",
		    path, strerror(errno));
	errno = 0;
	while (rc == 0 && getline(&s, &size, f) != -1) {
		l.number++;
		rc = line_read(&l, conf, s, err);
	}
	if (rc == 0 && ferror(f))
		rc = err_set(err, ERR_CONF, "%s: %s", path, strerror(errno));
	free(s);
	fclose(f);
	return rc;
}

/* An empty variable is none: that is how a compose file leaves one out. Blanks
 * around a value do not count, as in the file: some end in a CR. */
static int
env_key(struct conf *conf, const struct conf_key *key, struct err *err)
{
	char name[64] = "BURUNG_", *text, *copy;
	struct err why = { 0 };
	int rc = 0;

	strlcat(name, key->name, sizeof(name));
	for (char *p = name; *p != '\0'; p++)
		*p = (char)toupper((unsigned char)*p);
	text = getenv(name);
	if (text == NULL)
		return 0;
	copy = mem_dup(text, strlen(text) + 1);
	text = trim(copy);
	if (text[0] != '\0' &&
	    conf_value_set(key, value_of(conf, key), text, &why) == -1)
		rc = err_set(
		    err, ERR_CONF, "environment: %s: %s", name, why.text);
	free(copy);
	return rc;
}

static int
env_read(struct conf *conf, struct err *err)
{
	for (size_t i = 0; i < KEYS; i++)
		if (env_key(conf, &keys[i], err) == -1)
			return -1;
	return 0;
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

	if ((path != NULL && file_read(path, conf, err) == -1) ||
	    env_read(conf, err) == -1 || whole_check(conf, err) == -1) {
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
		conf_value_free(&keys[i], value_of(*conf, &keys[i]));
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
		conf_value_text(
		    &keys[i], (const char *)conf + keys[i].off, &text);
		if (keys[i].login)
			hide_login(&text);
		cb(keys[i].name, buf_cstr(&text), arg);
	}
	buf_free(&text);
}

void
conf_fixed_diff(
    const struct conf *old, const struct conf *new_conf, char *out, size_t size)
{
	out[0] = '\0';
	for (size_t i = 0; i < KEYS; i++) {
		if (!keys[i].fixed ||
		    conf_value_eq(&keys[i], (const char *)old + keys[i].off,
			(const char *)new_conf + keys[i].off))
			continue;
		if (out[0] != '\0')
			strlcat(out, ", ", size);
		strlcat(out, keys[i].name, size);
	}
}
