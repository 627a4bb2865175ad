// SPDX-License-Identifier: MIT
/*
 * Every key of the settings: its default, values it takes, values it refuses,
 * and what the refusal says.
 */
#include "suite.h"

#include "conf_value.h"

#include <errno.h>
#include <string.h>

static struct dsam_conf conf;
static struct dsam_conf_error err;

static int apply(const char *text)
{
	dsam_conf_defaults(&conf);
	memset(&err, 0, sizeof(err));
	return dsam_conf_apply_text(&conf, "a.conf", text, strlen(text), &err);
}

static int apply_key(enum dsam_key key, const char *value)
{
	char text[1500];

	snprintf(text, sizeof(text), "# first line\n%s = %s\n",
		 dsam_key_table[key].name, value);
	return apply(text);
}

static unsigned as_unsigned(enum dsam_key key)
{
	const void *at = (const char *)&conf + dsam_key_table[key].offset;

	return *(const unsigned *)at;
}

static size_t as_size(enum dsam_key key)
{
	const void *at = (const char *)&conf + dsam_key_table[key].offset;

	return *(const size_t *)at;
}

static const char *as_text(enum dsam_key key)
{
	return (const char *)&conf + dsam_key_table[key].offset;
}

/* The refusal names file, line and key, what is wrong, what is expected. */
static void expect_refusal(enum dsam_key key, const char *value,
			   const char *wrong)
{
	char head[80];

	snprintf(head, sizeof(head),
		 "a.conf:2: %s: ", dsam_key_table[key].name);
	ck_assert_int_eq(apply_key(key, value), -EINVAL);
	ck_assert_msg(!strncmp(err.text, head, strlen(head)), "%s = '%s': %s",
		      head, value, err.text);
	ck_assert_msg(strstr(err.text, wrong) && strstr(err.text, "expected "),
		      "%s = '%s': %s", head, value, err.text);
}

static void expect_unsigned(enum dsam_key key, const char *value, unsigned is)
{
	ck_assert_msg(!apply_key(key, value), "%s", err.text);
	ck_assert_uint_eq(as_unsigned(key), is);
	ck_assert_int_eq(conf.from[key], 2);
}

static void expect_size(enum dsam_key key, const char *value, size_t is)
{
	ck_assert_msg(!apply_key(key, value), "%s", err.text);
	ck_assert_uint_eq(as_size(key), is);
}

START_TEST(defaults_are_the_documented_ones)
{
	memset(&conf, 0xa5, sizeof(conf));
	dsam_conf_defaults(&conf);
	ck_assert_uint_eq(conf.device, DSAM_DEVICE_AUTO);
	ck_assert_str_eq(conf.queues, "");
	ck_assert_str_eq(conf.programs, "");
	ck_assert_uint_eq(conf.ops, 7);
	ck_assert_uint_eq(conf.min_bytes, 32768);
	ck_assert_uint_eq(conf.memcpy_min_bytes, 0);
	ck_assert_uint_eq(conf.memmove_min_bytes, 0);
	ck_assert_uint_eq(conf.memset_min_bytes, 0);
	ck_assert_uint_eq(conf.mode, DSAM_MODE_SPLIT);
	ck_assert_uint_eq(conf.split_cpu_percent, DSAM_CONF_AUTO);
	ck_assert_uint_eq(conf.wait, DSAM_WAIT_AUTO);
	ck_assert_uint_eq(conf.numa, DSAM_NUMA_CPU);
	ck_assert_uint_eq(conf.cache_control, DSAM_CACHE_AUTO);
	ck_assert_uint_eq(conf.touch, DSAM_TOUCH_AUTO);
	ck_assert_uint_eq(conf.touch_by, DSAM_TOUCH_STORE);
	ck_assert_uint_eq(conf.fault_resumes, 8);
	ck_assert_uint_eq(conf.submit_retries, 32);
	ck_assert_uint_eq(conf.max_inflight, 0);
	ck_assert_uint_eq(conf.device_timeout_ms, 2000);
	ck_assert_uint_eq(conf.caller_depth, 1);
	ck_assert_uint_eq(conf.verify, 0);
	ck_assert_uint_eq(conf.stats, DSAM_STATS_EXIT);
	ck_assert_uint_eq(conf.report_format, DSAM_FORMAT_TEXT);
	ck_assert_uint_eq(conf.log, DSAM_LOG_WARN);
	ck_assert_uint_eq(conf.software_engines, 1);
	ck_assert_str_eq(conf.file, "");
	for (int k = 0; k < DSAM_KEYS; k++)
		ck_assert_int_eq(conf.from[k], DSAM_FROM_DEFAULT);
}
END_TEST

