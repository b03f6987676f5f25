/* chat/cmd_ping.c - are you there? */
#include "chat/commands.h"
#include "chat/request.h"

const struct chat_cmd cmd_ping = {
	.name = "ping",
	.flags = CMD_EARLY,
	.run = request_reply,
};
