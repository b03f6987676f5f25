/* t/unit/base_conf.c - the configuration: defaults, file, environment, and a
 * message for every error that says what to do. */
#include <unistd.h>

#include "../lib/tap.h"
#include "base/conf.h"

static char path[] = "/tmp/burung-conf-XXXXXX";

static void
write_file(const char *text)
{
	FILE *f = fopen(path, "w");

	fputs(text, f);
	fclose(f);
}

static struct conf *
load(const char *text)
{
	struct err err = { 0 };
	struct conf *conf = NULL;

	write_file(text);
	if (conf_load(path, &conf, &err) == -1)
		diag("%s", err.text);
	return conf;
}

static const struct {
	const char *text, *want; /* want begins behind the path */
} errors[] = {
	{ "#x\n\nworkers = many\n",
	    ":3: workers: ‘many’ is not a number from 1 to 64" },
	{ "workers = 0\n", ":1: workers: ‘0’ is not a number from 1 to 64" },
	{ "workers = 65", ":1: workers: ‘65’ is not a number from 1 to 64" },
	{ "workers = 4 5\n",
	    ":1: workers: ‘4 5’ is not a number from 1 to 64" },
	{ "workers = -1\n", ":1: workers: ‘-1’ is not a number from 1 to 64" },
	{ "workers = 99999999999999999999\n",
	    ":1: workers: ‘99999999999999999999’ is not a number from 1 to "
	    "64" },
	{ "workers =\n",
	    ":1: workers: has no value; write one, or remove the line for the "
	    "default" },
	{ "worker = 2\n",
	    ":1: worker: no such key; conf/burungd.conf lists them all" },
	{ "WORKERS = 2\n",
	    ":1: WORKERS: no such key; conf/burungd.conf lists them all" },
	{ "workers 2\n",
	    ":1: workers 2: is not `key = value`; comments begin with #" },
	{ "workers = 2\n#\nworkers = 3\n",
	    ":3: workers: stands in line 1 already; remove one of them" },
	{ "listen = here\n",
	    ":1: listen: ‘here’ is not an address and port such as "
	    "127.0.0.1:8080 or [::1]:8080" },
	{ "listen = 127.0.0.1:8080 ::1:80\n",
	    ":1: listen: ‘::1:80’ is not an address and port such as "
	    "127.0.0.1:8080 or [::1]:8080" },
	{ "listen = 1.2.3.4:65536\n",
	    ":1: listen: ‘1.2.3.4:65536’ is not an address and port such as "
	    "127.0.0.1:8080 or [::1]:8080" },
	{ "listen = ,\n", "listen: must name one address or more" },
	{ "store = mysql\n", ":1: store: ‘mysql’ is not sqlite or "
			     "mongodb://HOST[:PORT]/NAME" },
	{ "log_level = loud\n",
	    ":1: log_level: ‘loud’ is not one of: error warn info debug" },
	{ "registration = maybe\n",
	    ":1: registration: ‘maybe’ is not one of: open closed invite" },
	{ "registration = open closed\n", ":1: registration: ‘open closed’ is "
					  "not one of: open closed invite" },
	{ "limit_sends_user = 20\n",
	    ":1: limit_sends_user: ‘20’ is not a rate such as 20/s or 30/h 60 "
	    "(burst), or 0 for no limit" },
	{ "limit_sends_user = 20/week\n",
	    ":1: limit_sends_user: ‘20/week’ is not a rate such as 20/s or "
	    "30/h 60 (burst), or 0 for no limit" },
	{ "limit_sends_user = 0/s\n",
	    ":1: limit_sends_user: ‘0/s’ is not a rate such as 20/s or 30/h 60 "
	    "(burst), or 0 for no limit" },
	{ "limit_sends_user = 20/s 0\n",
	    ":1: limit_sends_user: ‘20/s 0’ is not a rate such as 20/s or "
	    "30/h 60 (burst), or 0 for no limit" },
	{ "limit_sends_user = 99999999999/s\n",
	    ":1: limit_sends_user: ‘99999999999/s’ is not a rate such as 20/s "
	    "or 30/h 60 (burst), or 0 for no limit" },
	{ "public_url = chat.example.org\n",
	    ":1: public_url: ‘chat.example.org’ is not an origin such as "
	    "https://chat.example.org" },
	{ "allowed_origins = https://a.example/path\n",
	    ":1: allowed_origins: ‘https://a.example/path’ is not an origin "
	    "such as https://chat.example.org" },
	{ "trusted_proxies = proxy\n", ":1: trusted_proxies: ‘proxy’ is not an "
				       "IP address or network such as "
				       "::1 or 10.0.0.0/8" },
	{ "trusted_proxies = 10.0.0.0/33\n",
	    ":1: trusted_proxies: ‘10.0.0.0/33’ is not an IP address or "
	    "network "
	    "such as ::1 or 10.0.0.0/8" },
	{ "trusted_proxies = fd00::/\n", ":1: trusted_proxies: ‘fd00::/’ is "
					 "not an IP address or network such "
					 "as ::1 or 10.0.0.0/8" },
	{ "limit_login_memory = 7\n",
	    ":1: limit_login_memory: ‘7’ is not a number from 8 to 256" },
	{ "limit_message = 65536\n",
	    "limit_frame: 65536 is too small for limit_message 65536; make it "
	    "66560 or more" },
	{ "limit_frame = 262144\nlimit_queue = 65536\n",
	    "limit_queue: 65536 is too small for limit_frame 262144; make it "
	    "524288 or more" },
};