START_TEST(each_default_is_a_value)
{
	for (int k = 0; k < DSAM_KEYS; k++)
		ck_assert_msg(
			!apply_key((enum dsam_key)k, dsam_key_table[k].def),
			"%s", err.text);
}
END_TEST

/* Each word of a choice is its place in the list, in either case. */
START_TEST(choices)
{
	for (int k = 0; k < DSAM_KEYS; k++) {
		const struct dsam_key_info *i = &dsam_key_table[k];
		char list[100], upper[100], *word, *save = NULL;
		unsigned n = 0;

		if (i->kind != DSAM_KIND_CHOICE)
			continue;
		snprintf(list, sizeof(list), "%s", i->choices);
		for (word = strtok_r(list, "|", &save); word;
		     word = strtok_r(NULL, "|", &save), n++) {
			size_t c = 0;

			for (; word[c]; c++)
				upper[c] = (char)(word[c] & ~0x20);
			upper[c] = 0;
			expect_unsigned((enum dsam_key)k, word, n);
			expect_unsigned((enum dsam_key)k, upper, n);
		}
		ck_assert_uint_ge(n, 2);
		expect_refusal((enum dsam_key)k, "", "is not known");
		expect_refusal((enum dsam_key)k, "nonsense", "is not known");
		expect_refusal((enum dsam_key)k, i->choices, "is not known");
		snprintf(list, sizeof(list), "%sx", i->def);
		expect_refusal((enum dsam_key)k, list, "is not known");
	}
}
END_TEST

/* The whole message, as the user reads it. */
START_TEST(messages)
{
	static const struct {
		const char *text, *says;
	} tell[] = {
		{"mode = both\n",
		 "a.conf:1: mode: 'both' is not known, expected one of poll, "
		 "split"},
		{"\n\nmin_bytes = 64Q\n",
		 "a.conf:3: min_bytes: '64Q' is not a size, expected a size "
		 "from 1 to 1024G such as 32768, 32K or 1M, or auto"},
		{"profile_min_bytes = 1T\n",
		 "a.conf:1: profile_min_bytes: '1T' is not a size, expected a "
		 "size from 1 to 1024G such as 32768, 32K or 1M"},
		{"split_cpu_percent = 91\n",
		 "a.conf:1: split_cpu_percent: 91 is out of range, expected a "
		 "whole number from 0 to 90 or auto"},
		{"ops = memcpy, strcpy\n",
		 "a.conf:1: ops: 'strcpy' is not known, expected some of "
		 "memcpy, memmove, memset, memcmp"},
		{"ops =\n", "a.conf:1: ops: is empty, expected some of memcpy, "
			    "memmove, memset, memcmp"},
		{"numa = far\n",
		 "a.conf:1: numa: 'far' is not known, expected one of none, "
		 "cpu, buffer"},
		{"callers_deny = libz.so*, :f\n",
		 "a.conf:1: callers_deny: rule ':f' names no module, expected "
		 "MODULE or MODULE:SYMBOL, such as libfoo.so.1 or "
		 "libfoo:copy_*"},
		{"caller_depth = 17\n",
		 "a.conf:1: caller_depth: 17 is out of range, expected a "
		 "whole number from 1 to 16"},
		{"min_byte = 4K\n",
		 "a.conf:1: min_byte: unknown key, expected one that "
		 "dsamove.conf.example lists"},
	};

	for (size_t i = 0; i < sizeof(tell) / sizeof(*tell); i++) {
		ck_assert_int_eq(apply(tell[i].text), -EINVAL);
		ck_assert_str_eq(err.text, tell[i].says);
	}
}
END_TEST

START_TEST(set_of_ops)
{
	expect_unsigned(DSAM_KEY_ops, "memset", 4);
	expect_unsigned(DSAM_KEY_ops, "memset,memcpy", 5);
	expect_unsigned(DSAM_KEY_ops, " MEMMOVE ,, memmove\tmemcpy,", 3);
	expect_refusal(DSAM_KEY_ops, ",", "is empty");
	expect_refusal(DSAM_KEY_ops, "memcpy|memset", "is not known");
	expect_unsigned(DSAM_KEY_ops, "MemCmp", 8);
}
END_TEST

