/* t/unit/http_proxy.c - whose X-Forwarded-For is believed, and how far. */
#include <sys/socket.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include "../lib/tap.h"
#include "http/proxy.h"

#define TRUSTED "127.0.0.1 10.0.0.0/8 fd00::/9 192.168.1.4/31 unix"

/* Who trusts these, written with blanks between. */
static struct http_proxies *
trusting(const char *words)
{
	char text[200], *list[16] = { NULL }, *word;
	size_t n = 0;

	snprintf(text, sizeof(text), "%s", words);
	for (word = strtok(text, " "); word != NULL; word = strtok(NULL, " "))
		list[n++] = word;
	return http_proxies_new(list);
}

static void
test_networks(void)
{
	static const struct {
		const char *address;
		bool in;
	} cases[] = {
		{ "127.0.0.1", true },
		{ "127.0.0.2", false },
		{ "10.255.255.255", true },
		{ "11.0.0.0", false },
		{ "192.168.1.5", true },
		{ "192.168.1.6", false },
		{ "::ffff:10.1.2.3", true },
		{ "fd7f::1", true },
		{ "fd80::1", false },
		{ "::1", false },
		{ "unix", true },
		{ "nonsense", false },
		{ "", false },
	};
	struct http_proxies *p = trusting(TRUSTED),
			    *none = http_proxies_new(NULL);
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ok(http_proxy_trusted(p, cases[i].address) == cases[i].in,
		    "%s is %strusted", cases[i].address,
		    cases[i].in ? "" : "not ");
		ok(!http_proxy_trusted(none, cases[i].address),
		    "%s is not trusted by default", cases[i].address);
	}
	http_proxies_free(&p);
	http_proxies_free(&none);
}

static void
test_wrong_entries_trust_nobody(void)
{
	struct http_proxies *p =
	    trusting("10.0.0.0/33 10.0.0.0/ 0/0 / 10.0.0.0/-1 "
		     "fd00::/129 10.0.0.0/8x localhost");

	ok(!http_proxy_trusted(p, "10.0.0.1") &&
		!http_proxy_trusted(p, "fd00::1") &&
		!http_proxy_trusted(p, "127.0.0.1") &&
		!http_proxy_trusted(p, "unix"),
	    "entries that are no addresses trust nobody");
	http_proxies_free(&p);
}

static void
test_client(void)
{
	static const struct {
		const char *peer, *forwarded, *client;
	} cases[] = {
		{ "8.8.8.8", "1.2.3.4", "8.8.8.8" },
		{ "127.0.0.1", NULL, "127.0.0.1" },
		{ "127.0.0.1", "", "127.0.0.1" },
		{ "127.0.0.1", "1.2.3.4", "1.2.3.4" },
		{ "unix", "1.2.3.4", "1.2.3.4" },
		{ "127.0.0.1", "6.6.6.6, 1.2.3.4", "1.2.3.4" },
		{ "127.0.0.1", "6.6.6.6,1.2.3.4 , 10.0.0.7", "1.2.3.4" },
		{ "127.0.0.1", "10.0.0.9, 10.0.0.7", "10.0.0.9" },
		{ "127.0.0.1", "6.6.6.6, junk, 10.0.0.7", "10.0.0.7" },
		{ "127.0.0.1", "1.2.3.4:5678", "1.2.3.4" },
		{ "127.0.0.1", "[2001:db8::1]:443", "2001:db8::1" },
		{ "127.0.0.1", "2001:DB8::1", "2001:db8::1" },
		{ "127.0.0.1", "::ffff:1.2.3.4", "1.2.3.4" },
		{ "127.0.0.1", ",,,", "127.0.0.1" },
		{ "127.0.0.1",
		    "1.1.1.1, "
		    "9999999999999999999999999999999999999999999999999999999999"
		    "99",
		    "127.0.0.1" },
	};
	struct http_proxies *p = trusting(TRUSTED);
	char peer[HTTP_ADDRESS];
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		strcpy(peer, cases[i].peer);
		http_proxy_client(p, cases[i].forwarded, peer);
		is_str(peer, cases[i].client, "%s telling of \"%s\" is %s",
		    cases[i].peer,
		    cases[i].forwarded ? cases[i].forwarded : "nobody",
		    cases[i].client);
	}
	http_proxies_free(&p);
}

static void
test_peer(void)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(0x01020304) };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };
	struct sockaddr un = { .sa_family = AF_UNIX };
	char out[HTTP_ADDRESS];

	http_proxy_peer((struct sockaddr *)&in, out);
	is_str(out, "1.2.3.4", "an IPv4 peer");
	inet_pton(AF_INET6, "2001:db8::1", &in6.sin6_addr);
	http_proxy_peer((struct sockaddr *)&in6, out);
	is_str(out, "2001:db8::1", "an IPv6 peer");
	inet_pton(AF_INET6, "::ffff:1.2.3.4", &in6.sin6_addr);
	http_proxy_peer((struct sockaddr *)&in6, out);
	is_str(out, "1.2.3.4", "an IPv4 peer of an IPv6 socket");
	http_proxy_peer(&un, out);
	is_str(out, "unix", "a peer of a Unix socket");
}

int
main(void)
{
	test_networks();
	test_wrong_entries_trust_nobody();
	test_client();
	test_peer();
	return done_testing();
}
