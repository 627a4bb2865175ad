// SPDX-License-Identifier: MIT
/*
 * Room: HOT.  The instructions of .eh_frame, which tell at each instruction of
 * a function where its frame is.
 * May: read what it is given.
 * Must not: allocate, lock, make a system call, call libc, read beyond that,
 * whatever is in it.
 *
 * DWARF 5, sections 6.4.2 and 7.24; Linux Standard Base, "Exception Frames".
 */
#include "caller_cfi.h"

#define PCREL 0x10
#define INDIRECT 0x80
/* Of DWARF's expressions. */
#define BREG6 0x76
#define DEREF 0x06
/* As deep as compilers nest remember_state, and more. */
#define KEPT 4

uint64_t dsam_cfi_take(struct dsam_bytes *b, unsigned n)
{
	uint64_t v = 0;

	if ((size_t)(b->end - b->at) < n) {
		b->is_bad = true;
		b->at = b->end;
		return 0;
	}
	for (unsigned i = 0; i < n; i++)
		v |= (uint64_t)*b->at++ << 8 * i;
	return v;
}

static uint64_t leb(struct dsam_bytes *b, bool is_signed)
{
	unsigned shift = 0;
	uint64_t v = 0, byte;

	do {
		byte = dsam_cfi_take(b, 1);
		v |= (byte & 0x7f) << shift;
		shift += 7;
	} while (byte & 0x80 && shift < 63);
	if (byte & 0x80)
		b->is_bad = true;
	if (is_signed && byte & 0x40)
		v |= UINT64_MAX << shift;
	return v;
}

uint64_t dsam_cfi_uleb(struct dsam_bytes *b)
{
	return leb(b, false);
}

int64_t dsam_cfi_sleb(struct dsam_bytes *b)
{
	return (int64_t)leb(b, true);
}

/* The next n bytes by themselves. */
struct dsam_bytes dsam_cfi_part(struct dsam_bytes *b, uint64_t n)
{
	struct dsam_bytes p = {b->at, b->at, b->is_bad};

	if (n > (size_t)(b->end - b->at)) {
		b->is_bad = p.is_bad = true;
		return p;
	}
	p.end = b->at += n;
	return p;
}

uint64_t dsam_cfi_number(struct dsam_bytes *b, unsigned encoding)
{
	switch (encoding & 0xf) {
	case 0x0: /* absptr */
	case 0x4: /* udata8 */
	case 0xc: /* sdata8 */
		return dsam_cfi_take(b, 8);
	case 0x2:
		return dsam_cfi_take(b, 2);
	case 0x3:
		return dsam_cfi_take(b, 4);
	case 0xa:
		return (uint64_t)(int16_t)dsam_cfi_take(b, 2);
	case 0xb:
		return (uint64_t)(int32_t)dsam_cfi_take(b, 4);
	default:
		b->is_bad = true;
		return 0;
	}
}

uint64_t dsam_cfi_address(struct dsam_bytes *b, unsigned encoding)
{
	uint64_t here = (uintptr_t)b->at, v = dsam_cfi_number(b, encoding);
	unsigned from = encoding & 0x70;

	if (from && from != PCREL)
		b->is_bad = true;
	return from ? here + v : v;
}

/* An expression that is rbp + *offset, and what may follow that. */
static bool is_by_rbp(struct dsam_bytes e, int64_t *offset, bool *is_deref)
{
	if (dsam_cfi_take(&e, 1) != BREG6)
		return false;
	*offset = dsam_cfi_sleb(&e);
	*is_deref = e.at < e.end && *e.at == DEREF;
	e.at += *is_deref;
	return !e.is_bad && e.at == e.end;
}

static void cfa_by_expression(struct dsam_row *r, struct dsam_bytes e)
{
	r->cfa_register = DSAM_REG_RBP;
	if (!is_by_rbp(e, &r->cfa, &r->is_deref) || !r->is_deref)
		r->cfa_register = UINT64_MAX;
}

static void set(struct dsam_row *r, uint64_t reg, enum dsam_rbp_by by,
		int64_t at)
{
	if (reg == DSAM_REG_RBP) {
		r->rbp_by = by;
		r->rbp = at;
	} else if (reg == DSAM_REG_RETURN) {
		r->returns = by == DSAM_RBP_AT_CFA && at == -8;
	}
}

static void restore(struct dsam_row *r, const struct dsam_row *first,
		    uint64_t reg)
{
	if (reg == DSAM_REG_RBP) {
		r->rbp_by = first->rbp_by;
		r->rbp = first->rbp;
	} else if (reg == DSAM_REG_RETURN) {
		r->returns = first->returns;
	}
}

static void set_by_expression(struct dsam_row *r, uint64_t reg,
			      struct dsam_bytes e)
{
	bool is_deref;
	int64_t at;

	if (is_by_rbp(e, &at, &is_deref) && !is_deref)
		set(r, reg, DSAM_RBP_AT_RBP, at);
	else
		set(r, reg, DSAM_RBP_LOST, 0);
}

