/* SPDX-License-Identifier: MIT */
/*
 * Random copies, moves and fills through the engine, each compared with what
 * a loop over bytes says: result, bytes around it, source, errno, return
 * value.  Buffers lie between pages that may not be touched.
 */
#ifndef ORACLE_H
#define ORACLE_H

#include "engine.h"
#include "random.h"

#include <errno.h>
#include <sys/mman.h>
#include <time.h>

#define ORACLE_ROOM (6UL << 20)
#define ORACLE_AROUND 64UL
#define ORACLE_ERRNO 4242

#if HAS_SANITIZER
#define ORACLE_CASES 12000
#else
#define ORACLE_CASES 120000
#endif

struct oracle {
	struct random random;
	unsigned char *a, *b; /* ORACLE_ROOM each, guard pages around */
	unsigned char *want; /* what the destination should be */
	unsigned long cases, bytes;
	/* The case at hand, for the message when it fails. */
	enum dsam_op op;
	unsigned char *dst;
	const unsigned char *src;
	size_t n;
	const char *how;
};

static inline unsigned long oracle_number(const char *name, unsigned long other)
{
	const char *text = getenv(name);

	return text && *text ? strtoul(text, NULL, 0) : other;
}

static uint64_t oracle_seed;

/* In main(), once: every test of the program starts from this. */
static inline void oracle_choose_seed(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	oracle_seed =
		oracle_number("DSAM_SEED", (unsigned long)now.tv_sec ^
						   (unsigned long)now.tv_nsec);
	printf("seed %llu\n", (unsigned long long)oracle_seed);
	fflush(stdout);
}

static inline unsigned long oracle_cases(unsigned percent)
{
	return oracle_number("DSAM_CASES", ORACLE_CASES) * percent / 100;
}

