/* SPDX-License-Identifier: MIT */
/* main() of a test program, and how a test says that it can't run here. */
#ifndef SUITE_H
#define SUITE_H

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#if defined(__SANITIZE_THREAD__)
#define HAS_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define HAS_TSAN 1
#endif
#endif
#ifndef HAS_TSAN
#define HAS_TSAN 0
#endif

#ifdef DSAM_HELGRIND
#define HAS_HELGRIND 1
#else
#define HAS_HELGRIND 0
#endif

#if defined(__SANITIZE_ADDRESS__) || HAS_TSAN || HAS_HELGRIND
#define HAS_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAS_SANITIZER 1
#endif
#endif
#ifndef HAS_SANITIZER
#define HAS_SANITIZER 0
#endif

/* tests/run.sh counts lines of this form. */
#define SKIP(name, why)                                 \
	do {                                            \
		printf("skipped: %s: %s\n", name, why); \
		fflush(stdout);                         \
		return;                                 \
	} while (0)

/*
 * Run one suite; a test may take a minute.  before and after (or NULL) run
 * around each test, in its own process.  Returns main()'s status.
 */
static inline int suite_run(const char *name, void (*before)(void),
			    void (*after)(void), const TTest *const *tests,
			    size_t count)
{
	Suite *suite = suite_create(name);
	TCase *tcase = tcase_create(name);
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(tcase, 60);
	tcase_add_checked_fixture(tcase, before, after);
	for (size_t i = 0; i < count; i++)
		tcase_add_test(tcase, tests[i]);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}

#define SUITE_TESTS(...)                     \
	(const TTest *const[]){__VA_ARGS__}, \
		sizeof((const TTest *const[]){__VA_ARGS__}) / sizeof(TTest *)

#define RUN_SUITE_WITH(name, before, after, ...)            \
	int main(void)                                      \
	{                                                   \
		return suite_run(name, before, after,       \
				 SUITE_TESTS(__VA_ARGS__)); \
	}

#define RUN_SUITE(name, ...) RUN_SUITE_WITH(name, NULL, NULL, __VA_ARGS__)

#endif
