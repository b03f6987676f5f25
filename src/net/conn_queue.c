/* net/conn_queue.c - what waits to be sent on one connection. */
#include <sys/socket.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "net/conn_private.h"

enum {
	CHUNKS_MIN = 3,        /* with them the queue takes 64 bytes */
	MERGE_MIN = 256,       /* a chunk that is added to has at least this */
	MERGE_MAX = 16 * 1024, /* and is added to up to this */
};

static void
make_room(struct conn_queue **qp)
{
	struct conn_queue *q = *qp;

	if (q == NULL) {
		q = mem_alloc(sizeof(*q) + CHUNKS_MIN * sizeof(q->v[0]));
		*q = (struct conn_queue){ .cap = CHUNKS_MIN };
	} else if (q->head + q->n == q->cap && q->head > q->cap / 2) {
		memmove(q->v, q->v + q->head, q->n * sizeof(q->v[0]));
		q->head = 0;
	} else if (q->head + q->n == q->cap) {
		q->cap = q->cap * 2 + 1;
		q = mem_realloc(q, sizeof(*q) + q->cap * sizeof(q->v[0]));
	}
	*qp = q;
}

/* Takes over the caller's share. */
static void
push(struct conn_queue **qp, struct chunk *chunk)
{
	struct conn_queue *q;

	make_room(qp);
	q = *qp;
	q->v[q->head + q->n++] = chunk;
	q->bytes += chunk->len;
	q->tail_cap = 0;
}

void
queue_chunk(struct conn_queue **qp, struct chunk *chunk)
{
	push(qp, chunk_ref(chunk));
}

/* The last chunk if it is ours and n more bytes may be put into it. */
static struct chunk *
tail_with_room(struct conn_queue *q, size_t n)
{
	struct chunk **tail;
	size_t need;

	if (q == NULL || q->tail_cap == 0)
		return NULL;
	tail = &q->v[q->head + q->n - 1];
	need = (*tail)->len + n;
	if (need > MERGE_MAX)
		return NULL;
	if (need > q->tail_cap) {
		need = need * 2 < MERGE_MIN ? MERGE_MIN : need * 2;
		q->tail_cap = need > MERGE_MAX ? MERGE_MAX : (uint32_t)need;
		*tail = mem_realloc(*tail, sizeof(**tail) + q->tail_cap);
	}
	return *tail;
}

static struct chunk *
own_chunk(size_t size)
{
	struct chunk *chunk;

	if (size > UINT32_MAX)
		log_fatal("%zu bytes in one write", size);
	chunk = mem_alloc(sizeof(*chunk) + size);
	chunk->refs = 1;
	chunk->len = 0;
	return chunk;
}

static void
fill(struct chunk *chunk, const struct iovec *pieces, size_t npieces)
{
	for (size_t i = 0; i < npieces; i++) {
		if (pieces[i].iov_len == 0)
			continue;
		memcpy(chunk->data + chunk->len, pieces[i].iov_base,
		    pieces[i].iov_len);
		chunk->len += (uint32_t)pieces[i].iov_len;
	}
}

void
queue_bytes(struct conn_queue **qp, const struct iovec *pieces, size_t npieces)
{
	struct chunk *chunk;
	size_t n = 0;

	for (size_t i = 0; i < npieces; i++)
		n += pieces[i].iov_len;
	chunk = tail_with_room(*qp, n);
	if (chunk != NULL) {
		fill(chunk, pieces, npieces);
		(*qp)->bytes += n;
		return;
	}
	chunk = own_chunk(n);
	fill(chunk, pieces, npieces);
	push(qp, chunk);
	(*qp)->tail_cap = (uint32_t)n;
}

/* n bytes are out. */
static void
consume(struct conn_queue *q, size_t n)
{
	struct chunk *first;

	q->bytes -= n;
	n += q->sent;
	while (q->n > 0 && n >= q->v[q->head]->len) {
		first = q->v[q->head++];
		n -= first->len;
		chunk_unref(first);
		q->n--;
	}
	q->sent = n;
}

static size_t
gather(const struct conn_queue *q, struct iovec iov[IOV_MAX])
{
	size_t n = q->n < IOV_MAX ? q->n : IOV_MAX;
	struct chunk *chunk;

	for (size_t i = 0; i < n; i++) {
		chunk = q->v[q->head + i];
		iov[i].iov_base = chunk->data;
		iov[i].iov_len = chunk->len;
	}
	iov[0].iov_base = (uint8_t *)iov[0].iov_base + q->sent;
	iov[0].iov_len -= q->sent;
	return n;
}

int
queue_send(struct conn_queue **qp, int fd, struct iovec iov[IOV_MAX])
{
	struct conn_queue *q = *qp;
	struct msghdr msg = { .msg_iov = iov };
	ssize_t n;

	while (q->n > 0) {
		msg.msg_iovlen = gather(q, iov);
		n = sendmsg(fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return errno == EAGAIN ? 0 : -1;
		consume(q, (size_t)n);
	}
	queue_free(qp);
	return 1;
}

void
queue_drop(struct conn_queue **qp)
{
	struct conn_queue *q = *qp;

	if (q == NULL)
		return;
	if (q->sent == 0) {
		queue_free(qp);
		return;
	}
	while (q->n > 1) {
		chunk_unref(q->v[q->head + --q->n]);
		q->tail_cap = 0;
	}
	q->bytes = q->v[q->head]->len - q->sent;
}

void
queue_free(struct conn_queue **qp)
{
	struct conn_queue *q = *qp;

	if (q == NULL)
		return;
	for (uint32_t i = 0; i < q->n; i++)
		chunk_unref(q->v[q->head + i]);
	free(q);
	*qp = NULL;
}
