// SPDX-License-Identifier: MIT
/* Numbers and strings for people and for JSON; text that does not fit. */
#include "suite.h"
#include "random.h"

#include "text.h"

#include <string.h>

static char buf[4096];
static struct dsam_text t;

static const char *json(const char *s)
{
	t = (struct dsam_text){buf, 0, sizeof(buf)};
	dsam_text_json(&t, s);
	ck_assert_uint_eq(strlen(buf), t.used);
	return buf;
}

START_TEST(json_strings)
{
	static const char *const both[][2] = {
		{"", "\"\""},
		{"plain text", "\"plain text\""},
		{"a\"b\\c/d", "\"a\\\"b\\\\c/d\""},
		{"\n\t\r\x01\x1f", "\"\\u000a\\u0009\\u000d\\u0001\\u001f\""},
		{"\x7f", "\"\x7f\""},
		{"%s%n%d", "\"%s%n%d\""},
		/* Two, three and four bytes, at the ends of their ranges. */
		{"\xc2\x80\xdf\xbf", "\"\xc2\x80\xdf\xbf\""},
		{"\xe0\xa0\x80\xef\xbf\xbf", "\"\xe0\xa0\x80\xef\xbf\xbf\""},
		{"\xf0\x90\x80\x80\xf4\x8f\xbf\xbf",
		 "\"\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\""},
	};

	for (size_t i = 0; i < sizeof(both) / sizeof(*both); i++)
		ck_assert_str_eq(json(both[i][0]), both[i][1]);
}
END_TEST

START_TEST(json_of_what_is_no_utf8)
{
	static const char *const bad[] = {
		"\x80", "\xbf", "\xc0", "\xc1", "\xc2",
		"\xf5", "\xff", "\xfe", "\xe0", "\xf4",
	};

	/* Alone, and before a byte that does not continue it. */
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		char text[8];

		ck_assert_str_eq(json(bad[i]), "\"\\ufffd\"");
		snprintf(text, sizeof(text), "%sx", bad[i]);
		ck_assert_str_eq(json(text), "\"\\ufffdx\"");
		snprintf(text, sizeof(text), "%s\"", bad[i]);
		ck_assert_str_eq(json(text), "\"\\ufffd\\\"\"");
	}
	/* Overlong, surrogate, beyond U+10FFFF, cut short. */
	ck_assert_str_eq(json("\xc0\xaf"), "\"\\ufffd\\ufffd\"");
	ck_assert_str_eq(json("\xe0\x9f\xbf"), "\"\\ufffd\\ufffd\\ufffd\"");
	ck_assert_str_eq(json("\xed\xa0\x80"), "\"\\ufffd\\ufffd\\ufffd\"");
	ck_assert_str_eq(json("\xf4\x90\x80\x80"),
			 "\"\\ufffd\\ufffd\\ufffd\\ufffd\"");
	ck_assert_str_eq(json("\xe2\x82"), "\"\\ufffd\\ufffd\"");
	ck_assert_str_eq(json("\xf0\x9f\x98"), "\"\\ufffd\\ufffd\\ufffd\"");
}
END_TEST

/* Any bytes become a string of plain JSON characters and valid UTF-8. */
START_TEST(json_of_anything)
{
	struct random r = {3};
	char s[64];

	for (int i = 0; i < 100000; i++) {
		size_t n = random_below(&r, sizeof(s) - 1);
		const unsigned char *p;

		random_fill(&r, s, n);
		for (size_t k = 0; k < n; k++)
			s[k] = s[k] ? s[k] : 1;
		s[n] = 0;
		t = (struct dsam_text){buf, 0, sizeof(buf)};
		dsam_text_json(&t, s);
		p = (const unsigned char *)buf + 1;
		for (; *p && p < (unsigned char *)buf + t.used - 1; p++)
			if (*p < 32 || (*p == '"' && p[-1] != '\\'))
				ck_abort_msg("round %d: %s", i, buf);
		if (*p != '"' || p[1])
			ck_abort_msg("round %d: %s", i, buf);
	}
}
END_TEST