static void
test_errors(void)
{
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		struct err err = { 0 };
		struct conf *conf = NULL;
		const char *said = err.text;

		write_file(errors[i].text);
		ok(conf_load(path, &conf, &err) == -1 && err.code == ERR_CONF &&
			conf == NULL,
		    "refused: %.*s", (int)strcspn(errors[i].text, "\n"),
		    errors[i].text);
		if (strncmp(said, path, strlen(path)) == 0)
			said += strlen(path);
		is_str(said, errors[i].want, "and told where, what and why");
	}
}

static void
test_long_value(void)
{
	struct err err = { 0 };
	struct conf *conf;
	char text[400] = "workers = ";

	for (int i = 0; i < 60; i++)
		strcat(text, "é");
	write_file(text);
	is_int(conf_load(path, &conf, &err), -1, "a long wrong value");
	ok(strstr(err.text, "é…’ is not a number from 1 to 64") != NULL,
	    "is shown shortened, between characters");
}

static void
test_missing_file(void)
{
	struct err err = { 0 };
	struct conf *conf;

	is_int(conf_load("/nonexistent/burungd.conf", &conf, &err), -1,
	    "a missing file is an error");
	ok(strstr(err.text, "/nonexistent/burungd.conf: No such file") != NULL,
	    "that names it");
}

static void
test_defaults(void)
{
	struct err err = { 0 };
	struct conf *conf = NULL;

	is_int(conf_load(NULL, &conf, &err), 0, "no file: the defaults");
	is_str(conf->listen[0], "127.0.0.1:8080", "listen on IPv4 loopback");
	is_str(conf->listen[1], "[::1]:8080", "and IPv6");
	ok(conf->listen[2] == NULL, "and nowhere else");
	is_str(conf->data, "./var", "data");
	ok(conf->workers >= 2 && conf->workers <= 64, "at least 2 workers");
	ok(conf->user == NULL && conf->www == NULL &&
		conf->public_url == NULL && conf->log_file == NULL,
	    "no user, www, public_url, log_file");
	is_str(conf->store, "sqlite", "store");
	is_str(conf->bus, "local", "bus");
	ok(conf->allowed_origins[0] == NULL && conf->trusted_proxies[0] == NULL,
	    "no other origins, no proxies");
	is_int(conf->log_level, LOG_INFO, "log_level");
	is_int(conf->registration, REGISTRATION_OPEN, "registration");
	is_int(conf->limit_message, 16384, "limit_message");
	is_int(conf->limit_frame, 65536, "limit_frame");
	is_int(conf->limit_queue, 1048576, "limit_queue");
	is_int(conf->limit_connections, 0, "limit_connections");
	is_int(conf->limit_login_memory, 64, "limit_login_memory");
	conf_free(&conf);
	ok(conf == NULL, "conf_free clears the pointer");
	conf_free(&conf);
}

