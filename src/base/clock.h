/* base/clock.h - the time. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

uint64_t clock_wall_ms(void); /* since 1970, UTC; may jump */
uint64_t clock_mono_ms(void); /* never goes back; the same for all processes */
uint64_t clock_mono_us(void);

/* A uniformly random number below n (n > 0), for jitter. */
uint32_t clock_jitter(uint32_t n);

#endif
