/* chat/cmd_info.c - what a client must know before it logs in. */

#include "chat/commands.h"
#include "chat/login.h"
#include "chat/page.h"
#include "chat/room_new.h"
#include "config.h"

static void
limits_json(struct buf *out, const struct conf *conf)
{
	json_key(out, "limits");
	json_open(out, '{');
	json_ku64(out, "message", conf->limit_message);
	json_ku64(out, "frame", conf->limit_frame);
	json_ku64(out, "name", USER_NAME_MAX);
	json_ku64(out, "display", USER_DISPLAY_MAX);
	json_ku64(out, "label", ROOM_LABEL_MAX);
	json_ku64(out, "topic", ROOM_TOPIC_MAX);
	json_ku64(out, "password_min", PASSWORD_MIN);
	json_ku64(out, "password", PASSWORD_MAX);
	json_ku64(out, "members", ROOM_NEW_MEMBERS);
	json_ku64(out, "page", PAGE_LIMIT_MAX);
	json_close(out, '}');
}

static void
info_reply(struct request *req)
{
	static const char *const registration[] = {
		[REGISTRATION_OPEN] = "open",
		[REGISTRATION_CLOSED] = "closed",
		[REGISTRATION_INVITE] = "invite",
	};
	const struct conf *conf = req->chat->conf;

	json_kstr(&req->out, "version", PACKAGE_VERSION);
	json_kstr(&req->out, "registration", registration[conf->registration]);
	json_kbool(&req->out, "setup", login_setup_code(req->chat)[0] != '\0');
	limits_json(&req->out, conf);
	request_reply(req);
}

static void
info_run(struct request *req)
{
	login_setup_check(req, info_reply);
}

const struct chat_cmd cmd_info = {
	.name = "info",
	.flags = CMD_PUBLIC,
	.run = info_run,
};
