/* SPDX-License-Identifier: MIT */
/*
 * The nouns of the test device: what it consists of, and what is known of its
 * clients.  One struct tb_world exists; tb_lock guards all of it except the
 * shared queues and what a comment says otherwise.
 */
#ifndef TB_H
#define TB_H

#include <linux/idxd.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "shm.h"

enum tb_submit {
	TB_SUBMIT_WRITE,
	TB_SUBMIT_MMAP
};

enum tb_wq_type {
	TB_WQ_NONE,
	TB_WQ_KERNEL,
	TB_WQ_USER
};

/* Exit statuses of dsa-testbed itself; others are COMMAND's. */
#define TB_EXIT_SKIP 77
#define TB_EXIT_FAIL 125

/* Trouble on request, per queue; 0: none of that kind. */
struct tb_trouble {
	uint64_t fault_every, fault_at; /* read fault after fault_at bytes */
	uint64_t wfault_every, wfault_at;
	uint64_t fault_walk, wfault_walk; /* a byte further each time */
	uint64_t fault_answered; /* 04 and 84 instead of 03 and 83 */
	uint64_t fault_from_end; /* moves are done from the high end */
	uint64_t status_every, status;
	uint64_t wrong_every; /* one byte of what was written is another */
	uint64_t garbage_every; /* any record, perhaps nothing done */
	uint64_t silent_every, silent_after;
	uint64_t late_every, late_us;
	uint64_t disable_after, disable_at_ms;
	uint64_t reset_after, reset_at_ms;
	uint64_t busy_every;
	uint64_t disorder; /* take waiting descriptors in any order */
	uint64_t scramble; /* write data in any order before the record */
};

struct tb_wq {
	struct tb_device *dev;
	int id;
	uint32_t queue; /* index in the shared memory */
	int group; /* -1: none */
	bool is_dedicated, block_on_fault, ats_disable, prs_disable;
	unsigned int size, priority, threshold, retries;
	enum tb_wq_type type;
	char name[17], driver_name[17];
	uint64_t max_transfer;
	uint32_t max_batch;
	uint64_t op_config[4];
	bool is_enabled;
	bool unmap_on_disable; /* portals go with the queue: not as Linux does
				*/
	bool mmap_needs_rawio; /* as Linux does on many processors */
	int minor; /* of the node, -1: there is none */
	unsigned int mode, uid, gid; /* of the node */
	int clients;
	struct tb_trouble trouble;
	uint64_t taken; /* descriptors, for trouble by count */
};

struct tb_group {
	unsigned int rdbufs_reserved, rdbufs_allowed, use_rdbuf_limit;
	int tc_a, tc_b;
	int desc_progress_limit, batch_progress_limit;
};

enum tb_device_state {
	TB_DEV_DISABLED,
	TB_DEV_ENABLED,
	TB_DEV_HALTED
};

struct tb_device {
	bool is_iax;
	int id, numa_node;
	enum tb_device_state state;
	uint32_t version, cmd_status;
	uint64_t gen_cap, op_cap[4];
	unsigned int max_groups, max_wqs, max_wq_size, max_engines;
	unsigned int max_rdbufs, rdbuf_limit;
	uint32_t max_batch;
	uint64_t max_transfer;
	bool is_configurable, is_pasid_enabled;
	uint64_t swerror[4]; /* the first one since cmd_status was cleared */
	uint64_t latency_ns, mbps; /* 0: as fast as it goes */
	uint64_t link_free_ns; /* when the last transfer will have ended */
	int engine_group[TB_MAX_ENGINES];
	struct tb_group groups[TB_MAX_GROUPS];
	struct tb_wq wqs[TB_MAX_WQS];
	int index; /* in struct tb_world */
};

/* An attribute that shows something else, or (text "") is not there. */
struct tb_override {
	char where[16], attr[32], text[160];
	bool is_hidden;
};

struct tb_world {
	struct tb_device devices[TB_MAX_DEVICES];
	int ndevices;
	int major;
	enum tb_submit submit;
	struct tb_override overrides[64];
	int noverrides;
	bool is_sys_readonly;
	struct tb_shm *shm;
	int shm_fd;
	uint64_t start_ns;
};

extern struct tb_world tb_world;
extern pthread_mutex_t tb_lock;

/* "dsa0", "wq0.1" ... into buf; for messages, sysfs and the account. */
const char *tb_device_name(const struct tb_device *dev, char buf[16]);
const char *tb_wq_name(const struct tb_wq *wq, char buf[16]);

/* The queue with that index in the shared memory, or NULL. */
struct tb_wq *tb_wq_of_queue(uint32_t queue);

/* One line on stderr, prefixed with the program's name. */
void tb_say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
