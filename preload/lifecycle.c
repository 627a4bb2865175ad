// SPDX-License-Identifier: MIT
/*
 * Room: COLD.  The order of birth, rebirth after fork, and death.
 * May: everything at birth, on the loader's thread; raw system calls at
 * rebirth.  Must not: fail the program.  Each step that fails leaves the
 * gates shut, which is a program that never knew of us.
 */
#include "caller_birth.h"
#include "clock.h"
#include "conf.h"
#include "device_software.h"
#include "discover.h"
#include "jump.h"
#include "libc_mem.h"
#include "live.h"
#include "log.h"
#include "offload.h"
#include "open_device.h"
#include "policy.h"
#include "queue_open.h"
#include "report.h"
#include "sandbox.h"
#include "slot.h"
#include "submit.h"
#include "tiny.h"
#include "wait.h"

#include <cpuid.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

static struct dsam_conf conf;
static bool is_alive;

/* Until all three are set a call may still go the way it would have gone. */
static void set_gate(int op, size_t least)
{
	atomic_store_explicit(&dsam_gate[op], least, memory_order_release);
	atomic_store_explicit(&dsam_window[op],
			      least > DSAM_TINY + 1 ? least - DSAM_TINY - 1 : 0,
			      memory_order_release);
	atomic_store_explicit(&dsam_tiny_end[op],
			      least < DSAM_TINY + 1 ? least : DSAM_TINY + 1,
			      memory_order_release);
}

static void shut_gates(void)
{
	for (int op = 0; op < DSAM_OPS; op++)
		set_gate(op, SIZE_MAX);
}

static size_t cutoff(enum dsam_op op, size_t own)
{
	if (!(conf.ops & 1U << op))
		return SIZE_MAX;
	own = own ? own : conf.min_bytes;
	return own == DSAM_CONF_AUTO_SIZE ? DSAM_CONF_AUTO_LEAST : own;
}

static bool has_rdtscp(void)
{
	unsigned a, b, c, d;

	return __get_cpuid(0x80000001, &a, &b, &c, &d) && (d >> 27 & 1);
}

/* Every queue's device has COMPARE, or memcmp stays with the CPU. */
static bool can_compare(void)
{
	for (unsigned i = 0; i < dsam_queues.count; i++)
		if (!dsam_queues.q[i].has_compare)
			return false;
	return dsam_queues.count;
}

static void set_limits(void)
{
	long l2 = sysconf(_SC_LEVEL2_CACHE_SIZE);

	dsam_limits.min_bytes[DSAM_OP_MEMCPY] =
		cutoff(DSAM_OP_MEMCPY, conf.memcpy_min_bytes);
	dsam_limits.min_bytes[DSAM_OP_MEMMOVE] =
		cutoff(DSAM_OP_MEMMOVE, conf.memmove_min_bytes);
	dsam_limits.min_bytes[DSAM_OP_MEMSET] =
		cutoff(DSAM_OP_MEMSET, conf.memset_min_bytes);
	dsam_queues_settle();
	dsam_limits.min_bytes[DSAM_OP_MEMCMP] =
		can_compare() ? cutoff(DSAM_OP_MEMCMP, 0) : SIZE_MAX;
	dsam_limits.has_device = dsam_queues.count > 0;
	dsam_limits.chunk = dsam_queues.max_piece;
	dsam_limits.is_split = conf.mode == DSAM_MODE_SPLIT;
	dsam_limits.is_learned = conf.split_cpu_percent == DSAM_CONF_AUTO;
	if (!dsam_limits.is_learned)
		dsam_limits.cpu_percent = (uint8_t)conf.split_cpu_percent;
	dsam_limits.to_cache_allowed = true;
	for (unsigned i = 0; i < dsam_queues.count; i++)
		if (!dsam_queues.q[i].has_cache_control)
			dsam_limits.to_cache_allowed = false;
	if (conf.cache_control == DSAM_CACHE_CACHE)
		dsam_limits.cache_bytes = SIZE_MAX;
	else if (conf.cache_control == DSAM_CACHE_AUTO)
		dsam_limits.cache_bytes = l2 > 0 ? (size_t)l2 : 1U << 20;
}

