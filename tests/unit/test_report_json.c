// SPDX-License-Identifier: MIT
/* The report as JSON, read by Python's parser, and adding up. */
#include "fake_device.h"
#include "random.h"

#include "report.h"

#include <errno.h>
#include <unistd.h>

static struct dsam_conf conf;
static struct dsam_report report;
static char buf[8 << 20];
static struct dsam_text text;

/* A strict parse: no NaN, no key twice; then assertions about r. */
static const char parser[] =
	"import json,sys\n"
	"def once(p):\n"
	" assert len(dict(p)) == len(p), p\n"
	" return dict(p)\n"
	"def no(c): raise ValueError(c)\n"
	"t = sys.stdin.buffer.read().decode('utf-8')\n"
	"assert t.endswith('\\n') and t.count('\\n') == 1\n"
	"r = json.loads(t, object_pairs_hook=once, parse_constant=no)\n"
	"assert r['dsamove_report'] == 1\n"
	"o = r['total']['ops']\n";

static void expect_parsed(const char *json, size_t n, const char *assertions)
{
	char script[3000];
	FILE *p;

	snprintf(script, sizeof(script), "python3 -c \"%s%s\"", parser,
		 assertions);
	p = popen(script, "w");
	ck_assert_ptr_nonnull(p);
	fwrite(json, 1, n, p);
	ck_assert_msg(!pclose(p), "%zu bytes: %.300s", n, json);
}

static void expect_json(const char *assertions)
{
	text = (struct dsam_text){buf, 0, sizeof(buf)};
	dsam_report_gather(&report, &conf);
	dsam_report_json(&text, &report);
	expect_parsed(buf, text.used, assertions);
}

static void start(void)
{
	fake_birth(2);
	dsam_conf_defaults(&conf);
}

static struct dsam_slot *add_thread(unsigned i, enum dsam_slot_state state)
{
	struct dsam_slot *s = &dsam_arena->slot[i];

	atomic_store(&dsam_arena->state[i], state);
	s->tid = 2000 + (int)i;
	snprintf(s->name, sizeof(s->name), "t%u", i);
	return s;
}

START_TEST(nothing_at_all)
{
	start();
	expect_json("assert r['calls'] == 0 and o == {}\n"
		    "assert r['threads'] == []\n"
		    "assert len(r['queues']) == 2\n");
	dsam_queues.count = 0;
	expect_json("assert r['queues'] == [] and r['device'] == 'none'\n");
}
END_TEST

START_TEST(two_requests)
{
	struct dsam_account a = {.device_bytes = 60000,
				 .ns = 4000,
				 .wait_ns = 3000,
				 .descriptors = 2,
				 .faults = 1,
				 .resumes = 1,
				 .retries = 5,
				 .touched = 7};
	struct dsam_slot *s;

	start();
	s = add_thread(0, DSAM_SLOT_RETIRED);
	dsam_account_cpu(&a, DSAM_WHY_SPLIT, 5536);
	dsam_stats_request(&s->stats, DSAM_OP_MEMCPY, 65536, &a);
	dsam_slot_outside(DSAM_OP_MEMSET, DSAM_WHY_NESTED, 40000);
	expect_json(
		"assert r['calls'] == 2 and r['bytes'] == 105536\n"
		"assert r['device_bytes'] == 60000\n"
		"m = o['memcpy']\n"
		"assert m['routes']['shared'] == {'calls':1,'bytes':65536}\n"
		"assert m['routes']['cpu']['calls'] == 0\n"
		"assert m['cpu_reasons'] == "
		"{'split':{'calls':1,'bytes':5536}}\n"
		"assert m['sizes'] == [[65536,1]]\n"
		"assert m['latencies_ns'] == [[3584,1]]\n"
		"assert [m[k] for k in ('descriptors','faults','resumes',"
		"'retries','touched_pages','wait_ns')] == [2,1,1,5,7,3000]\n"
		"assert r['cpu_reasons']['nested']['bytes'] == 40000\n"
		"t = r['threads'][0]\n"
		"assert t['tid'] == 2000 and t['name'] == 't0'\n"
		"assert t['ended'] is True\n"
		"assert t['ops'] == o\n");
}
END_TEST

START_TEST(names_that_are_no_text)
{
	char program[] = "a\"b\\c\n\xff\xc3\xa9";

	start();
	program_invocation_short_name = program;
	snprintf(conf.file, sizeof(conf.file), "/tmp/\x01\"");
	add_thread(0, DSAM_SLOT_RETIRED)->stats.op[0].calls[0] = 1;
	snprintf(dsam_arena->slot[0].name, 16, "\t\\\"\xe2\x82");
	expect_json("assert r['program'][0] == 'a' and len(r['program']) == 8\n"
		    "assert len(r['threads'][0]['name']) == 5\n");
}
END_TEST

START_TEST(every_counter_at_its_largest)
{
	start();
	for (unsigned i = 0; i < 100; i++) {
		struct dsam_slot *s = add_thread(i, DSAM_SLOT_LIVE);

		memset(&s->stats, 0xff, sizeof(s->stats));
	}
	expect_json("assert len(r['threads']) == 64\n"
		    "assert r['threads'][63]['folded_threads'] == 37\n");
}
END_TEST

START_TEST(random_counters)
{
	struct random rng = {11};

	start();
	for (unsigned i = 0; i < 40; i++)
		random_fill(&rng, &add_thread(i, DSAM_SLOT_RETIRED)->stats,
			    sizeof(struct dsam_thread_stats));
	expect_json("assert len(r['threads']) == 40\n"
		    "assert set(o) == "
		    "{'memcpy','memmove','memset','memcmp'}\n");
}
END_TEST

/* The largest report there can be is written to its end. */
START_TEST(written_whole)
{
	char name[] = "/tmp/dsamove-report-XXXXXX";
	ssize_t n;
	int fd;

	start();
	for (unsigned i = 0; i < 100; i++)
		memset(&add_thread(i, DSAM_SLOT_LIVE)->stats, 0x0f,
		       sizeof(struct dsam_thread_stats));
	fd = mkstemp(name);
	ck_assert_int_ge(fd, 0);
	snprintf(conf.report_file, sizeof(conf.report_file), "%s", name);
	conf.report_format = DSAM_FORMAT_JSON;
	dsam_report(&conf);
	n = read(fd, buf, sizeof(buf));
	close(fd);
	unlink(name);
	ck_assert_int_gt(n, 0);
	expect_parsed(buf, (size_t)n, "assert len(r['threads']) == 64\n");
}
END_TEST

int main(void)
{
	if (system("python3 -c 'import json'")) {
		printf("skipped: report_json: no python3\n");
		return 0;
	}
	return suite_run("report_json", NULL, NULL,
			 SUITE_TESTS(nothing_at_all, two_requests,
				     names_that_are_no_text,
				     every_counter_at_its_largest,
				     random_counters, written_whole));
}
