// SPDX-License-Identifier: MIT
/*
 * The report: what is gathered from the threads, the text of at most 100
 * columns, and JSON that a real parser reads.
 */
#include "fake_device.h"
#include "random.h"

#include "log.h"
#include "report.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#define COLUMNS 100

static struct dsam_conf conf;
static struct dsam_report report;
static char buf[1 << 20];
static struct dsam_text text = {buf, 0, sizeof(buf)};

static void start(void)
{
	fake_birth(2);
	dsam_conf_defaults(&conf);
	text.used = 0;
}

/* A thread that made some copies; consistent, and of no special size. */
static struct dsam_slot *add_thread(unsigned i, enum dsam_slot_state state,
				    uint64_t scale)
{
	struct dsam_slot *s = &dsam_arena->slot[i];
	struct dsam_account a = {0};

	atomic_store(&dsam_arena->state[i], state);
	s->tid = 1000 + (int)i;
	snprintf(s->name, sizeof(s->name), "thread%u", i);
	for (int op = 0; op < DSAM_OP_MEMCMP; op++) {
		size_t n = 50000 * scale;

		memset(&a, 0, sizeof(a));
		a.device_bytes = n;
		a.ns = 9000 * scale;
		a.wait_ns = 8000 * scale;
		a.descriptors = 1;
		dsam_stats_request(&s->stats, (enum dsam_op)op, n, &a);
		a.device_bytes = n - 100;
		dsam_account_cpu(&a, DSAM_WHY_FAULT, 100);
		a.faults = a.resumes = a.retries = a.touched = 3;
		dsam_stats_request(&s->stats, (enum dsam_op)op, n, &a);
		memset(&a, 0, sizeof(a));
		dsam_account_cpu(&a, DSAM_WHY_BUSY, n);
		a.ns = 7000 * scale;
		dsam_stats_request(&s->stats, (enum dsam_op)op, n, &a);
	}
	s->stats.op[0].small_calls = 10;
	s->stats.op[0].small_bytes = 1000;
	return s;
}

/* No line is too long, none holds anything but text. */
static void expect_columns(void)
{
	const char *end;

	text.used = 0;
	dsam_report_gather(&report, &conf);
	dsam_report_text(&text, &report);
	for (const char *p = buf; *p; p = end + 1) {
		end = strchr(p, '\n');
		ck_assert_ptr_nonnull(end);
		ck_assert_msg(end - p <= COLUMNS, "%d columns: %.*s",
			      (int)(end - p), (int)(end - p), p);
		for (; p < end; p++)
			ck_assert_msg((unsigned char)*p >= 32,
				      "control character in: %s", p);
	}
}

START_TEST(totals_are_the_sum_of_all)
{
	start();
	for (unsigned i = 0; i < 5; i++)
		add_thread(i, i % 2 ? DSAM_SLOT_RETIRED : DSAM_SLOT_LIVE, 1);
	add_thread(7, DSAM_SLOT_FREE, 1000);
	dsam_stats_sum(&dsam_arena->common.rest, &dsam_arena->slot[0].stats);
	atomic_store(&dsam_arena->common.folded, 1);
	dsam_slot_outside(DSAM_OP_MEMSET, DSAM_WHY_NESTED, 12345);
	dsam_report_gather(&report, &conf);
	ck_assert_uint_eq(report.calls, 6 * 9 + 1);
	ck_assert_uint_eq(report.bytes, 6 * 9 * 50000 + 12345);
	ck_assert_uint_eq(report.device_bytes, 6 * 3 * (100000 - 100));
	ck_assert_uint_eq(report.why_bytes[DSAM_WHY_FAULT], 6 * 300);
	ck_assert_uint_eq(report.why_calls[DSAM_WHY_BUSY], 6 * 3);
	ck_assert_uint_eq(report.why_bytes[DSAM_WHY_NESTED], 12345);
	ck_assert_uint_eq(report.total.op[2].descriptors, 6 * 2);
	/* Five rows, and one for the folded. */
	ck_assert_uint_eq(report.rows, 6);
	for (unsigned i = 0; i < 5; i++) {
		ck_assert_int_eq(report.row[i].tid, 1000 + (int)i);
		ck_assert_int_eq(report.row[i].has_ended, i % 2);
	}
	ck_assert_str_eq(report.row[1].name, "thread1");
	ck_assert_int_eq(report.row[5].tid, 0);
	ck_assert_uint_eq(report.unlisted, 1);
	ck_assert_str_eq(report.about.engine, "fake");
}
END_TEST

