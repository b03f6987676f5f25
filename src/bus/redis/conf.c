/* bus/redis/conf.c - reading redis:// addresses. */
#include "bus/redis/conf.h"

#include <sys/un.h>

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/id.h"
#include "base/mem.h"

#define TCP    "redis://"
#define UNIX   "redis+unix://"
#define TLS    "rediss://"
#define PORT   6379
#define DB_MAX 65535

static int
bad(struct err *err, const char *what, const char *why)
{
	return err_set(err, ERR_CONF, "bus: ‘%.60s’: %s", what, why);
}

/* s[0, len) without %XX; NULL: not well-formed, or a NUL in it. */
static char *
percent_decode(const char *s, size_t len)
{
	char *out = mem_alloc(len + 1);
	size_t n = 0;
	uint8_t c;

	for (size_t i = 0; i < len; i++) {
		c = (uint8_t)s[i];
		if (c == '%') {
			if (len - i < 3 ||
			    hex_decode(s + i + 1, 2, &c, 1) == -1)
				c = '\0';
			i += 2;
		}
		if (c == '\0') {
			free(out);
			return NULL;
		}
		out[n++] = (char)c;
	}
	out[n] = '\0';
	return out;
}

/* "user:password", "user" alone makes no sense to Redis. */
static int
read_login(struct redis_conf *c, const char *s, size_t len, struct err *err)
{
	const char *colon = memchr(s, ':', len);
	size_t user = colon == NULL ? len : (size_t)(colon - s);

	if (colon == NULL)
		return err_set(err, ERR_CONF,
		    "bus: no password before the @: write redis://:password@… "
		    "or redis://user:password@…");
	c->password = percent_decode(colon + 1, len - user - 1);
	if (user > 0)
		c->user = percent_decode(s, user);
	if (c->password == NULL || (user > 0 && c->user == NULL))
		return err_set(err, ERR_CONF,
		    "bus: user or password is not well percent-encoded (write "
		    "%%25 for %%, %%40 for @, %%2F for /)");
	return 0;
}

/* Digits up to the end of s, at most max; -1: they are not. */
static long
read_number(const char *s, long max)
{
	long v = 0;

	if (*s == '\0')
		return -1;
	for (; *s != '\0'; s++) {
		if (!isdigit((unsigned char)*s))
			return -1;
		v = v * 10 + (*s - '0');
		if (v > max)
			return -1;
	}
	return v;
}

/* Cuts ":port" off s and reads it. 0, or -1. */
static int
cut_port(char *s, uint16_t *port_r)
{
	char *bracket = strrchr(s, ']'), *colon = strrchr(s, ':');
	long port = PORT;

	if (colon != NULL && (bracket == NULL || colon > bracket)) {
		port = read_number(colon + 1, 65535);
		*colon = '\0';
	}
	*port_r = (uint16_t)(port > 0 ? port : 0);
	return port > 0 ? 0 : -1;
}

static int
read_host(struct redis_address *a, char *s, struct err *err)
{
	size_t len;

	if (cut_port(s, &a->port) == -1)
		return bad(err, a->shown, "the port is no number to 65535");
	len = strlen(s);
	if (len > 2 && s[0] == '[' && s[len - 1] == ']') {
		s[len - 1] = '\0';
		s++;
	} else if (strchr(s, ':') != NULL)
		return bad(err, a->shown,
		    "an IPv6 address stands in brackets: [::1]:6379");
	if (s[0] == '\0' || strpbrk(s, "[] \t@?#") != NULL)
		return bad(err, a->shown, "is not a host");
	a->host = mem_strdup(s);
	return 0;
}

static int
read_path(struct redis_address *a, const char *s, struct err *err)
{
	if (s[0] != '/')
		return bad(err, a->shown,
		    "a Unix socket's path begins with /: "
		    "redis+unix:///run/redis/redis.sock");
	if (strlen(s) >= sizeof(((struct sockaddr_un *)0)->sun_path))
		return bad(err, a->shown, "the path is too long for a socket");
	a->path = mem_strdup(s);
	return 0;
}

static int
read_servers(struct redis_conf *c, char *list, bool is_unix, struct err *err)
{
	struct redis_address *a;
	char *s;
	int rc;

	while ((s = strsep(&list, ",")) != NULL) {
		if (c->n == REDIS_SERVERS_MAX)
			return err_set(err, ERR_CONF,
			    "bus: more than %d servers", REDIS_SERVERS_MAX);
		a = &c->server[c->n++];
		a->shown = mem_strdup(s);
		rc = is_unix ? read_path(a, s, err) : read_host(a, s, err);
		if (rc == -1)
			return -1;
	}
	return 0;
}

/* Cuts the database's number off the end of s. */
static int
cut_db(struct redis_conf *c, char *s, bool is_unix, struct err *err)
{
	char *at = is_unix ? strstr(s, "?db=") : strchr(s, '/');
	const char *digits;
	long db;

	if (at == NULL)
		return 0;
	digits = at + (is_unix ? 4 : 1);
	if (*digits == '\0' && !is_unix) { /* redis://host/ */
		*at = '\0';
		return 0;
	}
	db = read_number(digits, DB_MAX);
	if (db == -1)
		return bad(err, at, "is not a database's number");
	c->db = (unsigned)db;
	*at = '\0';
	return 0;
}

/* All behind the scheme. */
static int
read_rest(struct redis_conf *c, const char *rest, bool is_unix, struct err *err)
{
	const char *at = strchr(rest, '@');
	char *s;
	int rc;

	if (at != NULL && read_login(c, rest, (size_t)(at - rest), err) == -1)
		return -1;
	s = mem_strdup(at == NULL ? rest : at + 1);
	rc = cut_db(c, s, is_unix, err);
	if (rc == 0)
		rc = read_servers(c, s, is_unix, err);
	free(s);
	return rc;
}

static bool
begins(const char *s, const char *with)
{
	return strncmp(s, with, strlen(with)) == 0;
}

int
redis_conf_parse(const char *url, struct redis_conf **conf_r, struct err *err)
{
	struct redis_conf *c;
	int rc;

	if (begins(url, TLS))
		return err_set(err, ERR_CONF,
		    "bus: rediss:// (TLS) is not built in, since Debian 12's "
		    "hiredis has none: use redis:// through stunnel or another "
		    "tunnel, or in a network of your own");
	if (!begins(url, TCP) && !begins(url, UNIX))
		return err_set(err, ERR_CONF,
		    "bus: is neither local nor begins with redis:// or "
		    "redis+unix://");
	MEM_NEW(c);
	if (begins(url, TCP))
		rc = read_rest(c, url + strlen(TCP), false, err);
	else
		rc = read_rest(c, url + strlen(UNIX), true, err);
	if (rc == -1)
		redis_conf_free(&c);
	else
		*conf_r = c;
	return rc;
}

void
redis_conf_free(struct redis_conf **conf)
{
	struct redis_conf *c = *conf;

	if (c == NULL)
		return;
	for (unsigned i = 0; i < c->n; i++) {
		free(c->server[i].host);
		free(c->server[i].path);
		free(c->server[i].shown);
	}
	free(c->user);
	if (c->password != NULL)
		explicit_bzero(c->password, strlen(c->password));
	free(c->password);
	free(c);
	*conf = NULL;
}
