// SPDX-License-Identifier: MIT
/*
 * Room: COLD (death).  What the CPU would have taken for the requests that
 * the device had part in.
 * May: mmap a buffer and copy in it, some milliseconds long.
 * Must not: allocate from the heap, print.
 */
#include "report.h"

#include "clock.h"
#include "libc_mem.h"
#include "syscall.h"

#include <sys/mman.h>

#define MEASURE_BYTES (2 * 1024 * 1024UL)
/* Fewer of the program's own copies of a size tell nothing. */
#define LEARNED_CALLS 8

struct speed {
	uint64_t least, most; /* picoseconds a byte */
	bool is_known;
};

/* One pass over MEASURE_BYTES of a buffer of twice that, in ps a byte. */
static uint64_t time_cpu(char *buf, bool is_fill)
{
	uint64_t start = dsam_ticks();

	if (is_fill)
		dsam_libc.memset(buf, 1, MEASURE_BYTES);
	else
		dsam_libc.memmove(buf, buf + MEASURE_BYTES, MEASURE_BYTES);
	return dsam_ticks_to_ns(dsam_ticks() - start) * 1000 / MEASURE_BYTES;
}

/*
 * The CPU on fresh pages, and on pages that are present but, being more than
 * the second-level cache holds, not all at hand.
 */
static void measure_cpu(struct speed *s, bool is_fill)
{
	long p;

	if (s->is_known)
		return;
	p = dsam_syscall6(SYS_mmap, 0, 2 * MEASURE_BYTES,
			  PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			  -1, 0);
	if (p < 0 && p > -(long)DSAM_PAGE)
		return;
	s->is_known = true;
	s->most = time_cpu((char *)p, is_fill);
	s->least = s->most;
	for (int i = 0; i < 3; i++) {
		uint64_t ps = time_cpu((char *)p, is_fill);

		s->least = ps < s->least ? ps : s->least;
	}
	dsam_syscall3(SYS_munmap, p, 2 * MEASURE_BYTES, 0);
}

void dsam_report_speed(uint64_t *least, uint64_t *most)
{
	struct speed s = {0};

	measure_cpu(&s, false);
	*least = s.least;
	*most = s.most;
}

static uint64_t at_speed(uint64_t bytes, uint64_t ps)
{
	return (uint64_t)((unsigned __int128)bytes * ps / 1000);
}

/* The sizes at which offload paid, from the largest downwards. */
static uint64_t pays_from(const uint64_t *device_ns, const uint64_t *cpu_ns)
{
	uint64_t from = 0;

	for (unsigned b = DSAM_BINS; b--;) {
		if (device_ns[b] > cpu_ns[b])
			break;
		if (device_ns[b])
			from = 1ULL << b;
	}
	return from;
}

void dsam_report_gain(struct dsam_report *r)
{
	uint64_t device_ns[DSAM_BINS] = {0}, cpu_ns[DSAM_BINS] = {0};
	struct speed measured[2] = {0};

	for (int op = 0; op < DSAM_OPS; op++) {
		const struct dsam_op_stats *o = &r->total.op[op];
		bool is_fill = op == DSAM_OP_MEMSET;

		for (unsigned b = 0; b < DSAM_BINS; b++) {
			const struct dsam_rate *cpu = &o->cpu[b];
			uint64_t bytes = o->device[b].bytes;
			struct speed s;

			if (!bytes)
				continue;
			if (cpu->calls >= LEARNED_CALLS && cpu->bytes) {
				s.least =
					(uint64_t)((unsigned __int128)cpu->ns *
						   1000 / cpu->bytes);
				s.most = s.least;
			} else {
				measure_cpu(&measured[is_fill], is_fill);
				s = measured[is_fill];
				r->cpu_was_measured = true;
			}
			device_ns[b] += o->device[b].ns;
			cpu_ns[b] += at_speed(bytes, s.most);
			r->offload_ns += o->device[b].ns;
			r->cpu_ns += at_speed(bytes, s.least);
			r->cpu_most_ns += at_speed(bytes, s.most);
		}
	}
	r->pays_from = pays_from(device_ns, cpu_ns);
}
