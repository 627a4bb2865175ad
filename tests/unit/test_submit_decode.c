// SPDX-License-Identifier: MIT
/* What a completion record means: every status, and records that lie. */
#include "suite.h"

#include "submit.h"

static struct dsam_outcome decode(unsigned status, uint32_t done,
				  uint8_t result, uint32_t len)
{
	struct dsa_completion_record rec = {.status = (uint8_t)status,
					    .result = result,
					    .bytes_completed = done};

	return dsam_submit_decode(&rec, (uint8_t)status, len, false);
}

START_TEST(only_success_is_success)
{
	for (unsigned status = 0; status < 256; status++) {
		struct dsam_outcome o = decode(status, 0, 0, 4096);
		bool is_fault = (status & 0x7f) == 3 || (status & 0x7f) == 4;
		enum dsam_outcome_kind kind = DSAM_OUTCOME_ERROR;

		if (status == 1)
			kind = DSAM_OUTCOME_DONE;
		else if (is_fault)
			kind = DSAM_OUTCOME_FAULT;
		ck_assert_int_eq(o.kind, kind);
		ck_assert_uint_eq(o.status, status);
		if (is_fault)
			ck_assert_int_eq(o.is_write, status >> 7);
	}
}
END_TEST

START_TEST(faults_are_believed_only_within_the_piece)
{
	static const uint32_t done[] = {0, 1, 4095, 4096, 4097, UINT32_MAX};

	for (size_t i = 0; i < 6; i++) {
		struct dsam_outcome o = decode(0x83, done[i], 0, 4096);

		ck_assert_int_eq(o.kind, done[i] < 4096 ? DSAM_OUTCOME_FAULT
							: DSAM_OUTCOME_ERROR);
		if (o.kind == DSAM_OUTCOME_FAULT) {
			ck_assert_uint_eq(o.done, done[i]);
			ck_assert(o.is_write);
			ck_assert(!o.from_end);
		}
	}
	for (unsigned result = 2; result < 256; result++)
		ck_assert_int_eq(decode(3, 8, (uint8_t)result, 4096).kind,
				 DSAM_OUTCOME_ERROR);
}
END_TEST

/* The result byte is MEMMOVE's: what a FILL leaves there means nothing. */
START_TEST(a_fill_has_no_direction)
{
	for (unsigned result = 0; result < 256; result++) {
		struct dsa_completion_record rec = {.status = 0x83,
						    .result = (uint8_t)result,
						    .bytes_completed = 100};
		struct dsam_outcome o =
			dsam_submit_decode(&rec, 0x83, 4096, true);

		ck_assert_int_eq(o.kind, DSAM_OUTCOME_FAULT);
		ck_assert(!o.from_end);
		ck_assert_uint_eq(o.done, result ? 0 : 100);
	}
}
END_TEST

RUN_SUITE("submit_decode", only_success_is_success,
	  faults_are_believed_only_within_the_piece, a_fill_has_no_direction)
