/* ctl/main.c - burungctl: arguments, then the command. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "ctl/ctl.h"

static const char usage_head[] =
    "usage: burungctl [-c FILE | --data DIR] [--json] COMMAND\n"
    "\n"
    "Administers a running burungd; when none runs, its database.\n"
    "\n"
    "  -c, --config FILE  the server's configuration\n"
    "                     (/etc/burung/burungd.conf if it is there)\n"
    "      --data DIR     its data folder, without a configuration\n"
    "      --json         answer in JSON, for programs\n"
    "  -V, --version      print the version\n"
    "  -h, --help         print this\n"
    "\n";

static const struct {
	unsigned opt;
	const char *text;
} opt_texts[] = {
	{ OPT_ADMIN, "--admin" },
	{ OPT_OFF, "--off" },
	{ OPT_DISPLAY, "--display TEXT" },
	{ OPT_GENERATE, "--generate" },
	{ OPT_DEVICE, "--device TEXT" },
	{ OPT_ALL, "--all" },
	{ OPT_WATCH, "--watch" },
	{ OPT_FORCE, "--force" },
	{ OPT_PREFIX, "--prefix TEXT" },
	{ OPT_FROM, "--from STORE" },
	{ OPT_TO, "--to STORE" },
};
enum { OPT_TEXTS = sizeof(opt_texts) / sizeof(opt_texts[0]) };

/* Long options without a letter. */
enum { LONG_DATA = 256, LONG_JSON, LONG_BITS = 512 };

static const struct option options[] = {
	{ "config", required_argument, NULL, 'c' },
	{ "data", required_argument, NULL, LONG_DATA },
	{ "json", no_argument, NULL, LONG_JSON },
	{ "version", no_argument, NULL, 'V' },
	{ "help", no_argument, NULL, 'h' },
	{ "admin", no_argument, NULL, LONG_BITS + OPT_ADMIN },
	{ "off", no_argument, NULL, LONG_BITS + OPT_OFF },
	{ "display", required_argument, NULL, LONG_BITS + OPT_DISPLAY },
	{ "generate", no_argument, NULL, LONG_BITS + OPT_GENERATE },
	{ "device", required_argument, NULL, LONG_BITS + OPT_DEVICE },
	{ "all", no_argument, NULL, LONG_BITS + OPT_ALL },
	{ "watch", no_argument, NULL, LONG_BITS + OPT_WATCH },
	{ "force", no_argument, NULL, LONG_BITS + OPT_FORCE },
	{ "prefix", required_argument, NULL, LONG_BITS + OPT_PREFIX },
	{ "from", required_argument, NULL, LONG_BITS + OPT_FROM },
	{ "to", required_argument, NULL, LONG_BITS + OPT_TO },
	{ NULL, 0, NULL, 0 },
};

/* "user add NAME [--admin]" */
static void
print_synopsis(FILE *f, const struct ctl_cmd *cmd)
{
	char text[120];
	int n = snprintf(text, sizeof(text), "%s%s%s%s%s",
	    cmd->group != NULL ? cmd->group : "", cmd->group != NULL ? " " : "",
	    cmd->name, cmd->args[0] != '\0' ? " " : "", cmd->args);

	for (size_t i = 0; i < OPT_TEXTS; i++)
		if (cmd->opts & opt_texts[i].opt)
			n += snprintf(text + n, sizeof(text) - (size_t)n,
			    " [%s]", opt_texts[i].text);
	fprintf(f, "  %s\n      %s\n", text, cmd->help);
}

static int
usage(FILE *f, int code)
{
	fputs(usage_head, f);
	for (const struct ctl_cmd *cmd = ctl_cmds; cmd->name != NULL; cmd++)
		print_synopsis(f, cmd);
	fputs(
	    "\nUSER is a name or an id. Exit codes: 0 done, 1 failed, 2 wrong "
	    "usage. See burungctl(8).\n",
	    f);
	return code;
}

static int
wrong_usage(const struct ctl_cmd *cmd, const char *why)
{
	fprintf(stderr, "burungctl: %s\n", why);
	if (cmd == NULL)
		fputs("Try: burungctl --help\n", stderr);
	else
		print_synopsis(stderr, cmd);
	return CTL_USAGE;
}

static void
take_bit(struct ctl *c, unsigned opt)
{
	c->opts |= opt;
	if (opt == OPT_DISPLAY)
		c->display = optarg;
	else if (opt == OPT_DEVICE)
		c->device = optarg;
	else if (opt == OPT_PREFIX)
		c->prefix = optarg;
	else if (opt == OPT_FROM)
		c->from = optarg;
	else if (opt == OPT_TO)
		c->to = optarg;
}

/* -1: go on; else an exit code. */
static int
take_option(struct ctl *c, int opt)
{
	switch (opt) {
	case 'c':
		c->target.conf_path = optarg;
		return -1;
	case LONG_DATA:
		c->target.data = optarg;
		return -1;
	case LONG_JSON:
		c->json = true;
		return -1;
	case 'V':
		puts("burungctl " PACKAGE_VERSION);
		return CTL_OK;
	case 'h':
		return usage(stdout, CTL_OK);
	case '?':
		return wrong_usage(NULL, "this option is not known");
	default:
		take_bit(c, (unsigned)(opt - LONG_BITS));
		return -1;
	}
}

/* Takes the command's words off c->argv. NULL: there is none of that name. */
static const struct ctl_cmd *
find(struct ctl *c)
{
	for (const struct ctl_cmd *cmd = ctl_cmds; cmd->name != NULL; cmd++) {
		int words = cmd->group != NULL ? 2 : 1;

		if (c->argc < words ||
		    strcmp(c->argv[words - 1], cmd->name) != 0 ||
		    (words == 2 && strcmp(c->argv[0], cmd->group) != 0))
			continue;
		c->argc -= words;
		c->argv += words;
		return cmd;
	}
	return NULL;
}

static int
run(struct ctl *c)
{
	const struct ctl_cmd *cmd = find(c);
	struct err err = { 0 };
	int rc;

	if (cmd == NULL)
		return wrong_usage(NULL, c->argc == 0
					     ? "what is to be done?"
					     : "there is no such command");
	if (c->argc < cmd->min || c->argc > cmd->max)
		return wrong_usage(cmd, "wrong number of arguments");
	if (c->opts & ~cmd->opts)
		return wrong_usage(cmd, "this command has no such option");
	rc = target_open(&c->target, &err) == -1 ? ctl_fail(&err) : cmd->run(c);
	target_close(&c->target);
	return rc;
}

int
main(int argc, char *argv[])
{
	struct ctl c = { .target = { .lock = -1 } };
	int opt, rc;

	log_init("burungctl", LOG_ERROR);
	opterr = 0;
	while ((opt = getopt_long(argc, argv, "c:hV", options, NULL)) != -1) {
		rc = take_option(&c, opt);
		if (rc != -1)
			return rc;
	}
	if (c.target.conf_path != NULL && c.target.data != NULL)
		return wrong_usage(NULL, "either -c or --data");
	c.argc = argc - optind;
	c.argv = argv + optind;
	return run(&c);
}
