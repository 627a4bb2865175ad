// SPDX-License-Identifier: MIT
/*
 * Room: HOT, PURE.  CRC32C (polynomial 0x11EDC6F41) for CRCGEN and COPY_CRC.
 * May: read the buffer it is given.  Must not: call anything.
 */
#include "descriptor_crc.h"

#include "descriptor_exec.h"

/* Remainder of each 4-bit value, most significant bit first. */
static const uint32_t nibble_crc[16] = {
	0x00000000, 0x1edc6f41, 0x3db8de82, 0x2364b1c3, 0x7b71bd04, 0x65add245,
	0x46c96386, 0x58150cc7, 0xf6e37a08, 0xe83f1549, 0xcb5ba48a, 0xd587cbcb,
	0x8d92c70c, 0x934ea84d, 0xb02a198e, 0xaef676cf,
};

static const uint8_t nibble_reversed[16] = {
	0x0, 0x8, 0x4, 0xc, 0x2, 0xa, 0x6, 0xe,
	0x1, 0x9, 0x5, 0xd, 0x3, 0xb, 0x7, 0xf,
};

static uint32_t add_nibble(uint32_t reg, uint32_t nibble)
{
	return reg << 4 ^ nibble_crc[reg >> 28 ^ nibble];
}

uint32_t dsam_crc_convert(uint32_t value, uint32_t flags)
{
	uint32_t reversed = 0;

	if (flags & DSAM_FLAG_CRC_NO_INVERSION)
		return value;
	for (int shift = 0; shift < 32; shift += 4)
		reversed =
			reversed << 4 | nibble_reversed[~value >> shift & 0xf];
	return reversed;
}

uint32_t dsam_crc_add(uint32_t reg, const void *buf, size_t n, uint32_t flags)
{
	const uint8_t *p = buf;

	if (flags & DSAM_FLAG_CRC_NO_REFLECTION) {
		for (size_t i = 0; i < n; i++) {
			reg = add_nibble(reg, p[i] >> 4);
			reg = add_nibble(reg, p[i] & 0xf);
		}
		return reg;
	}
	/* Least significant bit of each byte first. */
	for (size_t i = 0; i < n; i++) {
		reg = add_nibble(reg, nibble_reversed[p[i] & 0xf]);
		reg = add_nibble(reg, nibble_reversed[p[i] >> 4]);
	}
	return reg;
}
