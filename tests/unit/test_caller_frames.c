// SPDX-License-Identifier: MIT
/*
 * The frames that caller rules see, against libunwind's: in functions of every
 * kind, in handlers, threads and coroutines, and where unwinding has to stop.
 */
#include "suite.h"

#include "caller_birth.h"
#include "caller_frame.h"
#include "slot.h"

#include <alloca.h>
#include <dlfcn.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

#define NOINLINE __attribute__((noinline))
#define LATE_LOCK "libunwind locks at a thread's end, after tsan"
#define NO_TAIL __asm__ volatile("" ::: "memory")

static struct dsam_caller_cache cache;
static int (*unw_backtrace)(void **buffer, int size);
static const void *ours[DSAM_CALLER_DEPTH];
static void *theirs[64];
/* volatile: raise() is said to call nothing of ours. */
static volatile unsigned n, looks, shortest;
static int count;

typedef void function(void);

static void start(void)
{
	static struct dsam_conf conf;
	void *l = dlopen("libunwind.so.8", RTLD_NOW | RTLD_LOCAL);

	ck_assert_ptr_nonnull(l);
	*(void **)&unw_backtrace = dlsym(l, "unw_backtrace");
	dsam_conf_defaults(&conf);
	strcpy(conf.callers_deny, "libnone");
	conf.caller_depth = DSAM_CALLER_DEPTH;
	ck_assert_int_eq(dsam_caller_birth(&conf), 0);
	shortest = UINT_MAX;
}

/* As a mem function: the first frame is its caller's. */
NOINLINE static void see(void)
{
	struct dsam_request rq = {.caller = __builtin_return_address(0),
				  .stack = __builtin_dwarf_cfa()};

	n = dsam_caller_frames(&cache, &rq, ours);
	count = unw_backtrace(theirs, 64);
	looks++;
	if (n < shortest)
		shortest = n;
	for (unsigned i = 0; i < n && (int)i + 1 < count; i++)
		ck_assert_msg(theirs[i + 1] == ours[i], "frame %u of %u", i, n);
}

/* As far as libunwind, twice: from the tables, and from the cache. */
NOINLINE static void see_all(void)
{
	for (int i = 0; i < 2; i++) {
		see();
		ck_assert_int_eq((int)n, count - 1 < (int)DSAM_CALLER_DEPTH
						 ? count - 1
						 : (int)DSAM_CALLER_DEPTH);
	}
}

/* ---- functions of every kind ---- */

NOINLINE static void plain(function *f)
{
	f();
	NO_TAIL;
}

NOINLINE static void with_alloca(function *f, size_t bytes)
{
	char *p = alloca(bytes);

	__asm__ volatile("" ::"r"(p) : "memory");
	f();
	__asm__ volatile("" ::"r"(p) : "memory");
}

/* gcc finds the frame by an expression: DW_OP_breg6, DW_OP_deref. */
NOINLINE static void realigned(function *f, size_t bytes)
{
	_Alignas(256) char aligned[256];
	char *p = alloca(bytes);

	__asm__ volatile("" ::"r"(p), "r"(aligned) : "memory");
	f();
	__asm__ volatile("" ::"r"(p), "r"(aligned) : "memory");
}

#ifdef __clang__
#define BY_RSP
#else
#define BY_RSP __attribute__((optimize("omit-frame-pointer")))
#endif

/* rbp is a register as any other, and has to be found again. */
BY_RSP NOINLINE static void without_frame_pointer(function *f)
{
	char room[100];

	__asm__ volatile("" ::"r"(room) : "memory", "rbx", "r12", "r13");
	f();
	__asm__ volatile("" ::"r"(room) : "memory");
}

BY_RSP NOINLINE static void large(function *f)
{
	char room[300000];

	__asm__ volatile("" ::"r"(room) : "memory");
	f();
	__asm__ volatile("" ::"r"(room) : "memory");
}

static function *chain[8];
static unsigned at;

NOINLINE static void next(void)
{
	function *f = chain[at++];

	if (f)
		f();
	at--;
	NO_TAIL;
}

NOINLINE static void next_alloca(void)
{
	with_alloca(next, 100 + 1000 * at);
	NO_TAIL;
}

NOINLINE static void next_realigned(void)
{
	realigned(next, 10 + 1000 * at);
	NO_TAIL;
}

NOINLINE static void next_by_rsp(void)
{
	without_frame_pointer(next);
	NO_TAIL;
}

NOINLINE static void next_large(void)
{
	large(next);
	NO_TAIL;
}

static int compare_by_next(const void *a, const void *b)
{
	(void)a;
	(void)b;
	next();
	NO_TAIL;
	return 0;
}

/* libc's functions have no frame pointers. */
NOINLINE static void next_qsort(void)
{
	int v[2] = {2, 1};

	qsort(v, 2, sizeof(int), compare_by_next);
	NO_TAIL;
}

NOINLINE static void next_bsearch(void)
{
	int v = 1;

	bsearch(&v, &v, 1, sizeof(int), compare_by_next);
	NO_TAIL;
}

static void *begin_chain(void *user)
{
	(void)user;
	at = 0;
	next();
	NO_TAIL;
	return NULL;
}

START_TEST(functions_of_every_kind)
{
	function *kind[] = {next,        next_alloca, next_realigned,
			    next_by_rsp, next_large,  next_qsort,
			    next_bsearch};
	unsigned kinds = sizeof(kind) / sizeof(*kind);
	pthread_t t;

	if (HAS_TSAN)
		SKIP("functions of every kind", LATE_LOCK);
	start();
	/* In a thread of its own: such stacks end within our depth. */
	for (unsigned i = 0; i < kinds * kinds; i++) {
		chain[0] = kind[i % kinds];
		chain[1] = kind[i / kinds];
		chain[2] = see_all;
		chain[3] = NULL;
		ck_assert(!pthread_create(&t, NULL, begin_chain, NULL));
		pthread_join(t, NULL);
	}
	ck_assert_uint_ge(looks, 2 * kinds * kinds);
	/* Not by stopping at once. */
	ck_assert_uint_ge(shortest, 5);
	plain(see_all);
}
END_TEST

