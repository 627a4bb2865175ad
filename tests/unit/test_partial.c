// SPDX-License-Identifier: MIT
/*
 * A page fault after every number of bytes of a request: copies and fills,
 * each status that says so, from either end, in every mode; by the scripts of
 * the software DSA, and by a device of the same make that stops where it is
 * told to.
 */
#include "partial.h"

/* ---- a device that stops where it is told to ---- */

static struct {
	size_t at; /* the byte of the request that can't be reached */
	struct dsam_exec_trouble trouble;
	unsigned left; /* faults of this request */
	const struct dsa_hw_desc *desc[DSAM_DEPTH];
	unsigned pending;
	uint64_t taken, made, moved;
} twin;

static void twin_reset(size_t at, unsigned faults)
{
	if (twin.pending)
		oracle_fail(&o, "left in flight", twin.pending);
	twin.at = at;
	twin.left = faults;
}

static void twin_execute(const struct dsa_hw_desc *d)
{
	struct dsam_exec_trouble t = {.has_fault = false};
	size_t first = d->dst_addr - (uintptr_t)o.dst, at = twin.at - first;
	struct dsa_completion_record rec;
	uint64_t moved;

	if (twin.left && twin.at >= first && at < d->xfer_size) {
		bool from_end = twin.trouble.fault_from_end &&
				d->opcode == DSA_OPCODE_MEMMOVE;

		t = twin.trouble;
		t.has_fault = true;
		t.fault_at = (uint32_t)(from_end ? d->xfer_size - 1 - at : at);
	}
	if (dsam_descriptor_exec(&dsam_software.limits, &dsam_software_direct,
				 &t, d, &rec, &moved) != DSAM_EXEC_RECORD)
		oracle_fail(&o, "no record", at);
	twin.moved += moved;
	if (t.has_fault) {
		uint8_t want = t.fault_is_answer ? 0x04 : 0x03;

		if (rec.status != (want | t.fault_is_write << 7) ||
		    rec.bytes_completed != t.fault_at)
			oracle_fail(&o, "another fault", rec.bytes_completed);
		twin.made++;
		/* Once more, elsewhere, from the other end. */
		if (--twin.left) {
			twin.at = (twin.at * 7 + 4099) % o.n;
			twin.trouble.fault_from_end ^= true;
		}
	}
	dsam_record_write(&dsam_software_direct, d->completion_addr, &rec);
}

static enum dsam_enqueue twin_enqueue(struct dsam_queue *q,
				      const struct dsa_hw_desc *d)
{
	(void)q;
	if (twin.pending == DSAM_DEPTH)
		oracle_fail(&o, "too much in flight", twin.pending);
	twin.desc[twin.pending++] = d;
	twin.taken++;
	return DSAM_ENQUEUE_TAKEN;
}

/* The youngest first: the others of the request are still to come. */
static void twin_relax(struct dsam_queue *q, const struct dsa_hw_desc *d)
{
	const struct dsa_hw_desc own = *twin.desc[--twin.pending];

	(void)q;
	(void)d;
	twin_execute(&own);
}

static const struct dsam_device_ops twin_ops = {
	.name = "twin", .enqueue = twin_enqueue, .relax = twin_relax};

/* ---- the tests ---- */

static void walk_by_script(const struct way *w, enum dsam_op op, bool is_write)
{
	char script[64];

	partial_choose(w, op);
	for (size_t at = 0; at < BYTES; at += STEP) {
		snprintf(script, sizeof(script), "%sfault@%zu ok*1000000",
			 is_write ? "w" : "", at);
		engine_script(script);
		atomic_store(&dsam_software.scripted, 0);
		partial_request();
		/* A fill has no page to read. */
		partial_predict(w, at, is_write, false);
	}
}

