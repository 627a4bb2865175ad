// SPDX-License-Identifier: MIT
/*
 * lazy HOW: a host whose pages come when they are asked for, by a handler
 * (mprotect) or a thread (userfaultfd), sees each page asked for once; and
 * pages that do not come end a copy, or the program, as ever.
 */
#define _GNU_SOURCE
#include "guest.h"

#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PAGE 4096UL
#define PAGES 64UL
#define ROOM (PAGES * PAGE)
#define LEFT 20UL /* pages of a file that was truncated */
#define ROUNDS 20

static unsigned char mine[ROOM];
static unsigned char *lazy;
static volatile unsigned asked[PAGES];
static volatile int is_source, fault, code;
static volatile uintptr_t where;
static volatile sig_atomic_t stop;
static sigjmp_buf back;

static unsigned char *map(int prot)
{
	void *p = mmap(NULL, ROOM, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(p != MAP_FAILED);
	return p;
}

/* Each page once, and the bytes are right. */
static void check_round(void)
{
	for (size_t i = 0; i < PAGES; i++)
		CHECK(asked[i] == 1);
	CHECK(is_pattern(lazy, ROOM, 0, 5) && is_pattern(mine, ROOM, 0, 5));
}

static void one_round(void)
{
	for (size_t i = 0; i < PAGES; i++)
		asked[i] = 0;
	if (is_source) {
		memcpy(mine, lazy, unknown(ROOM));
	} else {
		pattern(mine, ROOM, 5);
		memcpy(lazy, mine, unknown(ROOM));
	}
}

static void bring(int sig, siginfo_t *info, void *context)
{
	uintptr_t at = (uintptr_t)info->si_addr - (uintptr_t)lazy;
	unsigned char *page = lazy + (at & -PAGE);

	(void)context;
	CHECK(sig == SIGSEGV && info->si_code == SEGV_ACCERR && at < ROOM);
	asked[at / PAGE]++;
	CHECK(!mprotect(page, PAGE, PROT_READ | PROT_WRITE));
	if (is_source)
		for (size_t i = 0; i < PAGE; i++)
			page[i] = pattern_at(at / PAGE * PAGE + i, 5);
}

static void by_mprotect(void)
{
	struct sigaction act = {.sa_sigaction = bring, .sa_flags = SA_SIGINFO};

	CHECK(!sigaction(SIGSEGV, &act, NULL));
	for (int i = 0; i < ROUNDS; i++) {
		lazy = map(PROT_NONE);
		is_source = i & 1;
		one_round();
		check_round();
		CHECK(!munmap(lazy, ROOM));
	}
	puts("mprotect: each page once");
}

static int uffd;

static void *pager(void *unused)
{
	static _Alignas(4096) unsigned char page[PAGE];
	struct uffd_msg msg;

	while (read(uffd, &msg, sizeof(msg)) == sizeof(msg)) {
		size_t at =
			(msg.arg.pagefault.address & -PAGE) - (uintptr_t)lazy;
		struct uffdio_copy copy = {
			.dst = (uintptr_t)lazy + at,
			.src = (uintptr_t)page,
			.len = PAGE,
		};

		CHECK(msg.event == UFFD_EVENT_PAGEFAULT && at < ROOM);
		asked[at / PAGE]++;
		pattern(page, PAGE, 0);
		for (size_t i = 0; i < PAGE; i++)
			page[i] = pattern_at(at + i, 5);
		CHECK(!ioctl(uffd, UFFDIO_COPY, &copy));
	}
	return unused;
}

static void by_userfaultfd(void)
{
	struct uffdio_api api = {.api = UFFD_API};
	pthread_t t;

	uffd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | UFFD_USER_MODE_ONLY);
	if (uffd < 0 || ioctl(uffd, UFFDIO_API, &api)) {
		puts("userfaultfd is not possible here");
		exit(77);
	}
	for (int i = 0; i < ROUNDS; i++) {
		struct uffdio_register r = {
			.mode = UFFDIO_REGISTER_MODE_MISSING};

		lazy = map(PROT_READ | PROT_WRITE);
		r.range.start = (uintptr_t)lazy;
		r.range.len = ROOM;
		CHECK(!ioctl(uffd, UFFDIO_REGISTER, &r));
		if (!i)
			CHECK(!pthread_create(&t, NULL, pager, NULL));
		is_source = i & 1;
		one_round();
		check_round();
		CHECK(!munmap(lazy, ROOM));
	}
	puts("userfaultfd: each page once");
}

