/* SPDX-License-Identifier: MIT */
/*
 * One request that meets page faults where a test says: in every mode, each
 * byte compared, and what the report must make of it.
 */
#ifndef PARTIAL_H
#define PARTIAL_H

#include "oracle.h"

#include "conf.h"
#include "report.h"

/* Two pages and something odd: each buffer begins and ends inside a page. */
#define BYTES (2 * DSAM_PAGE + 37)
/* Not all of them where it would take minutes. */
#define STEP (HAS_TSAN ? 7 : 1)
#define DST_AT (DSAM_PAGE - 19)
#define SRC_AT (DSAM_PAGE + 1051)

struct way {
	const char *name;
	bool is_split, is_learned, to_memory, touches, has_second;
	uint8_t cpu_percent;
	uint32_t max_transfer;
	unsigned resumes;
	unsigned faults; /* a request meets, at most */
	size_t own; /* bytes that are the CPU's before any fault, at most */
};

/* The first ones: one piece, so that it can be told who does what. */
#define EXACT 2
/* From here on both work. */
#define SHARED 7
/* What a second queue takes, where there is one. */
#define SECOND 1700
static const struct way ways[] = {
	{.name = "poll", .resumes = 8, .faults = 1},
	{.name = "poll, the CPU does the rest", .faults = 1},
	{.name = "poll, to memory",
	 .to_memory = true,
	 .resumes = 8,
	 .faults = 1,
	 .own = DSAM_LINE},
	{.name = "poll, touch", .touches = true, .resumes = 8, .faults = 1},
	{.name = "poll, three pieces",
	 .max_transfer = 3001,
	 .resumes = 1,
	 .faults = 1},
	{.name = "poll, again and again", .resumes = 3, .faults = 5},
	{.name = "poll, another queue takes less, again and again",
	 .has_second = true,
	 .resumes = 8,
	 .faults = 5},
	{.name = "split",
	 .is_split = true,
	 .cpu_percent = 7,
	 .resumes = 8,
	 .faults = 1,
	 .own = BYTES * 7 / 100 + DSAM_LINE},
	{.name = "split, three pieces, again and again",
	 .is_split = true,
	 .cpu_percent = 40,
	 .max_transfer = 1700,
	 .resumes = 4,
	 .faults = 4,
	 .own = BYTES * 40 / 100 + DSAM_LINE},
	{.name = "learned",
	 .is_split = true,
	 .is_learned = true,
	 .resumes = 8,
	 .faults = 1,
	 .own = 512},
	{.name = "learned, a smaller piece, again and again",
	 .is_split = true,
	 .is_learned = true,
	 .max_transfer = 5000,
	 .resumes = 8,
	 .faults = 3,
	 .own = BYTES - 5000 + DSAM_LINE},
};
#define WAYS (sizeof(ways) / sizeof(*ways))

static struct oracle o;
static unsigned char wrong[BYTES]; /* in every byte */
static struct {
	uint64_t cpu, resumes;
} predicted;

static inline void partial_start(void)
{
	oracle_open(&o, 9);
	engine_birth();
	ck_assert(engine_software(0));
	engine_begin();
	for (size_t i = 0; i < BYTES; i++)
		wrong[i] = (unsigned char)~o.b[SRC_AT + i];
	o.n = BYTES;
	o.dst = o.a + DST_AT;
}

static inline void partial_choose(const struct way *w, enum dsam_op op)
{
	struct dsam_queue *q = &dsam_queues.q[0];

	q->max_transfer = w->max_transfer ? w->max_transfer : 1U << 20;
	if (dsam_queues.count > 1)
		atomic_store(&q[1].state, w->has_second ? DSAM_QUEUE_OPEN
							: DSAM_QUEUE_CLOSED);
	dsam_limits.chunk = q->max_transfer;
	dsam_limits.is_split = w->is_split;
	dsam_limits.is_learned = w->is_learned;
	dsam_limits.cpu_percent = w->cpu_percent;
	dsam_limits.cache_bytes = w->to_memory ? 0 : SIZE_MAX;
	dsam_tuning.touch_auto = w->touches;
	dsam_tuning.fault_resumes = w->resumes;
	o.how = w->name;
	o.op = op;
	o.src = op == DSAM_OP_MEMSET ? NULL : o.b + SRC_AT;
}

