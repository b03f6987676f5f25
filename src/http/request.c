/* http/request.c - what was asked. */
#include <sys/socket.h>

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/log.h"
#include "base/mem.h"
#include "http/internal.h"

struct http_request *
http_request_new(
    struct http_gate *g, struct http_head *head, struct evbuffer *body)
{
	const struct http_proxies *proxies = g->server->proxies;
	const char *proto = http_head_value(head, "X-Forwarded-Proto");
	struct http_request *req;
	const char *last;

	MEM_NEW(req);
	req->gate = g;
	req->head = head;
	http_proxy_peer(g->conn->saddr, req->peer);
	if (http_proxy_trusted(proxies, req->peer)) {
		if (proto != NULL) {
			last = strrchr(proto, ',');
			last = last != NULL ? last + 1 : proto;
			last += strspn(last, " \t");
			req->tls = strcasecmp(last, "https") == 0;
		}
		http_proxy_client(proxies,
		    http_head_value(head, "X-Forwarded-For"), req->peer);
	}
	if (evbuffer_get_length(body) == 0)
		return req;
	if ((req->body = evbuffer_new()) == NULL)
		log_fatal("no memory");
	evbuffer_add_buffer(req->body, body);
	evbuffer_pullup(req->body, -1);
	return req;
}

void
http_request_free(struct http_request *req)
{
	if (req->body != NULL)
		evbuffer_free(req->body);
	if (req->extra != NULL)
		evbuffer_free(req->extra);
	free(req->head);
	free(req);
}

enum http_method
http_method(const struct http_request *req)
{
	if (strcmp(req->head->method, "GET") == 0)
		return HTTP_GET;
	if (strcmp(req->head->method, "HEAD") == 0)
		return HTTP_HEAD;
	if (strcmp(req->head->method, "POST") == 0)
		return HTTP_POST;
	return HTTP_OTHER;
}

const char *
http_method_name(const struct http_request *req)
{
	return req->head->method;
}

const char *
http_path(const struct http_request *req)
{
	return req->head->path;
}

const char *
http_query(const struct http_request *req)
{
	return req->head->query;
}

const char *
http_header(const struct http_request *req, const char *name)
{
	return http_head_value(req->head, name);
}

const uint8_t *
http_body(const struct http_request *req, size_t *len_r)
{
	*len_r = req->body != NULL ? evbuffer_get_length(req->body) : 0;
	return req->body != NULL ? evbuffer_pullup(req->body, -1) : NULL;
}

const char *
http_peer(const struct http_request *req)
{
	return req->peer;
}

int
http_peer_uid(const struct http_request *req, uid_t *uid_r)
{
	struct ucred who = { .uid = (uid_t)-1 };
	socklen_t len = sizeof(who);

	/* TCP sockets answer too, with nobody. */
	if (req->gate == NULL ||
	    getsockopt(bufferevent_getfd(req->gate->bev), SOL_SOCKET,
		SO_PEERCRED, &who, &len) == -1 ||
	    who.uid == (uid_t)-1)
		return -1;
	*uid_r = who.uid;
	return 0;
}

bool
http_is_tls(const struct http_request *req)
{
	return req->tls;
}

bool
http_cookie(
    const struct http_request *req, const char *name, char *out, size_t size)
{
	const char *s = http_head_value(req->head, "Cookie");
	size_t n = strlen(name), len;

	for (; s != NULL && *s != '\0'; s += len) {
		s += strspn(s, "; \t");
		len = strcspn(s, ";");
		if (len <= n || strncmp(s, name, n) != 0 || s[n] != '=')
			continue;
		s += n + 1;
		len -= n + 1;
		while (len > 0 && (s[len - 1] == ' ' || s[len - 1] == '\t'))
			len--;
		if (len >= size)
			return false;
		memcpy(out, s, len);
		out[len] = '\0';
		return true;
	}
	return false;
}
