/* chat/auth.h - passwords, tokens, sessions and the setup code. */
#ifndef CHAT_AUTH_H
#define CHAT_AUTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "chat/chat.h"
#include "model/user.h"
#include "store/users.h"

#define AUTH_TOKEN 65 /* 64 hex digits (32 random bytes) and NUL */

/* A session ends this long after its last use … */
#define AUTH_SESSION_MS (90ull * 24 * 3600 * 1000)
/* … which is noted at most so often. */
#define AUTH_TOUCH_MS (3600ull * 1000)

/* A new token and the hash under which it is stored. */
void auth_token_new(char out[AUTH_TOKEN], uint8_t hash_r[TOKEN_HASH]);

/* The hash of a token somebody showed. 0, or -1 when it has not even a token's
 * form. */
int auth_token_hash(const char *token, size_t len, uint8_t hash_r[TOKEN_HASH]);

/* Fills in a session of user that begins now. device: "" unknown; at most
 * DEVICE_MAX characters. */
void auth_session_begin(
    struct session *s_r, const struct id *user, const char *device);

/* Whose token is this? On a store thread. 1: *s_r and *u_r; 0: nobody's, or
 * the session is over; -1 *err. */
int auth_lookup(struct db *db, const char *token, size_t len,
    struct session *s_r, struct user *u_r, struct err *err);

/* The session was used just now: renews it in the background when that is due.
 * On the loop; s is borrowed for the call. */
void auth_touch(struct chat *chat, const struct session *s);

/* Argon2id with mib MiB of memory, as a string to be stored. Blocks for a good
 * part of a second: on a hash thread, holding a hash slot. 0, or -1 with *err
 * (BUSY: no memory for it). */
int auth_password_hash(const char *password, size_t len, uint32_t mib,
    char out[PASSHASH_MAX], struct err *err);

/* Is it the password? 1 yes, 0 no, -1 with *err (BUSY: no memory to tell). As
 * slow as hashing it. passhash NULL: nobody has this name; takes the same time
 * and says no. */
int auth_password_ok(const char *passhash, const char *password, size_t len,
    uint32_t mib, struct err *err);

/* Is given the setup code (in any case, dashes and blanks ignored)? Takes the
 * same time whatever differs. Never when code is "". */
bool auth_setup_ok(const char *code, const char *given);

#endif
