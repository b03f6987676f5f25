/* chat/cmd_invite_create.c - a link with which one person may make an account.
 */

#include "base/clock.h"
#include "chat/auth.h"
#include "chat/commands.h"
#include "chat/invite.h"

#define DAYS_MAX     365
#define DAYS_DEFAULT 7
#define DAY_MS       (24ull * 3600 * 1000)

static int
read_days(struct request *req, uint64_t *days_r)
{
	int found = json_get_u64(req->args, "days", days_r, &req->err);

	if (found == -1)
		return -1;
	if (found == 0)
		*days_r = DAYS_DEFAULT;
	if (*days_r < 1 || *days_r > DAYS_MAX)
		return err_set(&req->err, ERR_BAD_REQUEST,
		    "days: must be 1 to %d", DAYS_MAX);
	return 0;
}

static void
link_json(struct request *req, const char *token)
{
	const char *url = req->chat->conf->public_url;
	struct buf path = { 0 };

	buf_addf(&path, "/#invite=%s", token);
	json_kstr(&req->out, "token", token);
	json_kstr(&req->out, "path", buf_cstr(&path));
	if (url != NULL) {
		buf_clear(&path);
		buf_addf(&path, "%s/#invite=%s", url, token);
		json_kstr(&req->out, "url", buf_cstr(&path));
	}
	buf_free(&path);
}

static void
create_work(struct db *db, struct request *req)
{
	struct invite v = {
		.id = id_new(), .creator = req->user, .created = clock_wall_ms()
	};
	uint8_t hash[TOKEN_HASH];
	char token[AUTH_TOKEN];
	uint64_t days;

	if (read_days(req, &days) == -1)
		return;
	v.expires = v.created + days * DAY_MS;
	auth_token_new(token, hash);
	if (db_invite_create(db, &v, hash, &req->err) == -1)
		return;
	json_key(&req->out, "invite");
	invite_json(&req->out, &v);
	link_json(req, token);
}

static void
create_run(struct request *req)
{
	request_write(req, create_work, NULL);
}

const struct chat_cmd cmd_invite_create = {
	.name = "invite_create",
	.run = create_run,
};