START_TEST(what_does_not_fit_is_cut)
{
	char small[40];

	for (size_t room = 1; room < 30; room++) {
		memset(small, 'Z', sizeof(small));
		t = (struct dsam_text){small, 0, room};
		for (int i = 0; i < 5; i++)
			dsam_text_add(&t, "%d,%s", i, "abcd");
		ck_assert_int_eq(small[room], 'Z');
		ck_assert_uint_lt(t.used, room);
		ck_assert_uint_eq(strlen(small), t.used);
		ck_assert(!strncmp(small, "0,abcd1,abcd2,abcd3,abcd4,abcd",
				   t.used));
		/* Full to the last byte before anything is lost. */
		ck_assert_uint_eq(t.used, room - 1);
	}
	for (size_t room = 1; room < 30; room++) {
		memset(small, 'Z', sizeof(small));
		t = (struct dsam_text){small, 0, room};
		dsam_text_json(&t, "\xe2\x82\xac\"\x80\x01 and so on");
		ck_assert_int_eq(small[room], 'Z');
		ck_assert_uint_eq(strlen(small), t.used);
	}
}
END_TEST

START_TEST(bytes)
{
	static const struct {
		uint64_t n;
		const char *is;
	} all[] = {
		{0, "0 B"},
		{1, "1 B"},
		{1023, "1023 B"},
		{1024, "1 KiB"},
		{1025, "1.00 KiB"},
		{1536, "1.50 KiB"},
		{10 * 1024 + 512, "10.5 KiB"},
		{100 * 1024 + 512, "100 KiB"},
		{1024 * 1024 - 1, "1023 KiB"},
		{1 << 20, "1 MiB"},
		{(1 << 20) + 1, "1.00 MiB"},
		{5ULL << 30, "5 GiB"},
		{(5ULL << 30) + (1ULL << 29), "5.50 GiB"},
		{1ULL << 40, "1 TiB"},
		{1ULL << 50, "1 PiB"},
		{1ULL << 60, "1 EiB"},
		{UINT64_MAX, "15.9 EiB"},
	};
	char out[16];

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		ck_assert_str_eq(dsam_text_bytes(out, sizeof(out), all[i].n),
				 all[i].is);
}
END_TEST

START_TEST(times)
{
	static const struct {
		uint64_t n;
		const char *is;
	} all[] = {
		{0, "0 ns"},
		{999, "999 ns"},
		{1000, "1.00 us"},
		{12345, "12.3 us"},
		{999999, "999 us"},
		{1000000, "1.00 ms"},
		{123456789, "123 ms"},
		{1000000000, "1.00 s"},
		{86400000000000, "86400 s"},
		{UINT64_MAX, "18446744073 s"},
	};
	char out[16];

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		ck_assert_str_eq(dsam_text_time(out, sizeof(out), all[i].n),
				 all[i].is);
}
END_TEST

START_TEST(counts)
{
	static const struct {
		uint64_t n;
		const char *is;
	} all[] = {{0, "0"},
		   {999, "999"},
		   {1000, "1,000"},
		   {999999, "999,999"},
		   {1234567, "1,234,567"},
		   {UINT64_MAX, "18,446,744,073,709,551,615"}};
	char out[33];

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		ck_assert_str_eq(dsam_text_count(out, 32, all[i].n), all[i].is);
	for (size_t room = 2; room < 32; room++) {
		memset(out, 'Z', sizeof(out));
		dsam_text_count(out, room, UINT64_MAX);
		ck_assert_int_eq(out[room], 'Z');
		ck_assert_uint_lt(strlen(out), room);
	}
}
END_TEST

START_TEST(shares)
{
	char out[16];

	ck_assert_str_eq(dsam_text_share(out, 16, 0, 0), "-");
	ck_assert_str_eq(dsam_text_share(out, 16, 0, 7), "0.0 %");
	ck_assert_str_eq(dsam_text_share(out, 16, 1, 3), "33.3 %");
	ck_assert_str_eq(dsam_text_share(out, 16, 7, 7), "100.0 %");
	/* A part and the rest are 100 together, but not by a lie. */
	ck_assert_str_eq(dsam_text_share(out, 16, 2, 3), "66.7 %");
	ck_assert_str_eq(dsam_text_share(out, 16, 1, 1000000), "<0.1 %");
	ck_assert_str_eq(dsam_text_share(out, 16, 999999, 1000000), ">99.9 %");
	ck_assert_str_eq(dsam_text_share(out, 16, 999, 1000), "99.9 %");
	ck_assert_str_eq(dsam_text_share(out, 16, 1, 1000), "0.1 %");
	/* Beyond what a 64-bit product would hold. */
	ck_assert_str_eq(dsam_text_share(out, 16, UINT64_MAX / 2, UINT64_MAX),
			 "50.0 %");
}
END_TEST

RUN_SUITE("text", json_strings, json_of_what_is_no_utf8, json_of_anything,
	  what_does_not_fit_is_cut, bytes, times, counts, shares)