static void set_tuning(void)
{
	struct dsam_tuning *t = &dsam_tuning;

	t->by_numa_cpu = conf.numa == DSAM_NUMA_CPU && dsam_queues.has_nodes &&
			 has_rdtscp();
	t->by_numa_buffer =
		conf.numa == DSAM_NUMA_BUFFER && dsam_queues.has_nodes;
	t->touch_always = conf.touch == DSAM_TOUCH_ALWAYS;
	t->touch_auto = conf.touch == DSAM_TOUCH_AUTO;
	t->touch_madvise = conf.touch_by == DSAM_TOUCH_MADVISE;
	t->counts_small = conf.stats == DSAM_STATS_ALL;
	t->profiles = conf.stats == DSAM_STATS_CALLERS;
	t->fault_resumes = conf.fault_resumes;
	t->submit_retries = conf.submit_retries;
	t->max_inflight = conf.max_inflight;
	t->verify_percent = conf.verify;
	dsam_waiting.has_umwait = dsam_cpu_has_waitpkg();
	dsam_waiting.is_auto = conf.wait == DSAM_WAIT_AUTO;
	dsam_waiting.how = DSAM_WAIT_BY_SPIN;
	if (conf.wait == DSAM_WAIT_YIELD)
		dsam_waiting.how = DSAM_WAIT_BY_YIELD;
	else if (conf.wait == DSAM_WAIT_UMWAIT)
		dsam_waiting.how = DSAM_WAIT_BY_UMWAIT;
	dsam_queue_deadline = (uint64_t)conf.device_timeout_ms * 1000 *
			      dsam_clock.ticks_per_us;
}

static size_t gate_of(int op)
{
	size_t least = dsam_limits.min_bytes[op];

	if (dsam_tuning.counts_small)
		return 0;
	if (dsam_tuning.profiles && conf.profile_min_bytes &&
	    conf.profile_min_bytes < least && op != DSAM_OP_MEMCMP)
		return conf.profile_min_bytes;
	return least;
}

static void open_gates(void)
{
	for (int op = 0; op < DSAM_OPS; op++)
		set_gate(op, gate_of(op));
}

/* Statistics that are worth having without a device, too. */
static bool is_profile(void)
{
	return conf.stats == DSAM_STATS_ALL || conf.stats == DSAM_STATS_CALLERS;
}

/* Opening a node may be what a filter kills for. */
static bool may_reopen(void)
{
	if (conf.after_fork == DSAM_AFTER_FORK_AUTO)
		return !dsam_sandbox_is_shut();
	return conf.after_fork == DSAM_AFTER_FORK_REOPEN;
}

/*
 * Runs in the child of a fork, by the first copy that reaches the gate.
 * Nothing that was opened before may be used: a PASID belongs to an mm.
 */
static bool rebirth(void)
{
	struct dsam_queues *all = &dsam_queues;
	unsigned open = 0;

	/* Kernels without MADV_WIPEONFORK leave the parent's counters. */
	dsam_slot_wipe();
	if (!may_reopen()) {
		shut_gates();
		return false;
	}
	for (unsigned i = 0; i < all->count; i++) {
		if (!all->q[i].path[0]) {
			dsam_software_reborn(&all->q[i]);
			open++;
		} else if (!dsam_queue_reopen(&all->q[i])) {
			open++;
		}
	}
	/* Without any the CPU does it all, and the report says why. */
	if (open) {
		dsam_queues_settle();
		dsam_limits.chunk = all->max_piece;
	}
	if (!dsam_live_reborn()) {
		shut_gates();
		return false;
	}
	return true;
}

/* fork() alone comes here; a raw clone has the wiped page only. */
static void in_fork_child(void)
{
	dsam_live_in_child();
	for (unsigned i = 0; i < dsam_queues.count; i++)
		dsam_queue_disown(&dsam_queues.q[i]);
	if (!dsam_slot_is_wiped_on_fork)
		atomic_store(&dsam_arena->epoch, DSAM_EPOCH_NONE);
}

