// SPDX-License-Identifier: MIT
/*
 * The oracle on several queues of a device that behaves as badly as the
 * specification allows, and worse: late and out of turn, faults at any byte
 * from either end, errors after having scribbled over the destination,
 * records that contradict themselves, queues that refuse.
 */
#include "oracle.h"

#define QUEUES 5
#define RUN 40
#define MOST_PENDING 64

static struct oracle o;

static struct {
	struct random random;
	const struct dsa_hw_desc *desc[MOST_PENDING];
	struct dsam_queue *queue[MOST_PENDING];
	unsigned pending;
	bool may_lie; /* call wrong bytes right */
	unsigned long taken, by_kind[5], batches, broken;
} evil;

static struct dsa_completion_record *record_of(const struct dsa_hw_desc *d)
{
	return (void *)(uintptr_t)d->completion_addr;
}

static void answer(const struct dsa_hw_desc *d, uint8_t status, uint32_t done,
		   uint8_t result)
{
	struct dsa_completion_record *rec = record_of(d);

	rec->bytes_completed = done;
	rec->result = result;
	rec->fault_addr = random_next(&evil.random);
	__atomic_store_n(&rec->status, status, __ATOMIC_RELEASE);
}

/* What is in [from, to) of the destination is anybody's guess. */
static void scribble(const struct dsa_hw_desc *d, size_t from, size_t to)
{
	unsigned char *dst = (void *)(uintptr_t)d->dst_addr;

	if (from < to && random_once_in(&evil.random, 2))
		memset(dst + from, (int)random_next(&evil.random), to - from);
}

/* The right bytes for [from, to). */
static void perform(const struct dsa_hw_desc *d, size_t from, size_t to)
{
	unsigned char *dst = (void *)(uintptr_t)d->dst_addr;
	const unsigned char *src = (const void *)(uintptr_t)d->src_addr;

	if (d->opcode == DSA_OPCODE_MEMMOVE)
		memcpy(dst + from, src + from, to - from);
	else
		memset(dst + from, (int)(d->pattern & 0xff), to - from);
}

/* A page fault after some bytes, from either end. */
static void fault(const struct dsa_hw_desc *d)
{
	static const uint8_t status[] = {0x03, 0x83, 0x04, 0x84};
	uint32_t n = d->xfer_size;
	uint32_t done = (uint32_t)random_below(&evil.random, n);
	bool from_end = random_once_in(&evil.random, 3);

	if (from_end) {
		scribble(d, 0, n - done);
		perform(d, n - done, n);
	} else {
		perform(d, 0, done);
		scribble(d, done, n);
	}
	answer(d, status[random_below(&evil.random, 4)], done, from_end);
}

/* Any status that is neither success nor a page fault one can go by. */
static void error(const struct dsa_hw_desc *d)
{
	struct random *r = &evil.random;
	uint8_t status = (uint8_t)random_next(r);
	uint32_t n = d->xfer_size;

	scribble(d, 0, n);
	switch (status & 0x7f) {
	case 0:
		status = 0x80;
		break;
	case DSA_COMP_SUCCESS:
		status = 0x81;
		break;
	case DSA_COMP_PAGE_FAULT_NOBOF:
	case DSA_COMP_PAGE_FAULT_IR:
		/* More bytes than were asked for, or an unknown direction. */
		if (random_once_in(r, 2))
			answer(d, status, n + (uint32_t)random_below(r, 100),
			       (uint8_t)random_below(r, 2));
		else
			answer(d, status, 0, 2 + (uint8_t)random_below(r, 254));
		return;
	default:
		break;
	}
	answer(d, status, (uint32_t)random_next(r), (uint8_t)random_next(r));
}

static void complete(const struct dsa_hw_desc *d)
{
	unsigned char *dst = (void *)(uintptr_t)d->dst_addr;

	perform(d, 0, d->xfer_size);
	if (evil.may_lie && random_once_in(&evil.random, 10)) {
		dst[random_below(&evil.random, d->xfer_size)] ^= 0x40;
		evil.by_kind[3]++;
	}
	answer(d, DSA_COMP_SUCCESS, (uint32_t)random_next(&evil.random), 0);
}

static void do_move(const struct dsa_hw_desc *d)
{
	unsigned kind = (unsigned)random_below(&evil.random, 8);

	switch (kind) {
	case 0:
		error(d);
		break;
	case 1:
	case 2:
		kind = 1;
		fault(d);
		break;
	default:
		kind = 2;
		complete(d);
		break;
	}
	evil.by_kind[kind]++;
}

static const struct dsa_hw_desc *list_of(const struct dsa_hw_desc *d)
{
	return (const void *)(uintptr_t)d->desc_list_addr;
}