/* Each is one fault, of which the report says what the CPU had to do. */
START_TEST(every_byte_by_script)
{
	static struct dsam_report r;
	struct sums s;

	partial_start();
	for (size_t i = 0; i < EXACT; i++) {
		walk_by_script(&ways[i], DSAM_OP_MEMCPY, false);
		walk_by_script(&ways[i], DSAM_OP_MEMCPY, true);
		walk_by_script(&ways[i], DSAM_OP_MEMMOVE, true);
		walk_by_script(&ways[i], DSAM_OP_MEMSET, true);
	}
	s = partial_report(&r);
	ck_assert_uint_eq(s.faults, o.cases);
	ck_assert_uint_eq(s.resumes, predicted.resumes);
	ck_assert_uint_eq(s.descriptors, o.cases + predicted.resumes);
	ck_assert_uint_eq(r.why_bytes[DSAM_WHY_FAULT], predicted.cpu);
	ck_assert_uint_eq(r.why_calls[DSAM_WHY_FAULT], o.cases);
	ck_assert_uint_eq(r.device_bytes + predicted.cpu, o.bytes);
}
END_TEST

START_TEST(every_byte_by_script_when_shared)
{
	static struct dsam_report r;
	struct sums s;

	partial_start();
	for (size_t i = EXACT; i < WAYS; i++) {
		walk_by_script(&ways[i], DSAM_OP_MEMCPY, i & 1);
		walk_by_script(&ways[i], DSAM_OP_MEMSET, true);
	}
	s = partial_report(&r);
	/* Not where the piece that the script hits is shorter than that. */
	ck_assert_uint_gt(s.faults, o.cases / 2);
	ck_assert_uint_le(s.faults, o.cases);
	ck_assert_uint_le(s.resumes, s.faults);
}
END_TEST

/* Where a piece was: all but the CPU's own part of the request. */
static void expect_met(const struct way *w, uint64_t made)
{
	ck_assert_msg(made * STEP >= BYTES - w->own,
		      "%s: %zu offsets, %llu faults", w->name, (size_t)BYTES,
		      (unsigned long long)made);
}

static void walk(const struct way *w, enum dsam_op op, unsigned how)
{
	uint64_t made = twin.made;

	partial_choose(w, op);
	for (size_t at = 0; at < BYTES; at += STEP) {
		twin.trouble = (struct dsam_exec_trouble){
			.fault_is_write = how & 1 || op == DSAM_OP_MEMSET,
			.fault_is_answer = how & 2,
			.fault_from_end = how & 4};
		twin_reset(at, w->faults);
		partial_request();
		if (w < ways + EXACT)
			partial_predict(w, at, how & 1, how & 4);
	}
	expect_met(w, twin.made - made);
}

static void all_statuses(size_t first, size_t end)
{
	static struct dsam_report r;
	struct sums s;

	partial_start();
	dsam_queues.q[0].ops = &twin_ops;
	engine_queue(&twin_ops, SECOND);
	dsam_queues_settle();
	for (size_t i = first; i < end; i++) {
		for (unsigned how = 0; how < 8; how++)
			walk(&ways[i],
			     how & 4 ? DSAM_OP_MEMMOVE : DSAM_OP_MEMCPY, how);
		walk(&ways[i], DSAM_OP_MEMSET, 1);
		walk(&ways[i], DSAM_OP_MEMSET, 3);
	}
	s = partial_report(&r);
	ck_assert_uint_eq(s.faults, twin.made);
	ck_assert_uint_eq(s.descriptors, twin.taken);
	ck_assert_uint_eq(r.device_bytes, twin.moved);
	ck_assert_uint_le(s.resumes, s.faults);
	if (first)
		return;
	ck_assert_uint_eq(s.resumes, predicted.resumes);
	ck_assert_uint_eq(r.why_bytes[DSAM_WHY_FAULT], predicted.cpu);
}

START_TEST(every_byte_and_status_of_one_piece)
{
	all_statuses(0, EXACT);
}
END_TEST

START_TEST(every_byte_and_status_of_pieces)
{
	all_statuses(EXACT, SHARED);
}
END_TEST

START_TEST(every_byte_and_status_when_shared)
{
	all_statuses(SHARED, WAYS);
}
END_TEST

int main(void)
{
	oracle_choose_seed();
	return suite_run("partial", NULL, NULL,
			 SUITE_TESTS(every_byte_by_script,
				     every_byte_by_script_when_shared,
				     every_byte_and_status_of_one_piece,
				     every_byte_and_status_of_pieces,
				     every_byte_and_status_when_shared));
}
