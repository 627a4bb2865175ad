// SPDX-License-Identifier: MIT
/*
 * What fuzzing found worth keeping (tests/fuzz/corpus), and a few thousand
 * mutations of it, once more; under the sanitizers, too (make asan ubsan).
 */
#include "suite.h"

#include "random.h"

#include <dirent.h>

#define LLVMFuzzerTestOneInput fuzz_conf
#include "../fuzz/conf.c"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput fuzz_record
#include "../fuzz/record.c"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput fuzz_json
#include "../fuzz/json.c"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput fuzz_name
#include "../fuzz/name.c"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput fuzz_symbols
#include "../fuzz/symbols.c"
#undef LLVMFuzzerTestOneInput

#define MOST (64 * 1024)
#define MUTATIONS 30

static void mutate(int (*target)(const uint8_t *, size_t), uint8_t *data,
		   size_t n, struct random *r)
{
	for (int i = 0; i < MUTATIONS; i++) {
		uint8_t *copy = malloc(n + 1);
		size_t cut = random_below(r, n + 1);

		ck_assert_ptr_nonnull(copy);
		for (size_t k = 0; k < n; k++)
			copy[k] = random_once_in(r, 40)
					  ? (uint8_t)random_next(r)
					  : data[k];
		target(copy, i % 3 ? n : cut);
		free(copy);
	}
}

/* Each file of the corpus ends in its own block: a byte beyond is found. */
static void replay(const char *name, int (*target)(const uint8_t *, size_t))
{
	struct random r = {1};
	char path[512];
	struct dirent *e;
	unsigned files = 0;
	DIR *d;

	snprintf(path, sizeof(path), "tests/fuzz/corpus/%s", name);
	d = opendir(path);
	ck_assert_msg(d, "%s: run from the top of the tree", path);
	target((const uint8_t *)"", 0);
	while ((e = readdir(d))) {
		static uint8_t whole[MOST];
		uint8_t *data;
		size_t n;
		FILE *f;

		if (e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "tests/fuzz/corpus/%s/%s", name,
			 e->d_name);
		f = fopen(path, "r");
		ck_assert_ptr_nonnull(f);
		n = fread(whole, 1, MOST, f);
		fclose(f);
		data = malloc(n ? n : 1);
		ck_assert_ptr_nonnull(data);
		memcpy(data, whole, n);
		target(data, n);
		mutate(target, data, n, &r);
		free(data);
		files++;
	}
	closedir(d);
	ck_assert_uint_ge(files, 5);
}

START_TEST(settings)
{
	replay("conf", fuzz_conf);
}
END_TEST

START_TEST(completion_records)
{
	replay("record", fuzz_record);
}
END_TEST

START_TEST(json_strings)
{
	replay("json", fuzz_json);
}
END_TEST

START_TEST(names_and_globs)
{
	replay("name", fuzz_name);
}
END_TEST

START_TEST(symbol_tables)
{
	replay("symbols", fuzz_symbols);
}
END_TEST

RUN_SUITE("corpus", settings, completion_records, json_strings, names_and_globs,
	  symbol_tables)
