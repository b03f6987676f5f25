/* chat/auth.c - passwords, tokens, sessions and the setup code. */

#include "chat/auth.h"

#include <bsd/string.h>
#include <ctype.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/id.h"
#include "base/log.h"
#include "base/mem.h"

#define TOKEN_RAW  32
#define SETUP_MAX  64 /* letters and digits of a setup code */
#define HASH_TIMES crypto_pwhash_argon2id_OPSLIMIT_MODERATE

_Static_assert(AUTH_TOKEN == 2 * TOKEN_RAW + 1, "a token is hex");
_Static_assert(TOKEN_HASH == crypto_hash_sha256_BYTES, "SHA-256");
_Static_assert(PASSHASH_MAX >= crypto_pwhash_STRBYTES, "a hash has room");

/* Cheap after the first time, and safe on every thread. */
static void
sodium_ready(void)
{
	if (sodium_init() == -1)
		log_fatal("libsodium does not start");
}

void
auth_token_new(char out[AUTH_TOKEN], uint8_t hash_r[TOKEN_HASH])
{
	uint8_t raw[TOKEN_RAW];

	sodium_ready();
	randombytes_buf(raw, sizeof(raw));
	hex_encode(raw, sizeof(raw), out);
	crypto_hash_sha256(hash_r, raw, sizeof(raw));
	sodium_memzero(raw, sizeof(raw));
}

int
auth_token_hash(const char *token, size_t len, uint8_t hash_r[TOKEN_HASH])
{
	uint8_t raw[TOKEN_RAW];

	if (len != AUTH_TOKEN - 1 ||
	    hex_decode(token, len, raw, sizeof(raw)) == -1)
		return -1;
	sodium_ready();
	crypto_hash_sha256(hash_r, raw, sizeof(raw));
	sodium_memzero(raw, sizeof(raw));
	return 0;
}

void
auth_session_begin(
    struct session *s_r, const struct id *user, const char *device)
{
	uint64_t now = clock_wall_ms();

	*s_r = (struct session){
		.id = id_new(),
		.user = *user,
		.created = now,
		.used = now,
		.expires = now + AUTH_SESSION_MS,
	};
	strlcpy(s_r->device, device, sizeof(s_r->device));
}

int
auth_lookup(struct db *db, const char *token, size_t len, struct session *s_r,
    struct user *u_r, struct err *err)
{
	uint8_t hash[TOKEN_HASH];

	if (auth_token_hash(token, len, hash) == -1)
		return 0;
	return db_session_get(db, hash, clock_wall_ms(), s_r, u_r, err);
}

static void
touch(struct db *db, void *arg)
{
	const struct session *s = arg;
	struct err err = { 0 };

	if (db_session_touch(db, &s->user, &s->id, s->used, s->expires, &err) ==
	    -1)
		log_warn("session not renewed", "error=\"%s\"", err.text);
}

void
auth_touch(struct chat *chat, const struct session *s)
{
	uint64_t now = clock_wall_ms();
	struct session *renewed;

	if (now < s->used + AUTH_TOUCH_MS)
		return;
	renewed = mem_dup(s, sizeof(*s));
	renewed->used = now;
	renewed->expires = now + AUTH_SESSION_MS;
	store_write(chat->store, touch, free, renewed);
}

static int
no_memory(struct err *err)
{
	err_set(err, ERR_BUSY, "There is too little memory right now.");
	if (err != NULL)
		err->retry_ms = 1000;
	return -1;
}

int
auth_password_hash(const char *password, size_t len, uint32_t mib,
    char out[PASSHASH_MAX], struct err *err)
{
	sodium_ready();
	if (crypto_pwhash_str_alg(out, password, len, HASH_TIMES,
		(size_t)mib << 20, crypto_pwhash_ALG_ARGON2ID13) == 0)
		return 0;
	return no_memory(err);
}

/* What crypto_pwhash_str_alg writes. libsodium's own comparison with it takes a
 * lack of memory for a wrong password. */
struct passhash {
	unsigned kib, times;
	uint8_t salt[crypto_pwhash_SALTBYTES];
	uint8_t hash[32];
};

/* The bytes of exactly this size that stand at *s; *s: behind them. */
static bool
take_base64(const char **s, uint8_t *out, size_t size)
{
	const char *end = *s;
	size_t n = 0;

	if (sodium_base642bin(out, size, *s, strlen(*s), NULL, &n, &end,
		sodium_base64_VARIANT_ORIGINAL_NO_PADDING) == -1 ||
	    n != size)
		return false;
	*s = end;
	return true;
}

/* The text before at *s, and the number behind it. */
static bool
take_number(const char **s, const char *before, unsigned *n_r)
{
	size_t len = strlen(before);
	char *end;
	unsigned long n;

	if (strncmp(*s, before, len) != 0 || !isdigit((unsigned char)(*s)[len]))
		return false;
	n = strtoul(*s + len, &end, 10);
	*s = end;
	*n_r = (unsigned)n;
	return n <= UINT_MAX;
}

static bool
passhash_parse(const char *s, struct passhash *p_r)
{
	unsigned lanes;

	return take_number(&s, "$argon2id$v=19$m=", &p_r->kib) &&
	       take_number(&s, ",t=", &p_r->times) &&
	       take_number(&s, ",p=", &lanes) && lanes == 1 && *s++ == '$' &&
	       take_base64(&s, p_r->salt, sizeof(p_r->salt)) && *s++ == '$' &&
	       take_base64(&s, p_r->hash, sizeof(p_r->hash)) && *s == '\0';
}

int
auth_password_ok(const char *passhash, const char *password, size_t len,
    uint32_t mib, struct err *err)
{
	uint8_t got[sizeof(((struct passhash *)NULL)->hash)];
	char unused[PASSHASH_MAX];
	struct passhash p;
	int rc;

	sodium_ready();
	if (passhash == NULL) {
		rc = auth_password_hash(password, len, mib, unused, err);
		sodium_memzero(unused, sizeof(unused));
		return rc;
	}
	if (!passhash_parse(passhash, &p))
		return crypto_pwhash_str_verify(passhash, password, len) == 0;
	if (crypto_pwhash(got, sizeof(got), password, len, p.salt, p.times,
		(size_t)p.kib << 10, crypto_pwhash_ALG_ARGON2ID13) == -1)
		return no_memory(err);
	return sodium_memcmp(got, p.hash, sizeof(got)) == 0;
}

/* What counts of a setup code, padded with NUL. A longer one than any code is
 * cut, which leaves it longer than any code. */
static void
fold_setup(const char *s, char out[SETUP_MAX])
{
	size_t n = 0;

	memset(out, 0, SETUP_MAX);
	for (; *s != '\0' && n < SETUP_MAX; s++)
		if (*s != '-' && *s != ' ' && *s != '\t')
			out[n++] = (char)toupper((unsigned char)*s);
}

bool
auth_setup_ok(const char *code, const char *given)
{
	char want[SETUP_MAX], got[SETUP_MAX];

	fold_setup(code, want);
	fold_setup(given, got);
	return want[0] != '\0' && sodium_memcmp(want, got, sizeof(want)) == 0;
}
