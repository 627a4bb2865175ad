// SPDX-License-Identifier: MIT
/*
 * Room: COLD (birth, rebirth).  Makes the software DSA and reads its script.
 * May: clone, at birth, for engines.  Must not: print.
 */
#include "clock.h"
#include "device_software.h"
#include "software_memory.h"
#include "syscall.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define ENGINE_STACK (64 * 1024UL)
#define MAX_TRANSFER (2U * 1024 * 1024) /* the driver's default for a queue */
#define MAX_REPEAT 1000000000ULL

#define OP(code) (1ULL << (code))

static const struct {
	const char *name;
	char sep; /* before the argument; 0: takes none */
	enum dsam_step_kind kind;
	uint64_t most;
} verbs[] = {
	{"ok", 0, DSAM_STEP_OK, 0},
	{"busy", 0, DSAM_STEP_BUSY, 0},
	{"fault", '@', DSAM_STEP_FAULT, UINT32_MAX},
	{"wfault", '@', DSAM_STEP_WFAULT, UINT32_MAX},
	{"error", '=', DSAM_STEP_ERROR, 255},
	{"after", '=', DSAM_STEP_AFTER, MAX_REPEAT},
	{"never", 0, DSAM_STEP_NEVER, 0},
	{"wrong", '@', DSAM_STEP_WRONG, UINT32_MAX},
};

static bool read_number(char **at, uint64_t most, uint64_t *out)
{
	char *end;

	if (**at < '0' || **at > '9')
		return false;
	errno = 0;
	*out = strtoull(*at, &end, 0);
	*at = end;
	return !errno && *out <= most;
}

static bool read_step(char *word, struct dsam_step *s, uint64_t *repeat)
{
	size_t n = strcspn(word, "@=*");
	char *at = word + n;

	*repeat = 1;
	for (size_t i = 0; i < sizeof(verbs) / sizeof(*verbs); i++) {
		if (strlen(verbs[i].name) != n ||
		    strncmp(word, verbs[i].name, n))
			continue;
		s->kind = verbs[i].kind;
		s->arg = 0;
		if (verbs[i].sep && (*at++ != verbs[i].sep ||
				     !read_number(&at, verbs[i].most, &s->arg)))
			return false;
		if (*at == '*') {
			at++;
			if (!read_number(&at, MAX_REPEAT, repeat) || !*repeat)
				return false;
		}
		/* Status 0 is what a record holds before the answer. */
		return !*at && (s->kind != DSAM_STEP_ERROR || s->arg);
	}
	return false;
}

int dsam_software_script(const char *text, char *why, size_t room)
{
	struct dsam_software *sw = &dsam_software;
	uint64_t until = 0, repeat;
	char word[64];

	sw->steps = 0;
	sw->step[0].kind = DSAM_STEP_OK;
	while (text += strspn(text, " \t,"), *text) {
		size_t n = strcspn(text, " \t,");

		snprintf(word, sizeof(word), "%.*s", (int)n, text);
		if (sw->steps == DSAM_SOFTWARE_STEPS) {
			snprintf(why, room,
				 "has too many steps, expected at most %u",
				 DSAM_SOFTWARE_STEPS);
			return -EINVAL;
		}
		if (n >= sizeof(word) ||
		    !read_step(word, &sw->step[sw->steps], &repeat)) {
			snprintf(why, room,
				 "'%.60s' is not a step, expected ok, busy, "
				 "fault@BYTES, wfault@BYTES, error=STATUS, "
				 "after=TURNS, never or wrong@BYTE, each "
				 "perhaps with *TIMES",
				 word);
			return -EINVAL;
		}
		until += repeat;
		sw->step[sw->steps++].until = until;
		text += n;
	}
	return 0;
}

static int engine_main(void *arg)
{
	dsam_software_engine(arg);
	return 0;
}

/*
 * An engine is no pthread: glibc ends a process whose main thread has left by
 * pthread_exit when the last pthread ends, and would wait for ours for ever.
 * It shares its creator's thread pointer, and so uses no thread-local data,
 * no errno and no libc: HOT code only.
 */
static int spawn_raw(void)
{
	const int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND |
			  CLONE_THREAD | CLONE_SYSVSEM;
	const uint64_t all = ~0ULL; /* 32 and 33 too, which glibc leaves out */
	uint64_t kept = 0;
	char *stack;
	int rc = 0;

	stack = mmap(NULL, ENGINE_STACK, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK,
		     -1, 0);
	if (stack == MAP_FAILED)
		return -errno;
	mprotect(stack, DSAM_PAGE, PROT_NONE);
	/* Born with every signal blocked: no handler ever runs on it. */
	dsam_syscall6(SYS_rt_sigprocmask, SIG_SETMASK, (long)&all, (long)&kept,
		      sizeof(all), 0, 0);
	if (clone(engine_main, stack + ENGINE_STACK, flags, NULL) < 0)
		rc = -errno;
	dsam_syscall6(SYS_rt_sigprocmask, SIG_SETMASK, (long)&kept, 0,
		      sizeof(kept), 0, 0);
	if (rc)
		munmap(stack, ENGINE_STACK);
	return rc;
}

int (*dsam_software_spawn)(void) = spawn_raw;

static void reset(void)
{
	struct dsam_software *sw = &dsam_software;

	atomic_store(&sw->head, 0);
	atomic_store(&sw->tail, 0);
	atomic_store(&sw->stop, 0);
	atomic_store(&sw->running, 0);
	atomic_store(&sw->sleepers, 0);
	for (unsigned i = 0; i < DSAM_SOFTWARE_SIZE; i++)
		atomic_store(&sw->cell[i], 0);
}

int dsam_software_birth(struct dsam_queue *q, unsigned engines, uint64_t mbps,
			uint64_t latency_ns)
{
	struct dsam_software *sw = &dsam_software;
	int rc;

	sw->limits = (struct dsam_exec_limits){
		.gen_cap = DSAM_GENCAP_OVERLAP | DSAM_GENCAP_CACHE_CONTROL,
		.op_cap = {OP(DSA_OPCODE_NOOP) | OP(DSA_OPCODE_BATCH) |
			   OP(DSA_OPCODE_MEMMOVE) | OP(DSA_OPCODE_MEMFILL) |
			   OP(DSA_OPCODE_COMPARE)},
		.max_transfer = MAX_TRANSFER,
		.max_batch = DSAM_MEMBERS,
	};
	sw->mbps = mbps;
	sw->latency_ticks = latency_ns * dsam_clock.ticks_per_us / 1000;
	reset();
	memset(q, 0, sizeof(*q));
	snprintf(q->name, sizeof(q->name), "software");
	q->fd = -1;
	q->numa_node = -1;
	q->max_transfer = MAX_TRANSFER;
	q->max_batch = DSAM_MEMBERS;
	q->has_cache_control = q->has_compare = true;
	q->size = q->threshold = DSAM_SOFTWARE_SIZE;
	q->ops = &dsam_device_inline;
	if (!engines)
		return 0;
	rc = dsam_software_remote_probe();
	while (!rc && engines--)
		rc = dsam_software_spawn();
	if (!rc)
		q->ops = &dsam_device_engines;
	return rc;
}

void dsam_software_reborn(struct dsam_queue *q)
{
	reset();
	dsam_software_forget();
	dsam_queue_forget(q);
	q->ops = &dsam_device_inline;
	atomic_store(&q->state, DSAM_QUEUE_OPEN);
}
