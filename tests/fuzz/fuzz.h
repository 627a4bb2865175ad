/* SPDX-License-Identifier: MIT */
/*
 * What the fuzz targets share.  Each .c here is a program by libFuzzer
 * (`make fuzz`), and a part of tests/unit/test_corpus.c, which replays what
 * was found and kept.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* In every build; abort() is how libFuzzer learns of it. */
#define MUST(what)               \
	do {                     \
		if (!(what))     \
			abort(); \
	} while (0)

#endif
