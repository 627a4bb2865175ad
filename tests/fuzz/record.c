// SPDX-License-Identifier: MIT
/*
 * Completion records: 32 bytes that a device wrote, 4 of the length that it
 * was asked for, and whether that was a fill.
 */
#include "fuzz.h"

#include "submit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dsa_completion_record rec;
	struct dsam_outcome o;
	uint32_t len;
	bool is_fill;

	if (size < sizeof(rec) + sizeof(len) + 1)
		return 0;
	memcpy(&rec, data, sizeof(rec));
	memcpy(&len, data + sizeof(rec), sizeof(len));
	is_fill = data[sizeof(rec) + sizeof(len)] & 1;
	o = dsam_submit_decode(&rec, rec.status, len, is_fill);
	switch (o.kind) {
	case DSAM_OUTCOME_DONE:
		MUST(rec.status == DSA_COMP_SUCCESS);
		break;
	case DSAM_OUTCOME_FAULT:
		/* Something is left, and it is within what was asked for. */
		MUST((rec.status & 0x7f) == DSA_COMP_PAGE_FAULT_NOBOF ||
		     (rec.status & 0x7f) == DSA_COMP_PAGE_FAULT_IR);
		MUST(o.done < len);
		MUST(!is_fill || !o.from_end);
		break;
	default:
		MUST(o.kind == DSAM_OUTCOME_ERROR);
	}
	return 0;
}
