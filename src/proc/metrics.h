/* proc/metrics.h - the board as Prometheus reads it, and as `status` tells. */
#ifndef PROC_METRICS_H
#define PROC_METRICS_H

#include "base/buf.h"
#include "proc/board.h"

/* Appends all metrics in Prometheus' text format 0.0.4. */
void metrics_write(struct buf *out, struct board *b, const char *version);

/* Appends the fields of a JSON object: version, uptime_ms, workers: […], their
 * sums, the bus and hosts: […]. */
void status_write(struct buf *out, struct board *b, const struct node *me,
    const char *version);

#endif