static int a_file(void)
{
	int fd = memfd_create("lazy", MFD_CLOEXEC);

	CHECK(fd >= 0 && !ftruncate(fd, ROOM));
	lazy = mmap(NULL, ROOM, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(lazy != MAP_FAILED);
	pattern(lazy, ROOM, 5);
	return fd;
}

static void leave(int sig, siginfo_t *info, void *context)
{
	(void)context;
	fault = sig;
	code = info->si_code;
	where = (uintptr_t)info->si_addr;
	siglongjmp(back, 1);
}

static void catch_both(void)
{
	struct sigaction act = {.sa_sigaction = leave, .sa_flags = SA_SIGINFO};

	CHECK(!sigaction(SIGBUS, &act, NULL));
	CHECK(!sigaction(SIGSEGV, &act, NULL));
}

/* The end of the file is cut off under a source, then under a destination. */
static void truncated(void)
{
	int fd = a_file();

	catch_both();
	CHECK(!ftruncate(fd, LEFT * PAGE));
	for (volatile int i = 0; i < ROUNDS; i++) {
		fault = 0;
		if (!sigsetjmp(back, 1)) {
			if (i & 1)
				memcpy(mine, lazy, unknown(ROOM));
			else
				memcpy(lazy, mine, unknown(ROOM));
			CHECK(!"a copy beyond the file came back");
		}
		CHECK(fault == SIGBUS && code == BUS_ADRERR);
		CHECK(where >= (uintptr_t)lazy + LEFT * PAGE &&
		      where < (uintptr_t)lazy + ROOM);
		memset(mine, i, unknown(LEFT * PAGE));
		memcpy(lazy, mine, unknown(LEFT * PAGE));
		CHECK(is_all(lazy, LEFT * PAGE, i));
	}
	puts("a truncated file: SIGBUS beyond its end");
}

static void *truncate_often(void *arg)
{
	int fd = (int)(size_t)arg;

	for (unsigned n = 0; !stop; n++) {
		CHECK(!ftruncate(fd, (off_t)(n * 7 % PAGES * PAGE)));
		CHECK(!ftruncate(fd, ROOM));
	}
	return NULL;
}

/* Nobody knows which copy ends how; but what is before the file is whole. */
static void truncated_meanwhile(void)
{
	int fd = a_file();
	pthread_t t;

	catch_both();
	CHECK(!pthread_create(&t, NULL, truncate_often, (void *)(size_t)fd));
	for (volatile int i = 0; i < 2000; i++) {
		if (!sigsetjmp(back, 1)) {
			if (i & 1)
				memcpy(mine, lazy, unknown(ROOM));
			else
				memset(lazy, 5, unknown(ROOM));
		}
		CHECK(fault == 0 || fault == SIGBUS);
	}
	stop = 1;
	CHECK(!pthread_join(t, NULL));
	pattern(mine, ROOM, 5);
	memcpy(lazy, mine, unknown(ROOM));
	CHECK(is_pattern(lazy, ROOM, 0, 5));
	puts("a file truncated meanwhile: SIGBUS or a copy");
}

/* No handler: the program ends as it would. */
static void crash(const char *what)
{
	struct rlimit none = {0, 0};
	unsigned char *volatile null = NULL;
	unsigned char *p = map(PROT_READ | PROT_WRITE);

	setrlimit(RLIMIT_CORE, &none);
	memcpy(p, mine, unknown(ROOM));
	printf("to crash: %s\n", what);
	fflush(stdout);
	if (!strcmp(what, "null")) {
		memcpy(null, mine, unknown(ROOM));
	} else if (!strcmp(what, "from_null")) {
		memcpy(mine, null, unknown(ROOM));
	} else if (!strcmp(what, "wild")) {
		memset((void *)0x7ff000000123, 1, unknown(ROOM));
	} else if (!strcmp(what, "not_canonical")) {
		memcpy(mine, (void *)(size_t)0x8000000000001234, unknown(ROOM));
	} else if (!strcmp(what, "kernel")) {
		memset((void *)0xffffffff81000000, 1, unknown(ROOM));
	} else if (!strcmp(what, "read_only")) {
		CHECK(!mprotect(p, ROOM, PROT_READ));
		memcpy(p, mine, unknown(ROOM));
	} else if (!strcmp(what, "none")) {
		CHECK(!mprotect(p + ROOM / 2, PAGE, PROT_NONE));
		memcpy(mine, p, unknown(ROOM));
	} else if (!strcmp(what, "bus")) {
		CHECK(!ftruncate(a_file(), LEFT * PAGE));
		memcpy(mine, lazy, unknown(ROOM));
	}
	puts("it did not");
}

int main(int argc, char **argv)
{
	const char *how = argc > 1 ? argv[1] : "";

	if (!strcmp(how, "mprotect"))
		by_mprotect();
	else if (!strcmp(how, "userfaultfd"))
		by_userfaultfd();
	else if (!strcmp(how, "truncated"))
		truncated();
	else if (!strcmp(how, "meanwhile"))
		truncated_meanwhile();
	else
		crash(how);
	return 51;
}
