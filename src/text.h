/* SPDX-License-Identifier: MIT */
/* Text that grows in a buffer of fixed room; what does not fit is cut. */
#ifndef DSAM_TEXT_H
#define DSAM_TEXT_H

#include <stddef.h>
#include <stdint.h>

struct dsam_text {
	char *buf; /* always NUL-terminated */
	size_t used, room;
};

void dsam_text_add(struct dsam_text *t, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* s as a JSON string, quotes included; bytes that are no UTF-8 as U+FFFD. */
void dsam_text_json(struct dsam_text *t, const char *s);

/* A name for a terminal, which acts on control bytes: they become '?'. */
void dsam_text_printable(char *s);

/* "1.2 GiB" into out (16 bytes are enough); returns out. */
char *dsam_text_bytes(char *out, size_t room, uint64_t bytes);

/* "12.3 us" likewise. */
char *dsam_text_time(char *out, size_t room, uint64_t ns);

/* "1,234,567" likewise (32 bytes). */
char *dsam_text_count(char *out, size_t room, uint64_t n);

/*
 * part of whole as "12.3 %", or "-" of nothing; "<0.1 %" and ">99.9 %" where
 * rounding would make nothing or all of it.
 */
char *dsam_text_share(char *out, size_t room, uint64_t part, uint64_t whole);

#endif
