// SPDX-License-Identifier: MIT
/* The form of a settings file: lines, comments, lists, and what is no text. */
#include "suite.h"

#include "conf.h"

#include <errno.h>
#include <string.h>

static struct dsam_conf conf;
static struct dsam_conf_error err;

static int apply_bytes(const char *text, size_t n)
{
	dsam_conf_defaults(&conf);
	memset(&err, 0, sizeof(err));
	return dsam_conf_apply_text(&conf, "f", text, n, &err);
}

static int apply(const char *text)
{
	return apply_bytes(text, strlen(text));
}

#define EXPECT_OK(lines) ck_assert_msg(!apply(lines), "%s", err.text)
#define EXPECT_ERROR(lines, says)                        \
	do {                                             \
		ck_assert_int_eq(apply(lines), -EINVAL); \
		ck_assert_str_eq(err.text, says);        \
	} while (0)

START_TEST(empty_files)
{
	EXPECT_OK("");
	EXPECT_OK("\n");
	EXPECT_OK("\n\n  \n\t\n");
	EXPECT_OK("# mode = split\n; mode = split\n   # mode = split\n");
	ck_assert_uint_eq(conf.mode, DSAM_MODE_SPLIT);
	ck_assert_str_eq(conf.file, "f");
}
END_TEST

START_TEST(blanks_and_comments_around_values)
{
	EXPECT_OK("mode=split\nwait =yield\t\n");
	ck_assert_uint_eq(conf.mode, DSAM_MODE_SPLIT);
	ck_assert_uint_eq(conf.wait, DSAM_WAIT_YIELD);
	EXPECT_OK("mode = split ; because\nverify: 7\n");
	ck_assert_uint_eq(conf.mode, DSAM_MODE_SPLIT);
	ck_assert_uint_eq(conf.verify, 7);
	EXPECT_OK("report_file = /tmp/a=b;c:d\n");
	ck_assert_str_eq(conf.report_file, "/tmp/a=b;c:d");
	/* The last line needs no end; the first may be indented. */
	EXPECT_OK("  verify = 7\nmode = split");
	ck_assert_uint_eq(conf.mode, DSAM_MODE_SPLIT);
	ck_assert_int_eq(conf.from[DSAM_KEY_mode], 2);
}
END_TEST

START_TEST(crlf_is_accepted)
{
	EXPECT_OK("mode = split\r\n\r\n# x\r\nqueues = wq0.0,\r\n  wq1.0\r\n"
		  "report_file = /tmp/x\r\nverify = 9\r\n");
	ck_assert_uint_eq(conf.mode, DSAM_MODE_SPLIT);
	ck_assert_str_eq(conf.queues, "wq0.0,,wq1.0");
	ck_assert_str_eq(conf.report_file, "/tmp/x");
	ck_assert_uint_eq(conf.verify, 9);
}
END_TEST

START_TEST(byte_order_mark_is_accepted)
{
	EXPECT_OK("\xef\xbb\xbfmode = split\n");
	ck_assert_uint_eq(conf.mode, DSAM_MODE_SPLIT);
}
END_TEST

START_TEST(a_text_need_not_end_in_nul)
{
	char text[] = "verify = 12345";

	ck_assert(!apply_bytes(text, strlen("verify = 12")));
	ck_assert_uint_eq(conf.verify, 12);
}
END_TEST

START_TEST(lists_continue_on_indented_lines)
{
	const char *at;
	char entry[32], want[32], text[4000] = "programs = p0\n";
	unsigned n = 0;

	for (n = 1; n < 100; n++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text),
			 "%sp%u\n%s", n % 2 ? "\t" : "   ", n,
			 n % 7 ? "" : "\n# comment\n");
	EXPECT_OK(text);
	at = conf.programs;
	for (n = 0; dsam_conf_list_next(&at, entry, sizeof(entry)); n++) {
		snprintf(want, sizeof(want), "p%u", n);
		ck_assert_str_eq(entry, want);
	}
	ck_assert_uint_eq(n, 100);
	ck_assert_int_eq(conf.from[DSAM_KEY_programs], 1);
	ck_assert(dsam_conf_list_admits(conf.programs, "p57"));
	ck_assert(!dsam_conf_list_admits(conf.programs, "p100"));

	EXPECT_OK("queues =\n wq0.0\n wq0.1\n");
	ck_assert_str_eq(conf.queues, "wq0.0,wq0.1");
}
END_TEST

START_TEST(a_list_that_grows_too_long)
{
	char text[8000] = "programs = p\n";

	for (int i = 0; i < 40; i++)
		strcat(text, " 0123456789012345678901234567890123456789\n");
	ck_assert_int_eq(apply(text), -EINVAL);
	/* 1022 bytes: "p" and 24 lines of 41. */
	ck_assert_str_eq(err.text, "f:26: programs: is too long (1025 bytes), "
				   "expected at most 1022");
}
END_TEST

START_TEST(other_keys_do_not_continue)
{
	EXPECT_ERROR("min_bytes = 4K\n  mode = split\n",
		     "f:2: min_bytes: continued by an indented line, expected "
		     "a value of one line");
	EXPECT_ERROR("report_file = /tmp/a\n\tb\n",
		     "f:2: report_file: continued by an indented line, "
		     "expected a value of one line");
}
END_TEST

