/* SPDX-License-Identifier: MIT */
/*
 * What time it is for a client: a descriptor arrives when the client begins to
 * submit it, so that the way through a trap or FUSE is part of the latency that
 * was asked for and does not come on top of it.
 */
#ifndef TB_CLOCK_H
#define TB_CLOCK_H

#include <stdint.h>

/* Measures the time stamp counter, for the shared memory. */
void tb_clock_init(void);

/*
 * Measures the ways into the device, a trap and a request to the file system
 * mounted at dir, if any device has a latency or bandwidth.  Before COMMAND.
 */
void tb_clock_init_ways(const char *dir);

/* First thing in a request's handler: when the client began it, in ticks. */
uint64_t tb_clock_request(void);

/* A stamp of the recent past as CLOCK_MONOTONIC nanoseconds. */
uint64_t tb_clock_ns(uint64_t tsc);

#endif
