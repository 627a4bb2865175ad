/* SPDX-License-Identifier: MIT */
/*
 * How many threads of this process want the device at a time.  Each says, on a
 * line that it alone writes, what part of its time goes to requests that the
 * device could help with; once a millisecond it looks at what others say.
 */
#ifndef DSAM_PEERS_H
#define DSAM_PEERS_H

#include "dsamove.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct dsam_peers {
	_Alignas(DSAM_LINE) _Atomic uint64_t until; /* ticks: load holds */
	_Atomic uint32_t load; /* of DSAM_WHOLE: of this thread's time */
	_Atomic bool is_left_out; /* and it gets nothing of the device */
	bool was_left_out; /* since begun */
	uint64_t begun, wanted; /* since when, and ticks in such requests */
	uint32_t others; /* the sum of the other threads' loads */
	bool is_one_left_out; /* of them */
	bool has_seen_one; /* of those looked at: the slots before */
	uint32_t next; /* this one, */
	uint64_t sum; /* whose sum this is */
};

struct dsam_slot;

/*
 * The calling thread, whose slot s is, says what it spent, and looks at a few
 * dozen of the others; all were seen after some looks.
 */
void dsam_peers_look(struct dsam_slot *s, uint64_t now);

#endif