START_TEST(sizes)
{
	static const enum dsam_key keys[] = {
		DSAM_KEY_min_bytes, DSAM_KEY_memcpy_min_bytes,
		DSAM_KEY_memmove_min_bytes, DSAM_KEY_memset_min_bytes};

	for (size_t i = 0; i < 4; i++) {
		static const char *const bad[] = {
			"64Q",  "64KB", "64KiB", "K",    "-1",    "+1", "0x10",
			"1.5M", "1 M",  "1e6",   "64KK", "1,000", "1T"};
		static const char *const far[] = {"0", "1025G", "1099511627777",
						  "0K"};
		static const char *const huge[] = {
			"18446744073709551616", "18014398509481984K",
			"99999999999999999999999999999999", "17179869184G"};

		expect_size(keys[i], "1", 1);
		expect_size(keys[i], "4095", 4095);
		expect_size(keys[i], "64k", 65536);
		expect_size(keys[i], "3M", 3UL << 20);
		expect_size(keys[i], "2g", 2UL << 30);
		expect_size(keys[i], "1024G", 1UL << 40);
		expect_size(keys[i], "0032K", 32768);
		for (size_t b = 0; b < sizeof(bad) / sizeof(*bad); b++)
			expect_refusal(keys[i], bad[b], "is not a size");
		for (size_t b = 0; b < sizeof(far) / sizeof(*far); b++)
			expect_refusal(keys[i], far[b], "is out of range");
		for (size_t b = 0; b < sizeof(huge) / sizeof(*huge); b++)
			expect_refusal(keys[i], huge[b], "is not a size");
	}
	expect_refusal(DSAM_KEY_min_bytes, "", "is not a size");
	/* Empty: as min_bytes. */
	expect_size(DSAM_KEY_memset_min_bytes, "", 0);
}
END_TEST

START_TEST(numbers)
{
	unsigned seen = 0;

	for (int k = 0; k < DSAM_KEYS; k++) {
		const struct dsam_key_info *i = &dsam_key_table[k];
		enum dsam_key key = (enum dsam_key)k;
		char text[40];

		if (i->kind != DSAM_KIND_NUMBER)
			continue;
		seen++;
		snprintf(text, sizeof(text), "%llu", i->low);
		expect_unsigned(key, text, (unsigned)i->low);
		snprintf(text, sizeof(text), "%llu", i->high);
		expect_unsigned(key, text, (unsigned)i->high);
		snprintf(text, sizeof(text), "%llu", i->high + 1);
		expect_refusal(key, text, "is out of range");
		if (i->low) {
			snprintf(text, sizeof(text), "%llu", i->low - 1);
			expect_refusal(key, text, "is out of range");
		}
		/* 2^32 and a little: must not wrap into the range. */
		snprintf(text, sizeof(text), "%llu", (1ULL << 32) + i->low);
		expect_refusal(key, text, "is out of range");
		expect_refusal(key, "", "is not a number");
		expect_refusal(key, "-1", "is not a number");
		expect_refusal(key, "1K", "is not a number");
		expect_refusal(key, "0x10", "is not a number");
		expect_refusal(key, "10 20", "is not a number");
		expect_refusal(key, "18446744073709551617", "is not a number");
	}
	ck_assert_uint_eq(seen, 10);
}
END_TEST

/* TEXT keys fit a line of the file; the environment can say more. */
START_TEST(texts_and_lists)
{
	static const enum dsam_key keys[] = {
		DSAM_KEY_queues, DSAM_KEY_programs, DSAM_KEY_report_file,
		DSAM_KEY_log_file, DSAM_KEY_software_script};

	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		size_t most = (size_t)dsam_key_table[keys[i]].high - 2;
		char why[400], *text = calloc(1, most + 2);

		ck_assert(!apply_key(keys[i], "a b,c %p"));
		ck_assert_str_eq(as_text(keys[i]), "a b,c %p");
		memset(text, 'x', most);
		dsam_conf_defaults(&conf);
		ck_assert(!dsam_conf_value_set(&conf, keys[i], text, false, why,
					       sizeof(why)));
		ck_assert_str_eq(as_text(keys[i]), text);
		text[most] = 'y';
		ck_assert_int_eq(dsam_conf_value_set(&conf, keys[i], text,
						     false, why, sizeof(why)),
				 -EINVAL);
		ck_assert_ptr_nonnull(strstr(why, "is too long"));
		ck_assert_ptr_nonnull(strstr(why, "expected at most"));
		free(text);
	}
}
END_TEST

