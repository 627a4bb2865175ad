/* SPDX-License-Identifier: MIT */
/* What the machine has: work queues as plain structs. */
#ifndef DSAM_DISCOVER_H
#define DSAM_DISCOVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DSAM_MAX_FOUND 256
/* GENCAP has four bits for the logarithm (specification 9.2.2). */
#define DSAM_MAX_BATCH (1U << 15)

/* A work queue; numbers that made no sense are at their stated default. */
struct dsam_wq {
	char device[24], name[24]; /* dsa0, wq0.0 */
	char path[64]; /* of its node; empty: none */
	char state[16], mode[16], type[16];
	bool device_is_enabled, device_is_halted;
	bool pasid_enabled; /* default true: the attribute is newer */
	bool ats_disable; /* default false */
	int numa_node; /* -1: not known */
	uint32_t size, threshold; /* 0: not known */
	uint64_t max_transfer; /* bytes; 0: not known */
	uint32_t max_batch; /* descriptors; 0: not known */
	uint64_t gen_cap; /* 0: not known */
	/* Opcodes 0-63 of device and queue; all ones: not known. */
	uint64_t op_cap;
};

/* How they were found; for the report. */
enum dsam_discovery {
	DSAM_BY_LIBACCEL_CONFIG,
	DSAM_BY_SYSFS
};

/* Is there a DSA bus with anything on it?  One system call when not. */
bool dsam_discover_any(void);

/*
 * Fill found (room entries) with every work queue of every DSA device, usable
 * or not; *how tells by which way.  Returns the count.  Birth, one thread.
 */
size_t dsam_discover(struct dsam_wq *found, size_t room,
		     enum dsam_discovery *how);

/*
 * Why a work queue can't serve, with what to do about it, or NULL if it can.
 * The text is valid until the next call.
 */
const char *dsam_discover_objection(const struct dsam_wq *wq);

/* The two ways; dsam_discover() picks.  -1: this way is not possible. */
int dsam_discover_libaccel(struct dsam_wq *found, size_t room);
int dsam_discover_sysfs(struct dsam_wq *found, size_t room);

/* Fill in what libaccel-config doesn't hand out. */
void dsam_discover_sysfs_complete(struct dsam_wq *found, size_t count);

/*
 * First line of an attribute in sysfs, without its end; object as "dsa0" or
 * "dsa0/wq0.0".  False: not there.
 */
bool dsam_discover_attribute(const char *object, const char *name, char *out,
			     size_t room);

/* Where to look; unit tests point them elsewhere. */
extern const char *dsam_discover_bus, *dsam_discover_nodes;

/*
 * Has every work queue in sysfs the attributes without which libaccel-config
 * 3.5.3 crashes?
 */
bool dsam_discover_sysfs_is_whole(void);

#endif