/* Only some of the members, or parts of them, and some without a record. */
static void break_batch(const struct dsa_hw_desc *d)
{
	evil.broken++;
	for (uint32_t k = 0; k < d->desc_count; k++) {
		const struct dsa_hw_desc *member = &list_of(d)[k];

		if (random_once_in(&evil.random, 2))
			do_move(member);
		else
			scribble(member, 0, member->xfer_size);
	}
}

/* In any order; mostly the parent tells how it went. */
static void do_batch(const struct dsa_hw_desc *d)
{
	static const uint8_t other[] = {DSA_COMP_BATCH_FAIL,
					DSA_COMP_BATCH_PAGE_FAULT,
					0x03,
					0x83,
					0x81,
					0x80,
					DSA_COMP_HW_ERR1};
	uint32_t first = (uint32_t)random_below(&evil.random, d->desc_count);
	uint8_t status = DSA_COMP_SUCCESS;

	evil.batches++;
	if (random_once_in(&evil.random, 4)) {
		break_batch(d);
		status = other[random_below(&evil.random, sizeof(other))];
		answer(d, status, (uint32_t)random_next(&evil.random), 0);
		return;
	}
	for (uint32_t k = 0; k < d->desc_count; k++) {
		const struct dsa_hw_desc *member =
			&list_of(d)[(first + k) % d->desc_count];

		if (random_once_in(&evil.random, 2))
			complete(member);
		else
			do_move(member);
		if (record_of(member)->status != DSA_COMP_SUCCESS)
			status = DSA_COMP_BATCH_FAIL;
	}
	answer(d, status, d->desc_count, 0);
}

/* Do one of those taken, not always the oldest. */
static void do_one(unsigned i)
{
	const struct dsa_hw_desc *d = evil.desc[i];

	evil.desc[i] = evil.desc[--evil.pending];
	evil.queue[i] = evil.queue[evil.pending];
	if (d->opcode == DSA_OPCODE_NOOP)
		answer(d, DSA_COMP_SUCCESS, 0, 0);
	else if (d->opcode == DSA_OPCODE_BATCH)
		do_batch(d);
	else
		do_move(d);
}

/* What the specification demands of a descriptor, hardware would check. */
/* NOLINTNEXTLINE(misc-no-recursion): one level */
static void check_descriptor(const struct dsam_queue *q,
			     const struct dsa_hw_desc *d, bool in_batch)
{
	struct dsam_exec_limits lim = {
		.gen_cap =
			DSAM_GENCAP_OVERLAP |
			(q->has_cache_control ? DSAM_GENCAP_CACHE_CONTROL : 0),
		.op_cap = {1U << DSA_OPCODE_NOOP | 1U << DSA_OPCODE_MEMMOVE |
			   1U << DSA_OPCODE_MEMFILL |
			   (q->max_batch ? 1U << DSA_OPCODE_BATCH : 0)},
		.max_transfer = q->max_transfer,
		.max_batch = q->max_batch};
	uint32_t bad_flags;
	uint8_t status = dsam_descriptor_check(&lim, d, in_batch, &bad_flags);

	if (status)
		oracle_fail(&o, "a descriptor is invalid", status);
	if ((uintptr_t)d % 64)
		oracle_fail(&o, "a descriptor is not aligned", (uintptr_t)d);
	if (record_of(d)->status)
		oracle_fail(&o, "a record was not cleared", 0);
	if (d->opcode != DSA_OPCODE_BATCH)
		return;
	for (uint32_t k = 0; k < d->desc_count; k++) {
		check_descriptor(q, &list_of(d)[k], true);
		if (list_of(d)[k].flags & IDXD_OP_FLAG_FENCE)
			oracle_fail(&o, "a member has a fence", k);
	}
}

static enum dsam_enqueue evil_enqueue(struct dsam_queue *q,
				      const struct dsa_hw_desc *d)
{
	check_descriptor(q, d, false);
	if (random_once_in(&evil.random, 300))
		return DSAM_ENQUEUE_REFUSED;
	if (evil.pending == MOST_PENDING || random_once_in(&evil.random, 6))
		return DSAM_ENQUEUE_RETRY;
	for (unsigned i = 0; i < evil.pending; i++)
		if (evil.desc[i] == d)
			oracle_fail(&o, "a descriptor is in flight twice", i);
	evil.desc[evil.pending] = d;
	evil.queue[evil.pending++] = q;
	evil.taken++;
	if (random_once_in(&evil.random, 4))
		do_one((unsigned)random_below(&evil.random, evil.pending));
	return DSAM_ENQUEUE_TAKEN;
}

static void evil_relax(struct dsam_queue *q, const struct dsa_hw_desc *d)
{
	(void)q;
	(void)d;
	if (evil.pending)
		do_one((unsigned)random_below(&evil.random, evil.pending));
}

static void abort_one(const struct dsa_hw_desc *d)
{
	if (d->opcode == DSA_OPCODE_BATCH)
		break_batch(d);
	else
		scribble(d, 0, d->xfer_size);
}