/* Not by int64_t, which may not overflow. */
static int64_t factored(uint64_t v, const struct dsam_cie *cie)
{
	return (int64_t)(v * (uint64_t)cie->data);
}

/* Instructions about the CFA.  False: it is none. */
static bool cfa_instruction(unsigned op, struct dsam_bytes *b,
			    const struct dsam_cie *cie, struct dsam_row *r)
{
	switch (op) {
	case 0x0c: /* def_cfa */
		r->cfa_register = dsam_cfi_uleb(b);
		r->cfa = (int64_t)dsam_cfi_uleb(b);
		break;
	case 0x0d: /* def_cfa_register */
		r->cfa_register = dsam_cfi_uleb(b);
		break;
	case 0x0e: /* def_cfa_offset */
		r->cfa = (int64_t)dsam_cfi_uleb(b);
		return true;
	case 0x0f: /* def_cfa_expression */
		cfa_by_expression(r, dsam_cfi_part(b, dsam_cfi_uleb(b)));
		return true;
	case 0x12: /* def_cfa_sf */
		r->cfa_register = dsam_cfi_uleb(b);
		r->cfa = factored((uint64_t)dsam_cfi_sleb(b), cie);
		break;
	case 0x13: /* def_cfa_offset_sf */
		r->cfa = factored((uint64_t)dsam_cfi_sleb(b), cie);
		return true;
	default:
		return false;
	}
	r->is_deref = false;
	return true;
}

/* Instructions about a register.  Bad: it is none. */
static void register_instruction(unsigned op, struct dsam_bytes *b,
				 const struct dsam_cie *cie, struct dsam_row *r)
{
	uint64_t reg = dsam_cfi_uleb(b);

	switch (op) {
	case 0x05: /* offset_extended */
		set(r, reg, DSAM_RBP_AT_CFA, factored(dsam_cfi_uleb(b), cie));
		break;
	case 0x06: /* restore_extended */
		restore(r, &cie->first, reg);
		break;
	case 0x08: /* same_value */
		set(r, reg, DSAM_RBP_SAME, 0);
		break;
	case 0x09: /* register */
	case 0x14: /* val_offset */
	case 0x15: /* val_offset_sf */
		dsam_cfi_uleb(b);
		set(r, reg, DSAM_RBP_LOST, 0);
		break;
	case 0x07: /* undefined */
		set(r, reg, DSAM_RBP_LOST, 0);
		break;
	case 0x10: /* expression */
		set_by_expression(r, reg, dsam_cfi_part(b, dsam_cfi_uleb(b)));
		break;
	case 0x11: /* offset_extended_sf */
		set(r, reg, DSAM_RBP_AT_CFA,
		    factored((uint64_t)dsam_cfi_sleb(b), cie));
		break;
	case 0x16: /* val_expression */
		dsam_cfi_part(b, dsam_cfi_uleb(b));
		set(r, reg, DSAM_RBP_LOST, 0);
		break;
	case 0x2e: /* GNU_args_size: it was no register */
		break;
	case 0x2f: /* GNU_negative_offset_extended */
		set(r, reg, DSAM_RBP_AT_CFA, factored(-dsam_cfi_uleb(b), cie));
		break;
	default:
		b->is_bad = true;
	}
}

/* How far the next instruction moves on; 0: it is of another kind. */
static uint64_t advance(unsigned op, struct dsam_bytes *b,
			const struct dsam_cie *cie)
{
	if (op >> 6 == 1)
		return (op & 0x3f) * cie->code;
	switch (op) {
	case 0x02:
		return dsam_cfi_take(b, 1) * cie->code;
	case 0x03:
		return dsam_cfi_take(b, 2) * cie->code;
	case 0x04:
		return dsam_cfi_take(b, 4) * cie->code;
	default:
		return 0;
	}
}

/* The row of pc, from that of the function's first instruction. */
void dsam_cfi_run(struct dsam_bytes *b, const struct dsam_cie *cie, uint64_t at,
		  uint64_t pc, struct dsam_row *r)
{
	struct dsam_row kept[KEPT];
	unsigned n = 0;

	while (b->at < b->end && !b->is_bad) {
		unsigned op = (unsigned)dsam_cfi_take(b, 1);
		const uint8_t *after = b->at;
		uint64_t more = advance(op, b, cie);

		at = op == 0x01 /* set_loc */ ? dsam_cfi_address(b,
								 cie->encoding)
					      : at + more;
		if (at > pc)
			return;
		if (op >> 6 == 1 || more || b->at != after || !op)
			continue;
		if (op >> 6 == 2) /* offset */
			set(r, op & 0x3f, DSAM_RBP_AT_CFA,
			    factored(dsam_cfi_uleb(b), cie));
		else if (op >> 6 == 3)
			restore(r, &cie->first, op & 0x3f);
		else if (op == 0x0a && n < KEPT) /* remember_state */
			kept[n++] = *r;
		else if (op == 0x0b && n) /* restore_state */
			*r = kept[--n];
		else if (!cfa_instruction(op, b, cie, r))
			register_instruction(op, b, cie, r);
	}
}
