/* gate/error.c - an error as clients get it. */

#include "base/json.h"
#include "base/log.h"
#include "gate/gate_private.h"

static const char *
text_of(const struct err *err)
{
	switch (err->code) {
	case ERR_INTERNAL:
	case ERR_CONF:
	case ERR_SYS:
		log_error("request failed", "error=\"%s\"", err->text);
		return "Something went wrong in the server; its log has more.";
	default:
		return err->text;
	}
}

void
gate_error_json(struct chat *chat, struct buf *b, const struct err *err)
{
	atomic_fetch_add_explicit(
	    &chat->c.counters.refused[err->code], 1, memory_order_relaxed);
	json_open(b, '{');
	json_kstr(b, "code", err_name(err->code));
	json_kstr(b, "message", text_of(err));
	if (err->retry_ms > 0)
		json_ku64(b, "retry_ms", (uint64_t)err->retry_ms);
	json_close(b, '}');
}