static inline unsigned char *oracle_buffer(void)
{
	unsigned char *p = mmap(NULL, ORACLE_ROOM + 2 * DSAM_PAGE, PROT_NONE,
				MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ck_assert_ptr_ne(p, MAP_FAILED);
	p += DSAM_PAGE;
	ck_assert(!mprotect(p, ORACLE_ROOM, PROT_READ | PROT_WRITE));
	return p;
}

static inline void oracle_open(struct oracle *o, uint64_t stream)
{
	memset(o, 0, sizeof(*o));
	o->random.x = oracle_seed + (stream << 56);
	o->a = oracle_buffer();
	o->b = oracle_buffer();
	o->want = malloc(ORACLE_ROOM);
	ck_assert_ptr_nonnull(o->want);
	random_fill(&o->random, o->a, ORACLE_ROOM);
	random_fill(&o->random, o->b, ORACLE_ROOM);
	o->how = "";
}

static inline void oracle_close(struct oracle *o)
{
	munmap(o->a - DSAM_PAGE, ORACLE_ROOM + 2 * DSAM_PAGE);
	munmap(o->b - DSAM_PAGE, ORACLE_ROOM + 2 * DSAM_PAGE);
	free(o->want);
}

/* Mostly small and middling; around powers of two; now and then megabytes. */
static inline size_t oracle_length(struct oracle *o)
{
	struct random *r = &o->random;
	size_t top = 1UL << random_below(r, 17), n;

	if (random_once_in(r, 1000))
		return 1 + random_below(r, 5UL << 20);
	if (random_once_in(r, 4))
		n = top + random_below(r, 5) - 2;
	else
		n = 1 + random_below(r, top * 2);
	return n && n < ORACLE_ROOM ? n : 1;
}

/* Flush with the first page, flush with the last, or somewhere. */
static inline size_t oracle_place(struct oracle *o, size_t n)
{
	struct random *r = &o->random;
	size_t room = ORACLE_ROOM - n;

	switch (random_below(r, 4)) {
	case 0:
		return 0;
	case 1:
		return room;
	case 2:
		return room - random_below(r, room < 130 ? room + 1 : 130);
	default:
		return random_below(r, room + 1);
	}
}

static inline void oracle_fail(const struct oracle *o, const char *what,
			       size_t at)
{
	ck_abort_msg("%s at %zu: op %d, dst %p, src %p, n %zu; %s; case %lu, "
		     "seed %llu",
		     what, at, (int)o->op, (void *)o->dst, (const void *)o->src,
		     o->n, o->how, o->cases, (unsigned long long)oracle_seed);
}

/* Source somewhere in b, or in the destination's own buffer nearby. */
static inline void oracle_pick(struct oracle *o)
{
	struct random *r = &o->random;
	size_t at;

	o->op = (enum dsam_op)random_below(r, 3);
	o->n = oracle_length(o);
	at = oracle_place(o, o->n);
	o->dst = o->a + at;
	if (o->op == DSAM_OP_MEMSET) {
		o->src = NULL;
		return;
	}
	o->src = o->b + oracle_place(o, o->n);
	if (random_once_in(r, 6)) {
		/* Overlapping, just touching, or close by; either side. */
		size_t gap = random_below(r, 2 * o->n) + 1;

		if (random_once_in(r, 8))
			gap = o->n;
		if (random_once_in(r, 16))
			gap = 0;
		if (at >= gap && random_once_in(r, 2))
			o->src = o->dst - gap;
		else if (at + gap + o->n <= ORACLE_ROOM)
			o->src = o->dst + gap;
	}
}

/* Before the call: every byte of the destination is wrong. */
static inline void oracle_expect(struct oracle *o, unsigned char fill)
{
	bool is_apart =
		!o->src || o->src + o->n <= o->dst || o->dst + o->n <= o->src;

	for (size_t i = 0; i < o->n; i++)
		o->want[i] = o->src ? o->src[i] : fill;
	if (is_apart && random_once_in(&o->random, 16)) {
		/* Pages that are not present, with zeroes to come. */
		uintptr_t from =
			((uintptr_t)o->dst + DSAM_PAGE - 1) & -DSAM_PAGE;
		uintptr_t to = (uintptr_t)(o->dst + o->n) & -DSAM_PAGE;

		if (from < to &&
		    !(o->src >= o->a && o->src < o->a + ORACLE_ROOM))
			madvise((void *)from, to - from, MADV_DONTNEED);
	} else if (is_apart) {
		for (size_t i = 0; i < o->n; i++)
			o->dst[i] = (unsigned char)~o->want[i];
	}
}

static inline size_t oracle_difference(const unsigned char *x,
				       const unsigned char *y, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (x[i] != y[i])
			return i;
	return n;
}

static inline void oracle_case(struct oracle *o)
{
	unsigned char before[ORACLE_AROUND], after[ORACLE_AROUND];
	unsigned char fill = (unsigned char)random_next(&o->random);
	size_t low, high;
	void *got;

	oracle_pick(o);
	low = (size_t)(o->dst - o->a);
	high = ORACLE_ROOM - low - o->n;
	low = low < ORACLE_AROUND ? low : ORACLE_AROUND;
	high = high < ORACLE_AROUND ? high : ORACLE_AROUND;
	oracle_expect(o, fill);
	memcpy(before, o->dst - low, low);
	memcpy(after, o->dst + o->n, high);

	errno = ORACLE_ERRNO;
	if (o->src)
		got = dsam_offload_copy(o->op, o->dst, o->src, o->n, NULL,
					NULL);
	else
		got = dsam_offload_fill(o->dst, fill, o->n, NULL, NULL);
	if (errno != ORACLE_ERRNO)
		oracle_fail(o, "errno changed", (size_t)errno);
	if (got != o->dst)
		oracle_fail(o, "wrong return value", 0);
	if (memcmp(o->dst, o->want, o->n) != 0)
		oracle_fail(o, "wrong byte",
			    oracle_difference(o->dst, o->want, o->n));
	if (memcmp(before, o->dst - low, low) != 0)
		oracle_fail(o, "a byte below was written", low);
	if (memcmp(after, o->dst + o->n, high) != 0)
		oracle_fail(o, "a byte above was written", o->n);
	/* The source, where the destination did not go over it. */
	if (o->src && (o->src + o->n <= o->dst || o->dst + o->n <= o->src) &&
	    memcmp(o->src, o->want, o->n) != 0)
		oracle_fail(o, "the source was written",
			    oracle_difference(o->src, o->want, o->n));
	o->cases++;
	o->bytes += o->n;
}

/* Settings that may change between two requests. */
static inline void oracle_configure(struct oracle *o)
{
	static const size_t cache[] = {0, 1, 4096, 65536, SIZE_MAX};
	static const unsigned resumes[] = {0, 1, 8, 1000000};
	static const unsigned retries[] = {0, 1, 32};
	struct random *r = &o->random;

	dsam_limits.is_split = random_once_in(r, 2);
	dsam_limits.is_learned = random_once_in(r, 2);
	dsam_limits.cpu_percent = (uint8_t)random_below(r, 91);
	dsam_limits.cache_bytes = cache[random_below(r, 5)];
	dsam_tuning.touch_always = random_once_in(r, 4);
	dsam_tuning.touch_auto = random_once_in(r, 2);
	dsam_tuning.touch_madvise = random_once_in(r, 3);
	dsam_tuning.fault_resumes = resumes[random_below(r, 4)];
	dsam_tuning.submit_retries = retries[random_below(r, 3)];
	dsam_tuning.max_inflight = (unsigned)random_below(r, 3);
	dsam_tuning.verify_percent =
		random_once_in(r, 3) ? (unsigned)random_below(r, 101) : 0;
	dsam_waiting.is_auto = random_once_in(r, 2);
	dsam_waiting.how =
		random_once_in(r, 2) ? DSAM_WAIT_BY_SPIN : DSAM_WAIT_BY_YIELD;
}

/*
 * Every byte was counted once: as the device's, or as the CPU's with a
 * reason.  Returns the device's.
 */
static inline uint64_t oracle_audit(const struct oracle *o)
{
	const struct dsam_thread_stats *t = &dsam_self.slot->stats;
	uint64_t calls = 0, bytes = 0, device = 0, cpu = 0;

	for (int op = 0; op < DSAM_OPS; op++) {
		const struct dsam_op_stats *s = &t->op[op];

		for (int route = 0; route < DSAM_ROUTES; route++) {
			calls += s->calls[route];
			bytes += s->bytes[route];
		}
		for (int w = 0; w < DSAM_WHYS; w++)
			cpu += s->why_bytes[w];
		device += s->device_bytes;
	}
	ck_assert_uint_eq(calls, o->cases);
	ck_assert_uint_eq(bytes, o->bytes);
	ck_assert_uint_eq(device + cpu, o->bytes);
	/* Nothing was left in flight, and the slot was left. */
	ck_assert_uint_eq(dsam_self.slot->in_flight, 0);
	ck_assert_uint_eq(dsam_self.slot->busy, 0);
	ck_assert_uint_eq(atomic_load(&dsam_arena->crowd), 0);
	return device;
}

/* Requests of this thread that have CPU bytes for a reason. */
static inline uint64_t oracle_why(enum dsam_why why)
{
	uint64_t n = 0;

	for (int op = 0; op < DSAM_OPS; op++)
		n += dsam_self.slot->stats.op[op].why_calls[why];
	return n;
}

#endif
