/* store/asked.h - what can be said about an append without a database. Private
 * to store. */
#ifndef STORE_ASKED_H
#define STORE_ASKED_H

#include "store/append.h"

/* Nothing is answered yet. */
void append_reset(struct append *a);

/* None of its events has a number yet. */
void append_renumber(struct append *a);

/* One sender, one room; several only when they are messages. */
bool append_well_formed(const struct append *a);

/* Did the one who asks again under the same cid ask for the same thing? What
 * the store or the caller filled in (names, heir, no) does not count. 0, or -1
 * *err (CONFLICT). */
int append_same_event(
    const struct event *ev, const struct event *stored, struct err *err);

/* How far known may be behind the head: so many events are read, at most. */
#define KNOWN_MAX 2000

/* What came since a's author last knew the room: 1: from known + 1 to head
 * must be asked (append_unmoved); 0: nothing to ask; -1 *err (CONFLICT): too
 * long ago, or of another past than this room's. */
int append_since(const struct append *a, uint64_t head, struct err *err);
/* ev came since. 0, or -1 *err (CONFLICT): it bears on a, whose subject is s.
 */
int append_unmoved(const struct append *a, const struct event_subject *s,
    const struct event *ev, struct err *err);

/* An earlier event of a with the cid of the i-th, which repeats it; or NULL. */
struct event *append_twin(struct append *a, size_t i);
void append_set_repeated(struct append *a, size_t i);

#endif