/* Closed: what was submitted here is aborted, half done. */
static bool evil_drain(struct dsam_queue *q)
{
	for (unsigned i = 0; i < evil.pending;)
		if (evil.queue[i] == q) {
			abort_one(evil.desc[i]);
			evil.desc[i] = evil.desc[--evil.pending];
			evil.queue[i] = evil.queue[evil.pending];
		} else {
			i++;
		}
	evil.by_kind[4]++;
	return true;
}

static const struct dsam_device_ops evil_ops = {.name = "evil",
						.enqueue = evil_enqueue,
						.relax = evil_relax,
						.drain = evil_drain};

static void start(unsigned queues, const uint32_t *most, const uint32_t *batch)
{
	oracle_open(&o, 4);
	evil.random.x = ~oracle_seed;
	engine_birth();
	for (unsigned i = 0; i < queues; i++) {
		struct dsam_queue *q = engine_queue(&evil_ops, most[i]);

		q->has_cache_control = i != 3;
		q->numa_node = (int)i % 2;
		q->max_batch = batch ? batch[i] : 0;
	}
	engine_begin();
}

static void run_cases(unsigned long count)
{
	for (unsigned long i = 0; i < count; i++) {
		if (i % RUN == 0) {
			oracle_configure(&o);
			dsam_limits.to_cache_allowed =
				random_once_in(&o.random, 2);
			dsam_tuning.by_numa_cpu = random_once_in(&o.random, 2);
			evil.may_lie = random_once_in(&o.random, 8);
			if (evil.may_lie)
				dsam_tuning.verify_percent = 100;
		}
		oracle_case(&o);
		if (evil.pending)
			oracle_fail(&o, "left in flight", evil.pending);
		engine_revive();
	}
	ck_assert_uint_gt(oracle_audit(&o), 0);
}

START_TEST(one_hostile_queue)
{
	static const uint32_t most[] = {1U << 20};

	start(1, most, NULL);
	o.how = "one queue";
	run_cases(oracle_cases(15));
}
END_TEST

START_TEST(queues_of_different_transfer_sizes)
{
	static const uint32_t most[QUEUES] = {2U << 20, 4096, 65536, 1U << 20,
					      1};

	start(QUEUES, most, NULL);
	o.how = "five queues";
	run_cases(oracle_cases(15));
	for (int kind = 0; kind < 4 && o.cases > 5000; kind++)
		ck_assert_uint_gt(evil.by_kind[kind], 0);
}
END_TEST

/* Deadlines that pass at random: queues are closed under the copies. */
START_TEST(queues_that_time_out)
{
	static const uint32_t most[QUEUES] = {65536, 4096, 2000, 1U << 20, 64};

	start(QUEUES, most, NULL);
	o.how = "short deadline";
	dsam_queue_deadline = dsam_clock.ticks_per_us / 4;
	run_cases(oracle_cases(5));
	ck_assert_uint_gt(oracle_why(DSAM_WHY_TIMEOUT), 0);
	ck_assert_uint_gt(evil.by_kind[4], 0);
}
END_TEST

/* A quarantine is over at once here; so is the end of batches. */
static void run_batches(unsigned queues, const uint32_t *most,
			const uint32_t *batch)
{
	start(queues, most, batch);
	run_cases(oracle_cases(15));
	ck_assert_uint_gt(evil.batches, o.cases / 1000);
	ck_assert_uint_gt(evil.broken, o.cases / 5000);
}

START_TEST(one_queue_with_batches)
{
	static const uint32_t most[] = {4096}, batch[] = {32};

	o.how = "one queue with batches";
	run_batches(1, most, batch);
}
END_TEST

START_TEST(queues_of_different_batches)
{
	static const uint32_t most[QUEUES] = {4096, 1U << 20, 512, 65536, 128};
	static const uint32_t batch[QUEUES] = {5, 32, 2, 16, 3};

	o.how = "batches of different length";
	run_batches(QUEUES, most, batch);
}
END_TEST

START_TEST(batches_that_time_out)
{
	static const uint32_t most[QUEUES] = {4096, 8192, 2048, 65536, 512};
	static const uint32_t batch[QUEUES] = {8, 16, 4, 16, 0};

	start(QUEUES, most, batch);
	o.how = "batches, short deadline";
	dsam_queue_deadline = dsam_clock.ticks_per_us / 4;
	run_cases(oracle_cases(5));
	ck_assert_uint_gt(oracle_why(DSAM_WHY_TIMEOUT), 0);
	ck_assert_uint_gt(evil.batches, 0);
}
END_TEST

int main(void)
{
	oracle_choose_seed();
	return suite_run(
		"oracle_hostile", NULL, NULL,
		SUITE_TESTS(
			one_hostile_queue, queues_of_different_transfer_sizes,
			queues_that_time_out, one_queue_with_batches,
			queues_of_different_batches, batches_that_time_out));
}