/* ---- stacks of every kind ---- */

static void *on_thread(void *user)
{
	(void)user;
	see_all();
	NO_TAIL;
	return NULL;
}

START_TEST(threads)
{
	size_t bytes = (size_t)PTHREAD_STACK_MIN + 65536;
	void *own = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	pthread_attr_t attr;
	pthread_t t;

	if (HAS_TSAN)
		SKIP("threads", LATE_LOCK);
	start();
	ck_assert(!pthread_attr_init(&attr));
	ck_assert(!pthread_attr_setstacksize(&attr, bytes));
	ck_assert(!pthread_create(&t, &attr, on_thread, NULL));
	pthread_join(t, NULL);
	ck_assert(!pthread_attr_setstack(&attr, own, bytes));
	ck_assert(!pthread_create(&t, &attr, on_thread, NULL));
	pthread_join(t, NULL);
	/* on_thread, start_thread, clone3: and no further. */
	ck_assert_uint_ge(shortest, 3);
	ck_assert_uint_le(shortest, 4);
}
END_TEST

static void handler(int sig)
{
	(void)sig;
	see();
	NO_TAIL;
}

/* Who was interrupted has not called. */
static void expect_end_at_handler(void)
{
	unsigned before = looks;

	raise(SIGUSR1);
	ck_assert_uint_eq(looks, before + 1);
	ck_assert_uint_eq(n, 2); /* handler, libc's __restore_rt */
}

START_TEST(signal_handlers)
{
	struct sigaction act = {.sa_handler = handler};
	stack_t other = {.ss_size = 65536};

	if (HAS_TSAN)
		SKIP("signal handlers", "tsan calls them");
	start();
	ck_assert(!sigaction(SIGUSR1, &act, NULL));
	expect_end_at_handler();
	other.ss_sp = malloc(other.ss_size);
	ck_assert(!sigaltstack(&other, NULL));
	act.sa_flags = SA_ONSTACK;
	ck_assert(!sigaction(SIGUSR1, &act, NULL));
	expect_end_at_handler();
}
END_TEST

static ucontext_t here, there;

static void on_coroutine(void)
{
	see();
	plain(see);
}

/* Nothing is mapped behind its stack. */
START_TEST(coroutines)
{
	size_t bytes = 65536;
	char *p = mmap(NULL, bytes + DSAM_PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	start();
	ck_assert(!mprotect(p + bytes, DSAM_PAGE, PROT_NONE));
	ck_assert(!getcontext(&there));
	there.uc_stack.ss_sp = p;
	there.uc_stack.ss_size = bytes;
	there.uc_link = &here;
	makecontext(&there, on_coroutine, 0);
	ck_assert(!swapcontext(&here, &there));
	ck_assert_uint_eq(looks, 2);
	ck_assert_uint_ge(n, 2);
}
END_TEST

/* ---- tables that lie, or are missing ---- */

/* Calls f with rbp as told, and says that its frame is where rbp is. */
void frames_test_lie(function *f, uintptr_t rbp);
/* The same without a word of where its frame is. */
void frames_test_mute(function *f, uintptr_t rbp);
__asm__(".text\n"
	".type frames_test_lie, @function\n"
	"frames_test_lie:\n"
	".cfi_startproc\n"
	".cfi_def_cfa rbp, 16\n"
	".cfi_offset rbp, -16\n"
	"push %rbp\n"
	"mov %rsi, %rbp\n"
	"call *%rdi\n"
	"pop %rbp\n"
	"ret\n"
	".cfi_endproc\n"
	".size frames_test_lie, . - frames_test_lie\n"
	".type frames_test_mute, @function\n"
	"frames_test_mute:\n"
	"push %rbp\n"
	"mov %rsi, %rbp\n"
	"call *%rdi\n"
	"pop %rbp\n"
	"ret\n"
	".size frames_test_mute, . - frames_test_mute\n");

NOINLINE static void see_ours(void)
{
	struct dsam_request rq = {.caller = __builtin_return_address(0),
				  .stack = __builtin_dwarf_cfa()};

	n = dsam_caller_frames(&cache, &rq, ours);
	looks++;
}

static void *lie(void *user)
{
	uintptr_t thread, self = (uintptr_t)&user;

	(void)user;
	__asm__("mov %%fs:0, %0" : "=r"(thread));
	for (uintptr_t off = 0; off < 128; off += 8) {
		uintptr_t rbp[] = {off,
				   thread + off,
				   thread - 16 + off,
				   thread + 65536 + off,
				   dsam_callers.stacks.main_end - 16 + off,
				   UINTPTR_MAX - off,
				   1UL << 47 | off,
				   self - 100000 + off,
				   self + off + 1};

		for (unsigned i = 0; i < sizeof(rbp) / sizeof(*rbp); i++) {
			/* What is read is the stack, at least. */
			frames_test_lie(see_ours, rbp[i]);
			frames_test_mute(see_ours, rbp[i]);
			ck_assert_uint_eq(n, 1);
		}
	}
	return NULL;
}

START_TEST(lies)
{
	pthread_t t;

	start();
	lie(NULL);
	ck_assert(!pthread_create(&t, NULL, lie, NULL));
	pthread_join(t, NULL);
	ck_assert_uint_ge(looks, 100);
}
END_TEST

RUN_SUITE("caller_frames", functions_of_every_kind, threads, signal_handlers,
	  coroutines, lies)
