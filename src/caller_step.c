// SPDX-License-Identifier: MIT
/*
 * Room: HOT.  From a module's tables: where a frame's caller is.  Once for each
 * return address that a thread's cache does not have.
 * May: read the tables of a module whose code is on the stack, and which
 * therefore stays.
 * Must not: allocate, lock, make a system call, call libc, read beyond the
 * segment that has the tables, whatever is in them.
 *
 * Linux Standard Base, "Exception Frames".
 */
#include "caller_step.h"

/* The letters after z, and what they stand for.  False: not for us. */
static bool augment(const uint8_t *letter, struct dsam_bytes *b,
		    struct dsam_cie *cie)
{
	for (; *letter; letter++) {
		switch (*letter) {
		case 'R':
			cie->encoding = (unsigned)dsam_cfi_take(b, 1);
			break;
		case 'P':
			dsam_cfi_number(b, (unsigned)dsam_cfi_take(b, 1));
			break;
		case 'L':
			dsam_cfi_take(b, 1);
			break;
		case 'S': /* nobody called what was interrupted */
			cie->is_signal = true;
			return false;
		default:
			return false;
		}
	}
	return true;
}

static bool read_cie(struct dsam_bytes b, struct dsam_cie *cie)
{
	const uint8_t *letter;
	unsigned version;

	b = dsam_cfi_part(&b, dsam_cfi_take(&b, 4));
	if (dsam_cfi_take(&b, 4))
		return false;
	version = (unsigned)dsam_cfi_take(&b, 1);
	letter = b.at;
	while (dsam_cfi_take(&b, 1))
		;
	cie->code = dsam_cfi_uleb(&b);
	cie->data = dsam_cfi_sleb(&b);
	if ((version == 1 ? dsam_cfi_take(&b, 1) : dsam_cfi_uleb(&b)) !=
		    DSAM_REG_RETURN ||
	    (version != 1 && version != 3) || b.is_bad)
		return false;
	cie->encoding = 0;
	cie->is_augmented = *letter == 'z';
	if (cie->is_augmented) {
		struct dsam_bytes more = dsam_cfi_part(&b, dsam_cfi_uleb(&b));

		if (!augment(letter + 1, &more, cie) || more.is_bad)
			return false;
	} else if (*letter) {
		return false;
	}
	cie->first = (struct dsam_row){.cfa_register = UINT64_MAX};
	dsam_cfi_run(&b, cie, 0, 0, &cie->first);
	return !b.is_bad;
}

static struct dsam_step step_of(const struct dsam_row *r)
{
	struct dsam_step s = {
		.rbp_by = r->rbp_by, .cfa = r->cfa, .rbp = r->rbp};

	if (r->returns && r->cfa_register == DSAM_REG_RBP)
		s.cfa_by = r->is_deref ? DSAM_CFA_AT_RBP : DSAM_CFA_RBP;
	else if (r->returns && r->cfa_register == DSAM_REG_RSP)
		s.cfa_by = DSAM_CFA_RSP;
	return s;
}

/*
 * The FDE of pc: the last that begins at or before it, by the sorted table of
 * .eh_frame_hdr, of offsets from its beginning as every linker makes it.
 */
static bool find(const uint8_t *start, const uint8_t *header,
		 const uint8_t *end, uint64_t pc, struct dsam_bytes *fde)
{
	struct dsam_bytes b = {header, end, false};
	uint64_t low = 0, high;
	int64_t to = (int64_t)(pc - (uintptr_t)header);

	/* Version, how things are encoded, where .eh_frame begins. */
	if (dsam_cfi_take(&b, 1) != 1)
		return false;
	(void)dsam_cfi_take(&b, 1);
	if (dsam_cfi_take(&b, 2) != 0x3b03)
		return false;
	(void)dsam_cfi_take(&b, 4);
	high = dsam_cfi_take(&b, 4);
	if (b.is_bad || high > (size_t)(end - b.at) / 8)
		return false;
	while (low < high) {
		uint64_t mid = (low + high) / 2;
		struct dsam_bytes entry = {b.at + 8 * mid, end, false};

		if ((int32_t)dsam_cfi_take(&entry, 4) <= to)
			low = mid + 1;
		else
			high = mid;
	}
	if (!low)
		return false;
	b.at += 8 * (low - 1) + 4;
	to = (int32_t)dsam_cfi_take(&b, 4);
	if (to < start - header || to >= end - header)
		return false;
	*fde = (struct dsam_bytes){header + to, end, false};
	return true;
}

struct dsam_step dsam_step_from(const struct dl_find_object *o, const void *pc)
{
	const struct dsam_step none = {.cfa_by = DSAM_CFA_NONE};
	const uint8_t *header = o->dlfo_eh_frame, *start, *end;
	/* Of the call, which may be the last of its function. */
	uint64_t at = (uintptr_t)pc - 1, from, cie_at;
	struct dsam_bytes all, b;
	struct dsam_row row;
	struct dsam_cie cie = {.is_signal = false};

	if (!dsam_module_segment(o, header, &start, &end) ||
	    !find(start, header, end, at, &all))
		return none;
	b = dsam_cfi_part(&all, dsam_cfi_take(&all, 4));
	cie_at = (uintptr_t)b.at;
	cie_at -= dsam_cfi_take(&b, 4);
	if (b.is_bad || cie_at < (uintptr_t)start || cie_at >= (uintptr_t)b.at)
		return none;
	if (!read_cie((struct dsam_bytes){start + (cie_at - (uintptr_t)start),
					  end, false},
		      &cie))
		return (struct dsam_step){.is_signal = cie.is_signal};
	from = dsam_cfi_address(&b, cie.encoding);
	if (at - from >= dsam_cfi_number(&b, cie.encoding))
		return none;
	if (cie.is_augmented)
		dsam_cfi_part(&b, dsam_cfi_uleb(&b));
	row = cie.first;
	dsam_cfi_run(&b, &cie, from, at, &row);
	return b.is_bad ? none : step_of(&row);
}