static bool needs_fork_handler(void)
{
	for (unsigned i = 0; i < dsam_queues.count; i++)
		if (dsam_queues.q[i].fd >= 0)
			return true;
	return !dsam_slot_is_wiped_on_fork || dsam_live_is_mapped();
}

/* Its absence is no trouble: the report at exit is there all the same. */
static void start_live(void)
{
	struct dsam_about about;
	int rc;

	if (conf.stats == DSAM_STATS_OFF || conf.live_stats == DSAM_LIVE_OFF)
		return;
	dsam_about_take(&about, &conf);
	rc = dsam_live_birth(&about, secure_getenv("XDG_RUNTIME_DIR"));
	if (rc)
		dsam_log(DSAM_LOG_INFO,
			 "no live statistics: %s, expected a directory of "
			 "this user on tmpfs in XDG_RUNTIME_DIR or /run/user",
			 strerror(-rc));
}

/* Is there something to do in this process?  Opens the queues. */
static int find_work(void)
{
	struct dsam_conf_error err;
	int rc = dsam_open_device_check(&conf, &err);

	if (rc) {
		dsam_log(DSAM_LOG_WARN, "%s; nothing is offloaded", err.text);
		return rc;
	}
	rc = dsam_open_device(&conf);
	return rc == -ENODEV && is_profile() ? 0 : rc;
}

static int be_born(char *const *env)
{
	struct dsam_conf_error err;
	struct dsam_slot *slot;
	int rc;

	rc = dsam_libc_resolve();
	if (rc)
		return rc;
	dsam_jump_birth();
	dsam_clock_start();
	rc = dsam_conf_load(&conf, env, &err);
	if (rc) {
		dsam_log_stderr();
		dsam_log(DSAM_LOG_WARN, "%s; nothing is offloaded", err.text);
		return rc;
	}
	if (!dsam_conf_list_admits(conf.programs,
				   program_invocation_short_name))
		return -ECANCELED;
	/* The usual case, a machine without a DSA, ends here. */
	if (conf.device == DSAM_DEVICE_AUTO && !is_profile() &&
	    !conf.queues[0] && !dsam_discover_any())
		return -ENODEV;
	dsam_log_stderr();
	dsam_log_setup(conf.log, conf.log_file);
	rc = dsam_caller_birth(&conf);
	if (!rc)
		rc = find_work();
	if (rc)
		return rc;
	rc = dsam_slot_birth();
	if (rc) {
		dsam_log(DSAM_LOG_WARN,
			 "room for what is kept of threads: %s; nothing is "
			 "offloaded",
			 strerror(-rc));
		return rc;
	}
	dsam_clock_calibrate();
	set_limits();
	set_tuning();
	dsam_sandbox_birth();
	dsam_slot_rebirth = rebirth;
	start_live();
	if (needs_fork_handler() &&
	    pthread_atfork(dsam_live_before_fork, NULL, in_fork_child))
		return -ENOMEM;
	dsam_slot_begin();
	/* The first thread's slot is touched now, not under its first copy. */
	if (!dsam_slot_enter(&slot, __builtin_frame_address(0)))
		dsam_slot_leave(slot);
	return 0;
}

__attribute__((constructor)) static void birth(int argc, char **argv,
					       char **env)
{
	int kept = errno;

	(void)argc;
	(void)argv;
	if (!be_born(getauxval(AT_SECURE) ? NULL : env)) {
		is_alive = true;
		open_gates();
	} else {
		/* Libraries that come are nobody's business. */
		dsam_callers.has_rules = false;
		dsam_callers.find = NULL;
	}
	errno = kept;
}

__attribute__((destructor)) static void death(void)
{
	if (!is_alive)
		return;
	shut_gates();
	/* A child that never copied has nothing to tell. */
	if (dsam_slot_epoch() <= DSAM_EPOCH_REBIRTH)
		return;
	if (conf.stats != DSAM_STATS_OFF)
		dsam_report(&conf);
	dsam_live_death();
}
