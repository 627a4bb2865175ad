/* SPDX-License-Identifier: MIT */
/*
 * The live statistics: a small file on tmpfs that the threads' counters are
 * in, so that other processes can read them while the program runs, and after
 * it was killed.  Counters and a head only: what the device writes to stays
 * in the private arena.
 */
#ifndef DSAM_LIVE_H
#define DSAM_LIVE_H

#include "about.h"
#include "slot.h"

#define DSAM_LIVE_MAGIC "dsamove"
#define DSAM_LIVE_VERSION 1U
/* Files that one directory may hold; more are not made. */
#define DSAM_LIVE_MOST 256U

/* One thread's counters, in pages of its own; there once it has joined. */
struct dsam_live_row {
	_Alignas(DSAM_PAGE) struct dsam_thread_stats stats;
	int32_t tid;
	char name[16];
};

struct dsam_live_head {
	char magic[8];
	uint32_t version, head_bytes, row_bytes, rows;
	char release[16]; /* DSAM_VERSION of whoever made it */
	uint64_t born_ns; /* CLOCK_BOOTTIME when the file was made */
	struct dsam_about about;
	_Atomic uint32_t unseen; /* threads that no row could be had for */
	_Atomic uint8_t state[DSAM_SLOTS]; /* of the rows: dsam_slot_state */
	struct dsam_common_stats common;
};

/* As mapped.  The file is sparse: rows that nobody has are no memory. */
struct dsam_live {
	_Alignas(DSAM_PAGE) struct dsam_live_head head;
	struct dsam_live_row row[DSAM_SLOTS];
};

/*
 * Where a process of user id uid has its file: runtime_dir (if not NULL or
 * empty) or /run/user/UID, and "dsamove" in it.  False: too long.
 */
bool dsam_live_directory(char *out, size_t room, const char *runtime_dir,
			 unsigned uid);

/*
 * Birth, before the first thread has a slot: make this process's file, filled
 * with about.  runtime_dir as above.  0 or -errno, upon which counters are
 * private as ever and nothing is left behind.
 */
int dsam_live_birth(const struct dsam_about *about, const char *runtime_dir);

/*
 * Rebirth: the mapping of the parent's file gives way to one of an own file,
 * or to private memory.  Raw system calls only.  False: the parent's file is
 * still there, this process must not count.
 */
bool dsam_live_reborn(void);

/* Death: remove the file, if it is this process's own. */
void dsam_live_death(void);

/* Is there a mapping that a fork child would share? */
bool dsam_live_is_mapped(void);

/*
 * Handlers of pthread_atfork: a child that is born in the midst of counting,
 * from a signal handler, must not end that in its parent's file.
 */
void dsam_live_before_fork(void);
void dsam_live_in_child(void);

/*
 * The row of slot i, with its memory there to stay: no later store can raise
 * SIGBUS.  NULL: none, count privately.
 */
struct dsam_live_row *dsam_live_row(size_t i);

/* Say in the file whose row i is; it has one. */
void dsam_live_say(size_t i, enum dsam_slot_state state, pid_t tid,
		   const char *name);

#endif
