/* t/unit/chat_auth.c - passwords, tokens and the setup code. */

#include <sys/resource.h>

#include "../lib/tap.h"
#include "base/clock.h"
#include "chat/auth.h"

#define MIB 8 /* the least one may configure, so that this is quick */

static void
test_tokens(void)
{
	char a[AUTH_TOKEN], b[AUTH_TOKEN];
	uint8_t ha[TOKEN_HASH], hb[TOKEN_HASH], again[TOKEN_HASH];

	auth_token_new(a, ha);
	auth_token_new(b, hb);
	is_int(strlen(a), AUTH_TOKEN - 1, "a token has 64 digits");
	ok(strcmp(a, b) != 0, "two tokens differ");
	ok(memcmp(ha, hb, TOKEN_HASH) != 0, "so do their hashes");
	is_int(auth_token_hash(a, strlen(a), again), 0, "a token is accepted");
	is_mem(again, ha, TOKEN_HASH, "and hashed as when it was made");
	is_int(auth_token_hash(a, strlen(a) - 1, again), -1,
	    "a token cut short is none");
	is_int(auth_token_hash("", 0, again), -1, "nothing is no token");
	a[10] = 'x';
	is_int(auth_token_hash(a, strlen(a), again), -1,
	    "a token with another letter is none");
}

static void
test_passwords(void)
{
	static const char secret[] = "correct horse battery";
	char one[PASSHASH_MAX], two[PASSHASH_MAX];
	struct err err = { 0 };
	size_t len = strlen(secret);

	is_int(auth_password_hash(secret, len, MIB, one, &err), 0,
	    "a password is hashed");
	auth_password_hash(secret, len, MIB, two, &err);
	ok(strncmp(one, "$argon2id$", 10) == 0, "by Argon2id");
	ok(strstr(one, "m=8192,") != NULL, "with the memory asked for");
	ok(strcmp(one, two) != 0, "each time with another salt");
	is_int(auth_password_ok(one, secret, len, MIB, &err), 1,
	    "the right one is right");
	is_int(auth_password_ok(one, secret, len - 1, MIB, &err), 0,
	    "a prefix is wrong");
	is_int(auth_password_ok(one, "Correct horse battery", len, MIB, &err),
	    0, "another case is wrong");
	is_int(auth_password_ok(NULL, secret, len, MIB, &err), 0,
	    "nobody's password is never right");
	is_int(err.code, ERR_NONE, "wrong is not an error");
}

/* passhash NULL: of nobody. */
static void
busy_without_memory(const char *passhash, const char *what)
{
	static const char secret[] = "correct horse battery";
	struct rlimit was, none;
	struct err err = { 0 };
	int rc;

	getrlimit(RLIMIT_AS, &was);
	none = was;
	none.rlim_cur = 0;
	setrlimit(RLIMIT_AS, &none);
	rc = auth_password_ok(passhash, secret, strlen(secret), MIB, &err);
	setrlimit(RLIMIT_AS, &was);
	is_int(rc, -1, "without memory %s is not told", what);
	is_int(err.code, ERR_BUSY, "but to ask again");
}

static void
test_no_memory(void)
{
	char hash[PASSHASH_MAX];

	auth_password_hash("correct horse battery", 21, MIB, hash, NULL);
	busy_without_memory(hash, "right or wrong");
	busy_without_memory(NULL, "that nobody has the name");
}

static void
quicker(const char *passhash, uint64_t *best)
{
	uint64_t start = clock_mono_us(), took;

	auth_password_ok(passhash, "not the password", 16, MIB, NULL);
	took = clock_mono_us() - start;
	*best = took < *best ? took : *best;
}

/* The quickest of each, in turns, so that other processes' bursts do not count:
 * at least five of each, and more as long as they seem to differ. */
static void
test_unknown_names_cost_the_same(void)
{
	char hash[PASSHASH_MAX];
	struct err err = { 0 };
	uint64_t known = UINT64_MAX, unknown = UINT64_MAX;
	bool same = false;

	auth_password_hash("the password", 12, MIB, hash, &err);
	for (int i = 0; i < 5 || (!same && i < 50); i++) {
		quicker(hash, &known);
		quicker(NULL, &unknown);
		same = unknown > known / 3 && unknown < known * 3;
	}
	diag("wrong password %" PRIu64 " us, unknown name %" PRIu64 " us",
	    known, unknown);
	ok(same, "an unknown name takes as long as a wrong password");
}

static void
test_setup(void)
{
	ok(auth_setup_ok("ABCD-EFGH", "ABCD-EFGH"), "the code itself");
	ok(auth_setup_ok("ABCD-EFGH", "abcdefgh"), "case and dashes are free");
	ok(auth_setup_ok("ABCD-EFGH", " ab cd ef gh\t"), "so are blanks");
	ok(!auth_setup_ok("ABCD-EFGH", "ABCD-EFGI"), "another code");
	ok(!auth_setup_ok("ABCD-EFGH", "ABCD-EFG"), "a code cut short");
	ok(!auth_setup_ok("ABCD-EFGH", "ABCD-EFGHI"), "a longer code");
	ok(!auth_setup_ok("ABCD-EFGH", ""), "no code");
	ok(!auth_setup_ok("", ""), "no code opens what needs none any more");
	ok(!auth_setup_ok("", "--"), "nor does one of dashes");
}

static void
test_session(void)
{
	struct id user = id_new();
	uint64_t now = clock_wall_ms();
	struct session s;

	auth_session_begin(&s, &user, "kitchen");
	ok(!id_is_zero(&s.id), "a session has an id");
	ok(id_eq(&s.user, &user), "and belongs to its user");
	is_str(s.device, "kitchen", "and names the device");
	ok(s.used >= now && s.used <= now + 5000, "it was used now");
	is_int(s.expires - s.used, 90ll * 24 * 3600 * 1000,
	    "and lasts 90 days from its use");
}

int
main(void)
{
	test_tokens();
	test_passwords();
	test_no_memory();
	test_unknown_names_cost_the_same();
	test_setup();
	test_session();
	return done_testing();
}
