// SPDX-License-Identifier: MIT
/*
 * Room: TEST.  Many copies, some in flight at a time; one line of figures for
 * the scripts that check timing and trouble.
 * May: give up on what does not come.  Must not: judge.
 */
#include "guest.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MAX_DEPTH 64

struct figures {
	int accepted, refused, silent, wrong, disordered;
	int statuses[256];
	double *round_us;
};

struct one {
	struct dsa_hw_desc desc;
	unsigned char *from, *to;
	bool is_flying;
};

static struct dsa_completion_record *records;
static struct one ones[MAX_DEPTH];

static double now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e6 + (double)ts.tv_nsec / 1e3;
}

static void prepare(int depth, uint32_t size)
{
	records = (void *)pages(MAX_DEPTH * 64 / 4096, true);
	for (int i = 0; i < depth; i++) {
		struct one *o = &ones[i];

		o->from = pages((int)(size / 4096) + 2, true);
		o->to = pages((int)(size / 4096) + 2, true);
		memset(o->from, i + 1, size + 1);
		memset(o->to, 0, size + 1);
		o->desc = desc_of(DSA_OPCODE_MEMMOVE, BOTH);
		o->desc.src_addr = (uintptr_t)o->from;
		o->desc.dst_addr = (uintptr_t)o->to;
		o->desc.xfer_size = size;
		o->desc.completion_addr = (uintptr_t)&records[2 * i];
	}
}

/* One try only: refusals are to be counted. */
static bool try_once(const struct dsa_hw_desc *desc)
{
	if (guest.portal)
		return enqcmd(guest.portal, desc);
	return write(guest.fd, desc, sizeof(*desc)) == (ssize_t)sizeof(*desc);
}

static void start(struct one *o, struct figures *f)
{
	memset((void *)(uintptr_t)o->desc.completion_addr, 0, 32);
	o->to[o->desc.xfer_size - 1] = 0;
	o->is_flying = try_once(&o->desc);
	f->accepted += o->is_flying;
	f->refused += !o->is_flying;
}

/* The record of the i-th, or none within the time. */
static void finish(int i, struct figures *f, int patience_ms)
{
	struct one *o = &ones[i];
	uint8_t status = wait_for(&records[2 * i], patience_ms);

	o->is_flying = false;
	if (!status) {
		f->silent++;
		return;
	}
	f->statuses[status]++;
	/* Whatever the order of writing: at the record all is there. */
	if (status == DSA_COMP_SUCCESS &&
	    (memcmp(o->from, o->to, o->desc.xfer_size) != 0 ||
	     o->to[o->desc.xfer_size] != 0))
		f->wrong++;
}

static void round_of(int depth, struct figures *f)
{
	double begin = now_us();

	for (int i = 0; i < depth; i++)
		start(&ones[i], f);
	/* A later record there before an earlier one? */
	while (depth > 1 && !records[0].status && ones[0].is_flying) {
		for (int i = 1; i < depth; i++)
			if (records[2 * i].status) {
				f->disordered++;
				i = depth;
				break;
			}
		if (f->disordered || now_us() - begin > 300000)
			break;
	}
	for (int i = 0; i < depth; i++)
		if (ones[i].is_flying)
			finish(i, f, 300);
	*f->round_us++ = now_us() - begin;
}

static int compare_us(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

void test_load(int rounds, int depth, uint32_t size)
{
	double *round_us = calloc((size_t)rounds + 1, sizeof(*round_us));
	struct figures f;
	double begin, total;

	if (!round_us)
		return;
	memset(&f, 0, sizeof(f));
	f.round_us = round_us;
	if (depth > MAX_DEPTH)
		depth = MAX_DEPTH;
	prepare(depth, size);
	begin = now_us();
	for (int i = 0; i < rounds; i++)
		round_of(depth, &f);
	total = now_us() - begin;
	qsort(round_us, (size_t)rounds, sizeof(*round_us), compare_us);
	printf("accepted %d refused %d silent %d wrong %d disordered %d "
	       "round_us %.1f fastest_us %.1f total_us %.0f",
	       f.accepted, f.refused, f.silent, f.wrong, f.disordered,
	       round_us[rounds / 2], round_us[0], total);
	for (int s = 0; s < 256; s++)
		if (f.statuses[s])
			printf(" status_%02x %d", s, f.statuses[s]);
	putchar('\n');
	free(round_us);
}