/* To the device nearly all, as if it had been the faster one so far. */
static inline void teach(void)
{
	struct dsam_lesson *l;

	if (!dsam_limits.is_learned || !dsam_self.slot)
		return;
	l = dsam_tuner_lesson(&dsam_self.slot->tuner,
			      o.src ? DSAM_WORK_MOVE : DSAM_WORK_FILL, false,
			      BYTES);
	memset(l, 0, sizeof(*l));
	l->cpu = 1000000;
	l->device = 1;
}

static inline void fill_around(int c)
{
	memset(o.dst - ORACLE_AROUND, c, ORACLE_AROUND);
	memset(o.dst + BYTES, c, ORACLE_AROUND);
}

static inline void check_around(unsigned char c)
{
	for (size_t i = 1; i <= ORACLE_AROUND; i++)
		if (o.dst[-i] != c || o.dst[BYTES - 1 + i] != c)
			oracle_fail(&o, "a byte around was written", i);
}

/* One request, each byte of whose destination is wrong before. */
static inline void partial_request(void)
{
	unsigned char fill = (unsigned char)(o.cases * 37);
	void *got;

	if (o.src) {
		memcpy(o.want, o.src, BYTES);
		memcpy(o.dst, wrong, BYTES);
	} else {
		memset(o.want, fill, BYTES);
		memset(o.dst, ~fill, BYTES);
	}
	fill_around(~fill);
	teach();
	errno = ORACLE_ERRNO;
	if (o.src)
		got = dsam_offload_copy(o.op, o.dst, o.src, BYTES, NULL, NULL);
	else
		got = dsam_offload_fill(o.dst, fill, BYTES, NULL, NULL);
	if (errno != ORACLE_ERRNO)
		oracle_fail(&o, "errno changed", (size_t)errno);
	if (got != o.dst)
		oracle_fail(&o, "wrong return value", 0);
	if (memcmp(o.dst, o.want, BYTES) != 0)
		oracle_fail(&o, "wrong byte",
			    oracle_difference(o.dst, o.want, BYTES));
	if (o.src && memcmp(o.src, o.want, BYTES) != 0)
		oracle_fail(&o, "the source was written", 0);
	check_around((unsigned char)~fill);
	o.cases++;
	o.bytes += BYTES;
}

/*
 * Of one piece that faults at a byte the CPU does what is left of that byte's
 * page, and all that is left where nothing may be resumed.
 */
static inline void partial_predict(const struct way *w, size_t at,
				   bool is_write, bool is_end)
{
	uintptr_t base = (uintptr_t)(is_write || !o.src ? o.dst : o.src);
	size_t page = (base + at) % DSAM_PAGE;
	size_t left = is_end ? at + 1 : BYTES - at;
	size_t own = is_end ? page + 1 : DSAM_PAGE - page;

	if (own >= left || !w->resumes) {
		predicted.cpu += left;
		return;
	}
	predicted.cpu += own;
	predicted.resumes++;
}

struct sums {
	uint64_t faults, resumes, descriptors;
};

/* As the report has them. */
static inline struct sums partial_report(struct dsam_report *r)
{
	static const struct dsam_conf conf;
	struct sums s = {0, 0, 0};

	dsam_report_gather(r, &conf);
	for (int op = 0; op < DSAM_OPS; op++) {
		s.faults += r->total.op[op].faults;
		s.resumes += r->total.op[op].resumes;
		s.descriptors += r->total.op[op].descriptors;
	}
	ck_assert_uint_eq(r->calls, o.cases);
	ck_assert_uint_eq(r->bytes, o.bytes);
	ck_assert_uint_eq(r->device_bytes, oracle_audit(&o));
	return s;
}

#endif
