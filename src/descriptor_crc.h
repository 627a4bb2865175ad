/* SPDX-License-Identifier: MIT */
/*
 * CRC32C as the DSA computes it, with its two bypass flags.
 */
#ifndef DSAM_DESCRIPTOR_CRC_H
#define DSAM_DESCRIPTOR_CRC_H

#include <stddef.h>
#include <stdint.h>

/*
 * Seed to working register, and working register to result: the two are the
 * same step, as it is its own inverse.  flags: those of the descriptor.
 */
uint32_t dsam_crc_convert(uint32_t value, uint32_t flags);

/* Take n bytes into the working register; returns the new one. */
uint32_t dsam_crc_add(uint32_t reg, const void *buf, size_t n, uint32_t flags);

#endif
