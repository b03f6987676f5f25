/* admin/digest.c - SHA-256 of what the store holds. */
#include "admin/digest.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <string.h>

#include "base/id.h"
#include "base/log.h"
#include "base/mem.h"

void
digest_start(struct digest *d)
{
	/* Refused, and needless, in a worker, which has done so before. */
	CRYPTO_set_mem_functions(
	    mem_crypto_alloc, mem_crypto_realloc, mem_crypto_free);
	d->ctx = EVP_MD_CTX_new();
	if (d->ctx == NULL ||
	    EVP_DigestInit_ex(d->ctx, EVP_sha256(), NULL) != 1)
		log_fatal("libcrypto gives no digest");
}

void
digest_end(struct digest *d, char hex[DIGEST_HEX])
{
	uint8_t sum[EVP_MAX_MD_SIZE];
	unsigned n = 0;

	if (EVP_DigestFinal_ex(d->ctx, sum, &n) != 1)
		log_fatal("libcrypto gives no digest");
	if (hex != NULL)
		hex_encode(sum, n, hex);
	EVP_MD_CTX_free(d->ctx);
	d->ctx = NULL;
}

void
digest_bytes(struct digest *d, const void *p, size_t n)
{
	if (EVP_DigestUpdate(d->ctx, p, n) != 1)
		log_fatal("libcrypto gives no digest");
}

void
digest_u64(struct digest *d, uint64_t v)
{
	uint8_t b[8];

	for (int i = 0; i < 8; i++)
		b[i] = (uint8_t)(v >> (56 - 8 * i));
	digest_bytes(d, b, sizeof(b));
}

void
digest_text(struct digest *d, const char *s, size_t len)
{
	digest_u64(d, len);
	digest_bytes(d, s, len);
}

void
digest_user(struct digest *d, const struct user *u)
{
	digest_bytes(d, u->id.b, sizeof(u->id.b));
	digest_text(d, u->name, strlen(u->name));
	digest_text(d, u->display, strlen(u->display));
	digest_u64(d, u->admin);
	digest_u64(d, u->state);
	digest_u64(d, u->created);
}

void
digest_room(struct digest *d, const struct room *r)
{
	digest_bytes(d, r->id.b, sizeof(r->id.b));
	digest_u64(d, r->kind);
	digest_text(d, r->label, strlen(r->label));
	digest_text(d, r->topic, strlen(r->topic));
	digest_u64(d, r->members);
	digest_u64(d, r->seq);
	digest_u64(d, r->no);
	digest_u64(d, r->last_message);
}

void
digest_event(struct digest *d, const struct event *ev)
{
	digest_u64(d, ev->seq);
	digest_u64(d, ev->no);
	digest_u64(d, ev->kind);
	digest_u64(d, ev->at);
	digest_u64(d, ev->target);
	digest_bytes(d, ev->from.b, sizeof(ev->from.b));
	digest_bytes(d, ev->cid.b, sizeof(ev->cid.b));
	digest_text(d, ev->body, ev->body_len);
}

void
digest_member(struct digest *d, const struct member *m)
{
	digest_bytes(d, m->user.b, sizeof(m->user.b));
	digest_u64(d, m->role);
	digest_u64(d, m->joined);
	digest_u64(d, m->read_seq);
	digest_u64(d, m->read_no);
	digest_u64(d, m->muted);
	digest_u64(d, m->archived);
}
