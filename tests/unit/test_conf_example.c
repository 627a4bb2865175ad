// SPDX-License-Identifier: MIT
/*
 * dsamove.conf.example is what the table of keys says, and says what the
 * defaults are.  "test_conf_example print" prints what it should be.
 */
#include "suite.h"

#include "conf_value.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define FILE_NAME "dsamove.conf.example"

static const char head[] =
	"# Settings of libdsapreload.so: every key, at its default.\n"
	"#\n"
	"# Copy this to /etc/dsamove.conf, or anywhere and name it in\n"
	"# DSAMOVE_CONF, and take the '#' off the keys to change.  The\n"
	"# environment wins over the file: DSAMOVE_MIN_BYTES for min_bytes "
	"and\n"
	"# so on.  A key or value that is not understood is told on stderr, "
	"and\n"
	"# then nothing is offloaded.\n"
	"#\n"
	"# Sizes take K, M and G.  A line has at most 198 bytes (one of caller "
	"rules\n"
	"# 8190); a list goes on in indented lines.  '#' or ';' begins a line "
	"of\n"
	"# comment, ' ;' ends a value.\n";

static char want[32768], have[32768];

static void generate(void)
{
	size_t n = sizeof(head) - 1;

	memcpy(want, head, n);
	n += dsam_conf_example(want + n, sizeof(want) - n);
	if (n >= sizeof(want))
		abort();
}

START_TEST(the_file_is_up_to_date)
{
	int fd = open(FILE_NAME, O_RDONLY);
	ssize_t n;

	ck_assert_msg(fd >= 0, "no " FILE_NAME " in the current directory");
	n = read(fd, have, sizeof(have) - 1);
	close(fd);
	ck_assert_int_gt(n, 0);
	have[n] = 0;
	generate();
	ck_assert_str_eq(have, want);
}
END_TEST

/* Nothing is set by the file as it stands. */
START_TEST(as_it_is_it_sets_nothing)
{
	struct dsam_conf conf;
	struct dsam_conf_error err;

	generate();
	dsam_conf_defaults(&conf);
	ck_assert_msg(!dsam_conf_apply_text(&conf, FILE_NAME, want,
					    strlen(want), &err),
		      "%s", err.text);
	for (int k = 0; k < DSAM_KEYS; k++)
		ck_assert_int_eq(conf.from[k], DSAM_FROM_DEFAULT);
}
END_TEST

/* "#key = value" to "key = value"; comments have a blank after the '#'. */
static size_t uncomment(const char *from, char *to)
{
	size_t n = 0;
	bool at_start = true;

	for (; *from; from++) {
		if (!(at_start && *from == '#' && from[1] >= 'a'))
			to[n++] = *from;
		at_start = *from == '\n';
	}
	to[n] = 0;
	return n;
}

static void expect_same(const struct dsam_conf *a, const struct dsam_conf *b,
			int k)
{
	const struct dsam_key_info *i = &dsam_key_table[k];
	const char *x = (const char *)a + i->offset;
	const char *y = (const char *)b + i->offset;

	if (i->kind == DSAM_KIND_LIST || i->kind == DSAM_KIND_RULES ||
	    i->kind == DSAM_KIND_TEXT)
		ck_assert_str_eq(x, y);
	else if (i->kind == DSAM_KIND_SIZE || i->kind == DSAM_KIND_OPTSIZE)
		ck_assert_mem_eq(x, y, sizeof(size_t));
	else
		ck_assert_mem_eq(x, y, sizeof(unsigned));
}

/* Starting from anything but the defaults, each key is set to its own. */
START_TEST(uncommented_it_sets_the_defaults)
{
	struct dsam_conf conf, defaults;
	struct dsam_conf_error err;
	int line = 0;

	generate();
	dsam_conf_defaults(&defaults);
	memset(&conf, 'Z', sizeof(conf));
	memset(conf.from, 0, sizeof(conf.from));
	ck_assert_msg(!dsam_conf_apply_text(&conf, FILE_NAME, have,
					    uncomment(want, have), &err),
		      "%s", err.text);
	for (int k = 0; k < DSAM_KEYS; k++) {
		expect_same(&conf, &defaults, k);
		/* All are there, in the order of the table. */
		ck_assert_int_gt(conf.from[k], line);
		line = conf.from[k];
	}
}
END_TEST

START_TEST(lines_are_short)
{
	generate();
	for (const char *p = want; *p; p = strchr(p, '\n') + 1)
		ck_assert_uint_le(strcspn(p, "\n"), 100);
}
END_TEST

START_TEST(a_small_buffer_is_not_overrun)
{
	char small[300];

	memset(small, 'Z', sizeof(small));
	for (size_t room = 1; room < 250; room++) {
		dsam_conf_example(small, room);
		ck_assert_int_eq(small[room], 'Z');
		ck_assert_ptr_nonnull(memchr(small, 0, room));
		memset(small, 'Z', sizeof(small));
	}
}
END_TEST

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "print")) {
		generate();
		fputs(want, stdout);
		return 0;
	}
	return suite_run(
		"conf_example", NULL, NULL,
		SUITE_TESTS(the_file_is_up_to_date, as_it_is_it_sets_nothing,
			    uncommented_it_sets_the_defaults, lines_are_short,
			    a_small_buffer_is_not_overrun));
}
