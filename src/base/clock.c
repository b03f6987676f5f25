/* base/clock.c - the time. */
#include "base/clock.h"

#include <bsd/stdlib.h>
#include <time.h>

static uint64_t
now_us(clockid_t which)
{
	struct timespec ts;

	clock_gettime(which, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

uint64_t
clock_wall_ms(void)
{
	return now_us(CLOCK_REALTIME) / 1000;
}

uint64_t
clock_mono_ms(void)
{
	return now_us(CLOCK_MONOTONIC) / 1000;
}

uint64_t
clock_mono_us(void)
{
	return now_us(CLOCK_MONOTONIC);
}

uint32_t
clock_jitter(uint32_t n)
{
	return arc4random_uniform(n);
}
