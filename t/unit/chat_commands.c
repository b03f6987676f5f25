/* t/unit/chat_commands.c - the table of commands, and that each is documented.
 */

#include "../lib/tap.h"
#include "chat/commands.h"

static void
test_table(void)
{
	size_t n = 0;

	for (; chat_cmds[n] != NULL; n++) {
		const struct chat_cmd *cmd = chat_cmds[n];

		ok(chat_cmd_find(cmd->name) == cmd, "%s is found", cmd->name);
		ok(n == 0 || strcmp(chat_cmds[n - 1]->name, cmd->name) < 0,
		    "%s stands in its place", cmd->name);
		ok(cmd->run != NULL, "%s can be run", cmd->name);
	}
	is_int(n, 39, "no command is forgotten");
	ok(chat_cmd_find("") == NULL, "no name is no command");
	ok(chat_cmd_find("zzz") == NULL, "zzz is no command");
	ok(chat_cmd_find("roo") == NULL, "a beginning is no command");
	ok(chat_cmd_find("rooms ") == NULL, "a longer name is no command");
}

/* The row of `name` in the table of doc/PROTOCOL.md. */
static bool
is_documented(const char *text, const char *name)
{
	char row[64];

	snprintf(row, sizeof(row), "\n| `%s` |", name);
	return strstr(text, row) != NULL;
}

static void
test_documented(void)
{
	static char text[65536];
	const char *srcdir = getenv("srcdir");
	char path[4096];
	FILE *f;

	snprintf(path, sizeof(path), "%s/doc/PROTOCOL.md",
	    srcdir != NULL ? srcdir : ".");
	f = fopen(path, "r");
	if (f == NULL)
		bail_out("doc/PROTOCOL.md cannot be read");
	text[fread(text, 1, sizeof(text) - 1, f)] = '\0';
	fclose(f);
	for (size_t i = 0; chat_cmds[i] != NULL; i++)
		ok(is_documented(text, chat_cmds[i]->name), "%s is documented",
		    chat_cmds[i]->name);
}

int
main(void)
{
	test_table();
	test_documented();
	return done_testing();
}