static void
test_file(void)
{
	struct conf *conf = load("# comment\n"
				 "  listen=0.0.0.0:80,[::]:80\t127.0.0.1:0\r\n"
				 "\n"
				 "data\t=  /var/lib/my data \n"
				 "workers = 7\n"
				 "registration = closed\n"
				 "limit_logins = 7/min 9\n"
				 "limit_typing = 5/s\n"
				 "limit_rooms = 0\n"
				 "log_level = debug\n"
				 "trusted_proxies = 10.0.0.1, ::1 10.0.0.0/8 "
				 "fd00::/128\n"
				 "public_url = https://chat.example.org:8443\n"
				 "limit_message = 1000");

	if (conf == NULL)
		bail_out("the file was refused");
	is_str(conf->listen[0], "0.0.0.0:80", "a comma separates");
	is_str(conf->listen[1], "[::]:80", "and so does a tab");
	is_str(conf->listen[2], "127.0.0.1:0", "CRLF ends a line");
	is_str(conf->data, "/var/lib/my data", "blanks around are dropped");
	is_int(conf->workers, 7, "workers");
	is_int(conf->registration, REGISTRATION_CLOSED, "registration");
	ok(conf->rate[RATE_LOGINS].count == 7 &&
		conf->rate[RATE_LOGINS].per_s == 60 &&
		conf->rate[RATE_LOGINS].burst == 9,
	    "a rate with its burst");
	ok(conf->rate[RATE_TYPING].count == 5 &&
		conf->rate[RATE_TYPING].burst == 5,
	    "without, it is the count");
	is_int(conf->rate[RATE_ROOMS].count, 0, "no rate");
	is_int(conf->log_level, LOG_DEBUG, "log_level");
	is_str(conf->trusted_proxies[1], "::1", "trusted_proxies");
	is_str(conf->trusted_proxies[3], "fd00::/128", "and networks");
	is_str(conf->public_url, "https://chat.example.org:8443", "public_url");
	is_int(conf->limit_message, 1000, "a last line without newline");
	conf_free(&conf);
}

static void
test_environment(void)
{
	struct err err = { 0 };
	struct conf *conf;

	setenv("BURUNG_WORKERS", "9", 1);
	setenv("BURUNG_LOG_FILE", "/tmp/x.log", 1);
	setenv("BURUNG_USER", "", 1);
	conf = load("workers = 3\nuser = nobody\n");
	is_int(conf->workers, 9, "the environment wins over the file");
	is_str(conf->log_file, "/tmp/x.log", "and over defaults");
	is_str(conf->user, "nobody", "an empty variable is none");
	conf_free(&conf);
	setenv("BURUNG_WORKERS", "x", 1);
	is_int(
	    conf_load(NULL, &conf, &err), -1, "a wrong variable is an error");
	is_str(err.text,
	    "environment: BURUNG_WORKERS: ‘x’ is not a number from 1 to 64",
	    "that names it");
	unsetenv("BURUNG_WORKERS");
	unsetenv("BURUNG_LOG_FILE");
	unsetenv("BURUNG_USER");
}

static void
test_fixed(void)
{
	struct conf *a = load("workers = 3\n");
	struct conf *b = load("workers = 4\nlisten = 127.0.0.1:1\nuser = x\n"
			      "log_level = warn\n");
	char out[200], little[9];

	conf_fixed_diff(a, a, out, sizeof(out));
	is_str(out, "", "nothing differs from itself");
	conf_fixed_diff(a, b, out, sizeof(out));
	is_str(out, "listen, workers, user",
	    "the keys that need a restart, and only those");
	conf_fixed_diff(a, b, little, sizeof(little));
	is_str(little, "listen, ", "no more than there is room for");
	conf_free(&a);
	conf_free(&b);
}

/* The file we ship: every key in it, each with its default. */
static void
test_shipped_file(void)
{
	const char *srcdir = getenv("srcdir");
	char shipped[300], line[300], name[64];
	struct conf *conf = NULL;
	struct err err = { 0 };
	int keys = 0, unknown = 0;
	FILE *f;

	snprintf(shipped, sizeof(shipped), "%s/conf/burungd.conf",
	    srcdir != NULL ? srcdir : ".");
	is_int(
	    conf_load(shipped, &conf, &err), 0, "conf/burungd.conf is valid");
	conf_free(&conf);
	f = fopen(shipped, "r");
	while (f != NULL && fgets(line, sizeof(line), f) != NULL) {
		if (sscanf(line, "#%63[a-z_] = ", name) != 1 ||
		    strstr(line, " = ") == NULL || line[1] == ' ')
			continue;
		keys++;
		write_file(line + 1);
		if (conf_load(path, &conf, &err) == -1) {
			diag("%s", err.text);
			unknown++;
		}
		conf_free(&conf);
	}
	if (f != NULL)
		fclose(f);
	is_int(keys, 32, "it has every key");
	is_int(unknown, 0, "each with an example that is accepted");
}

int
main(void)
{
	int fd = mkstemp(path);

	if (fd == -1)
		bail_out("no temporary file");
	close(fd);
	test_errors();
	test_long_value();
	test_missing_file();
	test_defaults();
	test_file();
	test_environment();
	test_fixed();
	test_shipped_file();
	unlink(path);
	return done_testing();
}
