/* base/conf.h - the configuration: `key = value` lines, every key also as
 * BURUNG_KEY in the environment, which wins. */
#ifndef BASE_CONF_H
#define BASE_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/log.h"

enum conf_registration {
	REGISTRATION_OPEN,
	REGISTRATION_CLOSED,
	REGISTRATION_INVITE,
};

/* How often something may be done: count in per_s seconds on the long run, and
 * burst at once. count 0: as often as one likes. */
struct conf_rate {
	uint32_t count;
	uint32_t per_s;
	uint32_t burst;
};

/* Indices of conf.rate; each has a row in doc/PROTOCOL.md, Limits. */
enum conf_rates {
	RATE_LOGINS,         /* wrong passwords for a name from an address */
	RATE_LOGINS_ADDRESS, /* wrong passwords from an address */
	RATE_LOGINS_ACCOUNT, /* wrong passwords for an account */
	RATE_REGISTRATIONS,  /* from an address */
	RATE_REQUESTS_CONNECTION,
	RATE_REQUESTS_USER,
	RATE_SENDS_CONNECTION, /* messages */
	RATE_SENDS_USER,
	RATE_TYPING, /* of a user */
	RATE_ROOMS,  /* made by a user */
	RATES
};

/* All values, checked and with their defaults; strings are owned by it.
 * conf/burungd.conf documents every key. */
struct conf {
	char **listen;    /* "127.0.0.1:8080", "[::1]:8080"; NULL at the end */
	char *data;       /* folder */
	uint32_t workers; /* 1–64; default: number of CPUs, at least 2 */
	char *user;       /* drop privileges to; NULL: stay */
	char *store; /* "sqlite" (file burung.db in data), "mongodb://…" */
	char *bus;   /* "local", "redis://…": bus_check in bus/bus.h */
	char *www;   /* folder of the built client; NULL: none is served */
	char *public_url;       /* "https://chat.example.org"; NULL */
	char **allowed_origins; /* NULL at the end */
	char **trusted_proxies;
	char **metrics_listen; /* as listen; /metrics only. NULL at the end */
	char *log_file;        /* NULL: stderr */
	enum log_level log_level;
	enum conf_registration registration;
	uint32_t limit_message; /* bytes */
	uint32_t limit_frame;
	uint32_t limit_queue;
	uint32_t limit_connections;  /* per worker, 0: by descriptors */
	uint32_t limit_login_memory; /* MiB of one Argon2id hash: 8–256 */
	/* WebSockets on this host, rooms; 0: as many as one likes */
	uint32_t limit_connections_address;
	uint32_t limit_connections_user;
	uint32_t limit_rooms_owned;
	struct conf_rate rate[RATES];
};

/* Reads path (NULL: no file, only defaults and environment). Unknown keys,
 * doubled keys and bad values are errors: "conf/burungd.conf:12: workers:
 * ‘many’ is not a number from 1 to 64". The caller owns *conf_r. 0, or -1. */
int conf_load(const char *path, struct conf **conf_r, struct err *err);
void conf_free(struct conf **conf);

/* Calls cb for each key in the order of conf/burungd.conf, with its value as
 * it would stand in the file, but without passwords; "" when it has none. */
void conf_each(const struct conf *conf,
    void (*cb)(const char *name, const char *value, void *arg), void *arg);

/* The keys that differ and cannot change while running (listen, data, workers,
 * user, store, bus, metrics_listen), comma separated into out; "" if none. */
void conf_fixed_diff(const struct conf *old, const struct conf *new_conf,
    char *out, size_t size);

#endif
