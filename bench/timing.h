/* SPDX-License-Identifier: MIT */
/*
 * A device that only takes time: it answers each descriptor when a model
 * says so, and moves nothing.  For benchmarks alone: what it "copied" is not
 * there.  The CPU's part of a request is real.
 */
#ifndef BENCH_TIMING_H
#define BENCH_TIMING_H

#include "queue.h"

#define TIMING_DEVICES 8

struct timing {
	double gbps; /* bytes a nanosecond; 0: never answers */
	double latency_ns; /* from the end of the transfer to the record */
	double doorbell_ns; /* that a submission takes of the CPU */
	double list_ns; /* until a batch's members are known to the device */
	unsigned refuse; /* every so manieth submission finds the queue full */
	unsigned fail; /* every so manieth descriptor ends with an error */
};

/*
 * Does it look whether the destination's pages are there, and answer with a
 * page fault where they are not?  The look is a system call that a DSA does
 * not cost: about 0.3 us, and 1 us more for each 200 pages.
 */
void timing_faults(bool does_fault);

/* What device d does from now on, opened again if it was passed over. */
void timing_set(unsigned d, const struct timing *t);

/* What all devices transfer in one go, and the longest batch (0: none). */
void timing_transfer(uint32_t bytes, uint32_t batch);

/* Make devices the process's queues, one each; birth's part is done here. */
void timing_birth(unsigned devices);

#endif
