/* ctl/ask.h - one HTTP request over the admin socket; blocking. */
#ifndef CTL_ASK_H
#define CTL_ASK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

/* Told how far the server has come (its interim answers), or NULL. */
struct ask_progress {
	void (*cb)(uint64_t done, uint64_t total, void *arg);
	void *arg;
	bool told; /* once at least */
};

struct answer {
	struct ask_progress progress;
	int fd; /* the rest of the body comes from here; closed by answer_end */
	int status;
	uint64_t length;  /* of the body */
	struct buf first; /* of the body, read already */
};

/* Connects to the socket. The descriptor, or -1 with errno. */
int ask_connect(const char *data);

/* POSTs body (a JSON object) to /admin/<op> over fd, which it takes over, and
 * reads the head of the answer; a_r->progress was set by the caller. wait_s:
 * how long the server may be silent; 0: for ever. 0 or -1. */
int ask_post(int fd, const char *op, const struct buf *body, unsigned wait_s,
    struct answer *a_r, struct err *err);

/* Appends the whole body. 0 or -1. */
int answer_body(struct answer *a, struct buf *out, struct err *err);
void answer_end(struct answer *a);

#endif