START_TEST(duplicate_keys)
{
	EXPECT_ERROR("mode = split\n\nmode = poll\n",
		     "f:3: mode: given again, expected once (first in line 1)");
	EXPECT_ERROR("mode = split\nMODE = split\n",
		     "f:2: MODE: given again, expected once (first in line 1)");
	/* A list as well: only indented lines add to it. */
	EXPECT_ERROR("queues = wq0.0\n wq0.1\nqueues = wq0.2\n",
		     "f:3: queues: given again, expected once (first in line "
		     "1)");
}
END_TEST

START_TEST(sections)
{
	EXPECT_ERROR("[dsa]\nmode = poll\n",
		     "f:1: begins a section, expected none");
	/* Even one that holds nothing. */
	EXPECT_ERROR("verify = 1\n[a b]\n",
		     "f:2: begins a section, expected none");
	EXPECT_ERROR("  [a b]\nverify = 1\n",
		     "f:2: stands in a section, expected none");
	/* A list goes on with what it likes. */
	EXPECT_OK("programs = x,\n  [ab]*\n");
	EXPECT_ERROR("\n[unclosed\nmode = poll\n",
		     "f:2: begins a section, expected none");
}
END_TEST

START_TEST(lines_that_say_nothing)
{
	EXPECT_ERROR("mode\n", "f:1: not understood, expected KEY = VALUE");
	EXPECT_ERROR("verify = 1\nmode split\nwait = spin\n",
		     "f:2: not understood, expected KEY = VALUE");
	ck_assert_int_eq(apply("= split\n"), -EINVAL);
	ck_assert_ptr_nonnull(strstr(err.text, "f:1: "));
	ck_assert_ptr_nonnull(strstr(err.text, "expected"));
	/* The first of several errors is told, whichever kind it is. */
	EXPECT_ERROR("mode\nverify = x\n",
		     "f:1: not understood, expected KEY = VALUE");
	EXPECT_ERROR("verify = 1\nbogus = x\nmode\n",
		     "f:2: bogus: unknown key, expected one that "
		     "dsamove.conf.example lists");
}
END_TEST

START_TEST(lines_over_the_limit)
{
	char text[400] = "verify = 1\nreport_file = ";
	size_t line = strlen("verify = 1\n");

	/* inih's line is 200 bytes with '\n' and NUL. */
	memset(text + strlen(text), 'x', 198 - strlen(text + line));
	ck_assert_uint_eq(strlen(text + line), 198);
	strcat(text, "\n");
	EXPECT_OK(text);
	ck_assert_uint_eq(strlen(conf.report_file), 198 - 14);

	text[strlen(text) - 1] = 'x';
	strcat(text, "\nmode = split\n");
	EXPECT_ERROR(text, "f:2: the line has 199 bytes, expected at most 198");

	/* No end of line, and far too long. */
	memset(text, 'y', sizeof(text) - 1);
	text[sizeof(text) - 1] = 0;
	EXPECT_ERROR(text, "f:1: the line has 399 bytes, expected at most 198");
	/* A comment is a line too. */
	text[0] = '#';
	EXPECT_ERROR(text, "f:1: the line has 399 bytes, expected at most 198");
}
END_TEST

START_TEST(control_characters)
{
	for (int c = 0; c < 32; c++) {
		char text[] = "verify = 1\n# x\nmode = split\n";

		if (strchr("\t\n\v\f\r", c) && c)
			continue;
		text[strlen("verify = 1\n#")] = (char)c;
		ck_assert_int_eq(apply_bytes(text, sizeof(text) - 1), -EINVAL);
		ck_assert_str_eq(err.text, "f:2: holds a control character, "
					   "expected text");
	}
}
END_TEST

/* Whatever the bytes are: an answer, a message when it is no, no crash. */
START_TEST(binary_garbage)
{
	static char text[3000];
	uint64_t x = 88172645463325252ULL;
	unsigned refused = 0;

	for (int round = 0; round < 2000; round++) {
		size_t n = (size_t)round * 3 / 2;

		for (size_t i = 0; i < n; i++) {
			x ^= x << 13;
			x ^= x >> 7;
			x ^= x << 17;
			/* Half of the rounds: only what a text may hold. */
			text[i] =
				round % 2 ? (char)x : "=[]:;# \na\xff"[x % 10];
		}
		if (!apply_bytes(text, n))
			continue;
		refused++;
		ck_assert(!strncmp(err.text, "f:", 2));
		ck_assert_uint_lt(strlen(err.text), sizeof(err.text) - 1);
	}
	ck_assert_uint_gt(refused, 1500);
}
END_TEST

START_TEST(long_names_in_messages)
{
	char name[600];

	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = 0;
	dsam_conf_defaults(&conf);
	ck_assert_int_eq(
		dsam_conf_apply_text(&conf, name, "mode = x\n", 9, &err),
		-EINVAL);
	ck_assert_uint_lt(strlen(err.text), sizeof(err.text));
	EXPECT_ERROR(
		"a_very_long_key_that_nobody_would_ever_think_of_typing_"
		"into_a_file = 1\n",
		"f:1: a_very_long_key_that_nobody_would_ever_think_of_typing_"
		"into_: "
		"unknown key, expected one that dsamove.conf.example "
		"lists");
}
END_TEST

RUN_SUITE("conf_file", empty_files, blanks_and_comments_around_values,
	  crlf_is_accepted, byte_order_mark_is_accepted,
	  a_text_need_not_end_in_nul, lists_continue_on_indented_lines,
	  a_list_that_grows_too_long, other_keys_do_not_continue,
	  duplicate_keys, sections, lines_that_say_nothing,
	  lines_over_the_limit, control_characters, binary_garbage,
	  long_names_in_messages)