START_TEST(more_threads_than_rows)
{
	uint64_t calls = 0;

	start();
	for (unsigned i = 0; i < 300; i++)
		add_thread(i, DSAM_SLOT_LIVE, 1);
	dsam_report_gather(&report, &conf);
	ck_assert_uint_eq(report.rows, DSAM_MAX_ROWS);
	ck_assert_uint_eq(report.unlisted, 300 - (DSAM_MAX_ROWS - 1));
	for (unsigned i = 0; i < report.rows; i++)
		for (int r = 0; r < DSAM_ROUTES; r++)
			calls += report.row[i].stats->op[0].calls[r];
	ck_assert_uint_eq(calls, 300 * 3);
	ck_assert_uint_eq(report.calls, 300 * 9);
	expect_columns();
}
END_TEST

START_TEST(idle_threads_have_no_row)
{
	start();
	atomic_store(&dsam_arena->state[3], DSAM_SLOT_LIVE);
	add_thread(4, DSAM_SLOT_LIVE, 1);
	dsam_report_gather(&report, &conf);
	ck_assert_uint_eq(report.rows, 1);
	ck_assert_int_eq(report.row[0].tid, 1004);
}
END_TEST

START_TEST(names_of_threads_are_those_of_their_first_copy)
{
	struct dsam_slot *s;

	start();
	pthread_setname_np(pthread_self(), "my\nname");
	ck_assert(!dsam_slot_enter(&s, __builtin_frame_address(0)));
	dsam_slot_leave(s);
	s->stats.op[0].calls[0] = 1;
	dsam_report_gather(&report, &conf);
	ck_assert_str_eq(report.row[0].name, "my?name");
}
END_TEST

START_TEST(median_is_in_its_bucket)
{
	uint64_t bucket[DSAM_BUCKETS] = {0};

	ck_assert_uint_eq(dsam_report_median(bucket), 0);
	bucket[dsam_stats_bucket(4096)] = 1;
	ck_assert_uint_eq(dsam_report_median(bucket), 4096);
	bucket[dsam_stats_bucket(65536)] = 1;
	ck_assert_uint_eq(dsam_report_median(bucket), 4096);
	bucket[dsam_stats_bucket(65536)] = 2;
	ck_assert_uint_eq(dsam_report_median(bucket), 65536);
	bucket[dsam_stats_bucket(8)] = 100;
	ck_assert_uint_eq(dsam_report_median(bucket), 8);
}
END_TEST

START_TEST(words_for_every_reason)
{
	for (int w = DSAM_WHY_NONE + 1; w < DSAM_WHYS; w++) {
		ck_assert_uint_gt(strlen(dsam_why_words((enum dsam_why)w)), 5);
		ck_assert_uint_gt(strlen(dsam_why_key((enum dsam_why)w)), 2);
		for (int v = 0; v < w; v++) {
			ck_assert_str_ne(dsam_why_key((enum dsam_why)w),
					 dsam_why_key((enum dsam_why)v));
			ck_assert_str_ne(dsam_why_words((enum dsam_why)w),
					 dsam_why_words((enum dsam_why)v));
		}
	}
}
END_TEST

/* ---- text ---- */

START_TEST(text_of_an_ordinary_run)
{
	start();
	add_thread(0, DSAM_SLOT_LIVE, 1);
	add_thread(1, DSAM_SLOT_RETIRED, 30);
	conf.stats = DSAM_STATS_ALL;
	expect_columns();
	ck_assert_ptr_nonnull(strstr(buf, "18 big copies"));
	ck_assert_ptr_nonnull(strstr(buf, "thread1 (ended)"));
	ck_assert_ptr_nonnull(strstr(buf, "every work queue was full"));
	ck_assert_ptr_nonnull(strstr(buf, "all threads"));
}
END_TEST

START_TEST(text_of_one_copy)
{
	start();
	dsam_slot_outside(DSAM_OP_MEMCPY, DSAM_WHY_FORKED, 32768);
	expect_columns();
	ck_assert_ptr_nonnull(strstr(buf, "1 big copy, 32 KiB"));
}
END_TEST

