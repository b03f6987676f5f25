/* http/proxy.c - trusted proxies, and what they say of the client. */
#include "http/proxy.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"

/* Every address as 16 bytes, IPv4 mapped (RFC 4291 §2.5.5.2). */
struct network {
	uint8_t base[16];
	unsigned bits;
};

struct http_proxies {
	bool local; /* "unix" */
	size_t count;
	struct network nets[];
};

static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

static int
address_read(const char *s, uint8_t out[16])
{
	memcpy(out, mapped, sizeof(mapped));
	if (inet_pton(AF_INET, s, out + 12) == 1)
		return 0;
	return inet_pton(AF_INET6, s, out) == 1 ? 0 : -1;
}

static void
address_write(const uint8_t a[16], char out[HTTP_ADDRESS])
{
	bool v4 = memcmp(a, mapped, sizeof(mapped)) == 0;

	inet_ntop(v4 ? AF_INET : AF_INET6, v4 ? a + 12 : a, out, HTTP_ADDRESS);
}

/* "address" or "address/bits". */
static int
network_read(const char *s, struct network *net)
{
	char text[HTTP_ADDRESS + 1];
	const char *slash = strchr(s, '/');
	size_t n = slash != NULL ? (size_t)(slash - s) : strlen(s);
	unsigned long bits;
	bool v4;
	char *end;

	if (n >= sizeof(text))
		return -1;
	memcpy(text, s, n);
	text[n] = '\0';
	if (address_read(text, net->base) == -1)
		return -1;
	net->bits = 128;
	if (slash == NULL)
		return 0;
	v4 = strchr(text, ':') == NULL;
	if (slash[1] < '0' || slash[1] > '9')
		return -1;
	bits = strtoul(slash + 1, &end, 10);
	if (*end != '\0' || bits > (v4 ? 32 : 128))
		return -1;
	net->bits = (unsigned)bits + (v4 ? 96 : 0);
	return 0;
}

struct http_proxies *
http_proxies_new(char *const *trusted)
{
	struct http_proxies *p;
	size_t i, n = 0;

	while (trusted != NULL && trusted[n] != NULL)
		n++;
	p = mem_zalloc(sizeof(*p) + n * sizeof(p->nets[0]));
	for (i = 0; i < n; i++) {
		if (strcmp(trusted[i], "unix") == 0)
			p->local = true;
		else if (network_read(trusted[i], &p->nets[p->count]) == 0)
			p->count++;
		else
			log_error("trusted proxy ignored",
			    "value=\"%s\" reason=\"not an address\"",
			    trusted[i]);
	}
	return p;
}

void
http_proxies_free(struct http_proxies **p)
{
	free(*p);
	*p = NULL;
}

void
http_proxy_peer(const struct sockaddr *sa, char out[HTTP_ADDRESS])
{
	const struct sockaddr_in *in = (const void *)sa;
	const struct sockaddr_in6 *in6 = (const void *)sa;
	uint8_t a[16];

	if (sa->sa_family == AF_INET6) {
		memcpy(a, &in6->sin6_addr, sizeof(a));
		address_write(a, out);
	} else if (sa->sa_family == AF_INET) {
		memcpy(a, mapped, sizeof(mapped));
		memcpy(a + 12, &in->sin_addr, 4);
		address_write(a, out);
	} else
		memcpy(out, "unix", sizeof("unix"));
}

static bool
network_has(const struct network *net, const uint8_t a[16])
{
	unsigned bytes = net->bits / 8, rest = net->bits % 8;
	uint8_t mask = (uint8_t)(0xff00 >> rest);

	if (memcmp(net->base, a, bytes) != 0)
		return false;
	return rest == 0 || ((net->base[bytes] ^ a[bytes]) & mask) == 0;
}

bool
http_proxy_trusted(const struct http_proxies *p, const char *address)
{
	uint8_t a[16];
	size_t i;

	if (strcmp(address, "unix") == 0)
		return p->local;
	if (address_read(address, a) == -1)
		return false;
	for (i = 0; i < p->count; i++)
		if (network_has(&p->nets[i], a))
			return true;
	return false;
}

/* One entry: an address, perhaps with a port, IPv6 then in brackets. */
static int
entry_read(const char *s, size_t n, uint8_t out[16])
{
	char text[HTTP_ADDRESS + 8];
	char *p = text, *colon;

	while (n > 0 && (*s == ' ' || *s == '\t'))
		s++, n--;
	while (n > 0 && (s[n - 1] == ' ' || s[n - 1] == '\t'))
		n--;
	if (n >= sizeof(text))
		return -1;
	memcpy(text, s, n);
	text[n] = '\0';
	if (*p == '[') {
		p++;
		p[strcspn(p, "]")] = '\0';
	} else if ((colon = strchr(p, ':')) != NULL &&
		   strchr(colon + 1, ':') == NULL)
		*colon = '\0';
	return address_read(p, out);
}

void
http_proxy_client(const struct http_proxies *p, const char *forwarded,
    char peer[HTTP_ADDRESS])
{
	size_t end = forwarded != NULL ? strlen(forwarded) : 0, start;
	uint8_t a[16];

	while (end > 0 && http_proxy_trusted(p, peer)) {
		for (start = end; start > 0; start--)
			if (forwarded[start - 1] == ',')
				break;
		if (entry_read(forwarded + start, end - start, a) == -1)
			return;
		address_write(a, peer);
		end = start > 0 ? start - 1 : 0;
	}
}
