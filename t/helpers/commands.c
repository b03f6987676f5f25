/* t/helpers/commands.c - prints the table of commands, one a line: the name,
 * then `public`, `http` (only), `ws` (only), `early` as they apply. */

#include "chat/commands.h"

#include <stdio.h>

int
main(void)
{
	for (size_t i = 0; chat_cmds[i] != NULL; i++) {
		unsigned flags = chat_cmds[i]->flags;

		printf("%s%s%s%s%s\n", chat_cmds[i]->name,
		    flags & CMD_PUBLIC ? " public" : "",
		    flags & CMD_HTTP_ONLY ? " http" : "",
		    flags & CMD_WS_ONLY ? " ws" : "",
		    flags & CMD_EARLY ? " early" : "");
	}
	return 0;
}