/* Numbers that a busy server reaches in weeks. */
START_TEST(text_of_huge_numbers)
{
	start();
	for (unsigned i = 0; i < 3; i++) {
		struct dsam_slot *s = add_thread(i, DSAM_SLOT_LIVE, 100000);
		uint64_t *c = (uint64_t *)&s->stats;

		for (size_t k = 0; k < sizeof(s->stats) / sizeof(*c); k++)
			c[k] *= 9876543;
	}
	conf.stats = DSAM_STATS_ALL;
	conf.mode = DSAM_MODE_SPLIT;
	expect_columns();
}
END_TEST

START_TEST(text_with_many_queues)
{
	start();
	dsam_queues.count = DSAM_MAX_QUEUES;
	for (int i = 0; i < DSAM_MAX_QUEUES; i++) {
		struct dsam_queue *q = &dsam_queues.q[i];

		snprintf(q->name, sizeof(q->name), "wq%d.%d", 100 + i, i);
		snprintf(q->path, sizeof(q->path), "/dev/dsa/wq%d.%d", 100 + i,
			 i);
		q->ops = &dsam_device_enqcmd;
		q->size = 128;
	}
	add_thread(0, DSAM_SLOT_LIVE, 1);
	expect_columns();
	ck_assert_ptr_nonnull(strstr(buf, "found by"));
}
END_TEST

START_TEST(text_with_long_names)
{
	char program[256];

	start();
	memset(program, 'p', 255);
	program[255] = 0;
	program_invocation_short_name = program;
	memset(conf.file, 'f', sizeof(conf.file) - 1);
	add_thread(0, DSAM_SLOT_RETIRED, 1);
	memset(dsam_arena->slot[0].name, 'n', 15);
	expect_columns();
}
END_TEST

START_TEST(text_with_names_that_are_no_text)
{
	char program[] = "a\nb\033[31m\xff";

	start();
	program_invocation_short_name = program;
	snprintf(conf.file, sizeof(conf.file), "/tmp/x\ny\t\x01");
	add_thread(0, DSAM_SLOT_RETIRED, 1);
	snprintf(dsam_arena->slot[0].name, 16, "t\nu\r\033[0m");
	expect_columns();
}
END_TEST

/*
 * A program that had 100 copies of 2^bin bytes by the CPU, cpu_ns in all, and
 * as many with the device.
 */
static void add_rates(unsigned bin, uint64_t cpu_ns, uint64_t device_ns)
{
	struct dsam_slot *s = &dsam_arena->slot[0];
	struct dsam_op_stats *o = &s->stats.op[0];
	uint64_t bytes = 100ULL << bin;

	atomic_store(&dsam_arena->state[0], DSAM_SLOT_LIVE);
	s->tid = 1;
	o->cpu[bin] = (struct dsam_rate){bytes, cpu_ns, 100};
	o->device[bin] = (struct dsam_rate){bytes, device_ns, 100};
	o->calls[DSAM_ROUTE_CPU] += 100;
	o->calls[DSAM_ROUTE_DEVICE] += 100;
	o->bytes[DSAM_ROUTE_CPU] += bytes;
	o->bytes[DSAM_ROUTE_DEVICE] += bytes;
	o->device_bytes += bytes;
}

static void be_a_dsa(void)
{
	start();
	dsam_queues.q[0].ops = &dsam_device_enqcmd;
	snprintf(dsam_queues.q[0].path, 64, "/dev/dsa/wq0.0");
}

static void expect_said(const char *words)
{
	expect_columns();
	ck_assert_msg(strstr(buf, words) != NULL, "no '%s' in:\n%s", words,
		      buf);
}

START_TEST(a_device_that_was_faster)
{
	be_a_dsa();
	add_rates(20, 40000000, 10000000);
	expect_said("the device moved 50.0 % of the bytes, 4.0 times faster");
	expect_said("  Advice    none: it pays as it is");
}
END_TEST

START_TEST(a_device_that_was_about_as_fast)
{
	be_a_dsa();
	conf.mode = DSAM_MODE_POLL;
	add_rates(20, 10000000, 10500000);
	expect_said(", about as fast as the CPU would have");
	expect_said("  Advice    try mode=split");
}
END_TEST

START_TEST(a_device_that_was_slower_at_all_sizes)
{
	be_a_dsa();
	add_rates(16, 1000, 12000);
	add_rates(20, 4000000, 40000000);
	expect_said(", 10 times slower than the CPU would have");
	expect_said("leave this program out (programs=!");
}
END_TEST

START_TEST(a_device_that_was_slower_below_some_size)
{
	be_a_dsa();
	add_rates(16, 1000000, 40000000);
	add_rates(18, 4000000, 3000000);
	add_rates(20, 4000000, 3000000);
	expect_said("times slower than the CPU would have");
	expect_said("  Advice    copies of 256 KiB and more were not slower: "
		    "try that as min_bytes");
}
END_TEST

