/* http/etag.c - a hash of the content, computed once. Times alone would not do:
 * reproducible builds give all their files the same. */
#include "http/etag.h"

#include <openssl/evp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/id.h"
#include "base/log.h"
#include "base/map.h"
#include "base/mem.h"

#define HASHED_MAX (8 << 20) /* larger files would hold up the loop */
#define TAGS_MAX   1024      /* then all are forgotten */

struct stamp {
	uint64_t dev, ino, size, modified, changed; /* times in ns */
};

struct tag {
	struct stamp stamp;
	char text[HTTP_ETAG];
};

struct http_etags {
	struct map tags; /* of struct tag by stamp */
};

struct http_etags *
http_etags_new(void)
{
	struct http_etags *t;

	MEM_NEW(t);
	map_init(&t->tags, struct tag, stamp);
	return t;
}

static void
forget_all(struct http_etags *t)
{
	struct tag *tag;
	size_t i = 0;

	while ((tag = map_next(&t->tags, &i)) != NULL)
		free(tag);
	map_free(&t->tags);
	map_init(&t->tags, struct tag, stamp);
}

void
http_etags_free(struct http_etags **t)
{
	if (*t == NULL)
		return;
	forget_all(*t);
	map_free(&(*t)->tags);
	free(*t);
	*t = NULL;
}

/* What fails here fails for want of memory. */
static void
need(int ok)
{
	if (ok != 1)
		log_fatal("libcrypto gives no digest");
}

static int
hash_file(EVP_MD_CTX *md, int fd, uint64_t size)
{
	uint8_t block[16384];
	uint64_t at = 0;
	ssize_t n;

	while (at < size) {
		n = pread(fd, block, sizeof(block), (off_t)at);
		if (n <= 0)
			return -1;
		need(EVP_DigestUpdate(md, block, (size_t)n));
		at += (uint64_t)n;
	}
	return 0;
}

static int
hash(const struct stamp *st, int fd, char out[HTTP_ETAG])
{
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	uint8_t sum[EVP_MAX_MD_SIZE];
	int rc = 0;

	need(md != NULL && EVP_DigestInit_ex(md, EVP_sha256(), NULL));
	if (st->size <= HASHED_MAX)
		rc = hash_file(md, fd, st->size);
	else
		need(EVP_DigestUpdate(md, st, sizeof(*st)));
	need(EVP_DigestFinal_ex(md, sum, NULL));
	EVP_MD_CTX_free(md);
	out[0] = '"';
	hex_encode(sum, 16, out + 1);
	memcpy(out + 33, "\"", 2);
	return rc;
}

int
http_etag_of(
    struct http_etags *t, int fd, const struct stat *st, char out[HTTP_ETAG])
{
	struct stamp stamp = { .dev = st->st_dev,
		.ino = st->st_ino,
		.size = (uint64_t)st->st_size,
		.modified = (uint64_t)st->st_mtim.tv_sec * 1000000000 +
			    (uint64_t)st->st_mtim.tv_nsec,
		.changed = (uint64_t)st->st_ctim.tv_sec * 1000000000 +
			   (uint64_t)st->st_ctim.tv_nsec };
	struct tag *tag = map_get(&t->tags, &stamp);

	if (tag != NULL) {
		memcpy(out, tag->text, HTTP_ETAG);
		return 0;
	}
	if (hash(&stamp, fd, out) == -1)
		return -1;
	if (t->tags.count >= TAGS_MAX)
		forget_all(t);
	MEM_NEW(tag);
	tag->stamp = stamp;
	memcpy(tag->text, out, HTTP_ETAG);
	map_put(&t->tags, tag);
	return 0;
}