START_TEST(a_word_for_a_number)
{
	static const enum dsam_key keys[] = {
		DSAM_KEY_min_bytes, DSAM_KEY_memcpy_min_bytes,
		DSAM_KEY_memmove_min_bytes, DSAM_KEY_memset_min_bytes};

	expect_unsigned(DSAM_KEY_split_cpu_percent, "auto", DSAM_CONF_AUTO);
	expect_unsigned(DSAM_KEY_split_cpu_percent, "Auto", DSAM_CONF_AUTO);
	expect_refusal(DSAM_KEY_split_cpu_percent, "automatic",
		       "expected a whole number from 0 to 90 or auto");
	expect_refusal(DSAM_KEY_max_inflight, "auto", "is not a number");
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		ck_assert(!apply_key(keys[i], "AUTO"));
		ck_assert_uint_eq(*(size_t *)((char *)&conf +
					      dsam_key_table[keys[i]].offset),
				  DSAM_CONF_AUTO_SIZE);
		expect_refusal(keys[i], "auto1", "or auto");
	}
	expect_refusal(DSAM_KEY_profile_min_bytes, "auto", "is not a size");
}
END_TEST

START_TEST(keys_are_found_in_either_case_and_whole)
{
	ck_assert_int_eq(dsam_conf_key_find("Min_Bytes", 9),
			 DSAM_KEY_min_bytes);
	ck_assert_int_eq(dsam_conf_key_find("min_bytes", 8), DSAM_KEYS);
	ck_assert_int_eq(dsam_conf_key_find("", 0), DSAM_KEYS);
	ck_assert(!apply("MODE = SPLIT\n"));
	ck_assert_uint_eq(conf.mode, DSAM_MODE_SPLIT);
}
END_TEST

START_TEST(list_entries)
{
	const char *at = " a,b\t c,, ";
	char out[8];

	ck_assert(dsam_conf_list_next(&at, out, sizeof(out)));
	ck_assert_str_eq(out, "a");
	ck_assert(dsam_conf_list_next(&at, out, sizeof(out)));
	ck_assert_str_eq(out, "b");
	ck_assert(dsam_conf_list_next(&at, out, sizeof(out)));
	ck_assert_str_eq(out, "c");
	ck_assert(!dsam_conf_list_next(&at, out, sizeof(out)));
	ck_assert(!dsam_conf_list_next(&at, out, sizeof(out)));
	at = "0123456789,z";
	ck_assert(dsam_conf_list_next(&at, out, sizeof(out)));
	ck_assert_str_eq(out, "0123456");
	ck_assert(dsam_conf_list_next(&at, out, sizeof(out)));
	ck_assert_str_eq(out, "z");
}
END_TEST

START_TEST(list_admits)
{
	ck_assert(dsam_conf_list_admits("", "sh"));
	ck_assert(dsam_conf_list_admits("python3*", "python3.11"));
	ck_assert(!dsam_conf_list_admits("python3*", "sh"));
	ck_assert(!dsam_conf_list_admits("!bash,!sh", "sh"));
	ck_assert(dsam_conf_list_admits("!bash,!sh", "gzip"));
	/* Deny wins, wherever it stands. */
	ck_assert(!dsam_conf_list_admits("!g?ip,g*", "gzip"));
	ck_assert(!dsam_conf_list_admits("g*,!g?ip", "gzip"));
	ck_assert(dsam_conf_list_admits("g*,!g?ip", "grep"));
	ck_assert(!dsam_conf_list_admits("[", "gzip"));
}
END_TEST

RUN_SUITE("conf_keys", defaults_are_the_documented_ones,
	  each_default_is_a_value, choices, messages, set_of_ops, sizes,
	  numbers, texts_and_lists, a_word_for_a_number,
	  keys_are_found_in_either_case_and_whole, list_entries, list_admits)