/* Where sharing is learned, a slow device has few copies; that is no fault. */
START_TEST(a_slow_device_that_was_found_out)
{
	struct dsam_op_stats *o;

	be_a_dsa();
	add_rates(20, 4000000, 40000000);
	o = &dsam_arena->slot[0].stats.op[0];
	o->why_calls[DSAM_WHY_SLOWER] = 100;
	o->why_bytes[DSAM_WHY_SLOWER] = 100 << 20;
	expect_said("10 times slower than the CPU, so it got few");
	expect_said("  Advice    none: it was learned that the CPU is faster "
		    "at 50.0 % of the bytes");
	ck_assert_ptr_null(strstr(buf, "leave this program out"));
}
END_TEST

/* Slow by system calls: that is what there is to change. */
START_TEST(a_way_to_the_device_that_was_slow)
{
	be_a_dsa();
	dsam_queues.q[0].ops = &dsam_device_write;
	add_rates(20, 4000000, 40000000);
	expect_said("Intel DSA, by one system call a piece");
	expect_said("  Advice    most time went into system calls");
}
END_TEST

START_TEST(advice_names_each_large_reason)
{
	struct dsam_op_stats *o;

	be_a_dsa();
	add_rates(20, 40000000, 10000000);
	o = &dsam_arena->slot[0].stats.op[0];
	o->bytes[DSAM_ROUTE_CPU] += 100 << 20;
	o->why_calls[DSAM_WHY_OVERLAP] = o->why_calls[DSAM_WHY_BUSY] = 1;
	o->why_bytes[DSAM_WHY_OVERLAP] = 60 << 20;
	o->why_bytes[DSAM_WHY_BUSY] = 40 << 20;
	expect_said("20.0 % of the bytes: moves within a buffer");
	expect_said("13.3 % of the bytes: queues were full");
	o->why_calls[DSAM_WHY_MISMATCH] = 1;
	o->why_bytes[DSAM_WHY_MISMATCH] = 1;
	expect_said("do not use this device\n");
	ck_assert_ptr_null(strstr(buf, "queues were full: try"));
}
END_TEST

/* ---- writing ---- */

static char dir[] = "/tmp/dsamove-report-XXXXXX";
static char path[200];

static size_t size_of(const char *name)
{
	int fd = open(name, O_RDONLY);
	ssize_t n = fd < 0 ? 0 : read(fd, buf, sizeof(buf) - 1);

	buf[n] = 0;
	if (fd >= 0)
		close(fd);
	return (size_t)n;
}

START_TEST(written_to_a_file_or_to_nobody)
{
	start();
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(conf.report_file, sizeof(conf.report_file), "%s/%%e.%%p", dir);
	snprintf(path, sizeof(path), "%s/%s.%d", dir,
		 program_invocation_short_name, (int)getpid());
	/* Nothing was copied. */
	errno = 9;
	dsam_report(&conf);
	ck_assert_int_eq(access(path, F_OK), -1);
	add_thread(0, DSAM_SLOT_LIVE, 1);
	errno = 9;
	dsam_report(&conf);
	ck_assert_int_eq(errno, 9);
	ck_assert_uint_gt(size_of(path), 200);
	ck_assert(!strncmp(buf, "dsamove: ", 9));
	/* A link is not followed; stderr is not known, so nothing is said. */
	ck_assert(!unlink(path));
	ck_assert(!symlink("target", path));
	dsam_report(&conf);
	ck_assert(!unlink(path));
	ck_assert(!rmdir(dir));
}
END_TEST

RUN_SUITE("report", totals_are_the_sum_of_all, more_threads_than_rows,
	  idle_threads_have_no_row,
	  names_of_threads_are_those_of_their_first_copy,
	  median_is_in_its_bucket, words_for_every_reason,
	  text_of_an_ordinary_run, text_of_one_copy, text_of_huge_numbers,
	  text_with_many_queues, text_with_long_names,
	  text_with_names_that_are_no_text, a_device_that_was_faster,
	  a_device_that_was_about_as_fast,
	  a_device_that_was_slower_at_all_sizes,
	  a_device_that_was_slower_below_some_size,
	  a_slow_device_that_was_found_out, a_way_to_the_device_that_was_slow,
	  advice_names_each_large_reason, written_to_a_file_or_to_nobody)
