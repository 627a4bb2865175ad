/* SPDX-License-Identifier: MIT */
/*
 * The work queues as memory shared by the test device and the processor
 * preload of its clients: ENQCMD is a store into this, as it is a store to a
 * portal on hardware.  A client that is killed half-way leaves a claimed slot,
 * which the device takes back, so no lock is shared with clients.
 */
#ifndef TB_SHM_H
#define TB_SHM_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define TB_SHM_MAGIC 0x64736174624d454dULL
#define TB_SHM_PATH "/dev/.dsa-testbed/queues"
#define TB_MAX_DEVICES 8
#define TB_MAX_WQS 8 /* per device */
#define TB_MAX_GROUPS 4
#define TB_MAX_ENGINES 4
#define TB_MAX_QUEUES (TB_MAX_DEVICES * TB_MAX_WQS)
#define TB_MAX_SLOTS 128 /* entries of one device, so of one queue at most */
#define TB_MAX_OPENS 512

/*
 * Inode numbers of the nodes (tree.c): kind, object, device, queue, attr.  In
 * mmap mode the process that looked the node up as well: a mapping is told
 * from one that was inherited.
 */
#define TB_INO_OWNER(ino) ((uint32_t)(((ino)-1) >> 40))
#define TB_INO_OF_OWNER(ino, pid) ((ino) + ((uint64_t)(pid) << 40))
#define TB_INO_IS_NODE(ino) ((((ino)-1) >> 32 & 0xff) == 12)
#define TB_INO_QUEUE(ino)                                   \
	((uint32_t)((((ino)-1) >> 16 & 0xff) * TB_MAX_WQS + \
		    (((ino)-1) >> 8 & 0xff)))

/* What of a program's code may be replaced. */
enum tb_patching {
	TB_PATCH_CPUID, /* where it can't be made to trap */
	TB_PATCH_ENQCMD, /* and an ENQCMD that has trapped once, by a jump */
	TB_PATCH_NEVER,
};

enum tb_slot_state {
	TB_SLOT_FREE,
	TB_SLOT_READY,
	TB_SLOT_CLAIMED, /* plus pid << 2: being filled by that process */
};

struct tb_slot {
	_Atomic uint32_t state;
	uint32_t pid; /* thread group whose memory it is about */
	_Atomic uint64_t ticket; /* order of arrival, over all queues */
	_Atomic uint64_t arrival_tsc; /* when the client began to submit */
	uint8_t desc[64];
};

struct tb_queue {
	_Atomic uint32_t is_enabled;
	uint32_t is_dedicated;
	uint32_t size;
	uint32_t threshold;
	/* How often it has taken its portals with it when it was disabled. */
	_Atomic uint32_t era;
	uint32_t bell; /* index of the bell that wakes its engines */
	_Atomic uint32_t occupancy;
	_Atomic uint32_t peak;
	_Atomic uint32_t busy_every; /* trouble: every n-th answered Retry */
	_Atomic uint64_t asked; /* submissions, of which ... */
	_Atomic uint64_t full; /* ... refused: occupancy */
	_Atomic uint64_t made_busy; /* ... refused: busy_every */
	_Atomic uint64_t disabled; /* ... refused: queue is not enabled */
	_Atomic uint64_t wrong_store; /* ... ENQCMD on dedicated, MOVDIR64B on
					 shared: no effect */
	struct tb_slot slots[TB_MAX_SLOTS];
};

/* One open file of a node: who may submit to the queue. */
struct tb_open {
	_Atomic uint32_t pid; /* 0: entry is free */
	_Atomic uint32_t queue;
	_Atomic uint32_t era; /* of the queue, when it was opened */
};

struct tb_shm {
	uint64_t magic;
	_Atomic uint64_t node_dev; /* st_dev of the nodes */
	uint64_t tsc_per_ms;
	uint64_t trap_tsc; /* from a trapping instruction to its handler */
	uint32_t patching; /* enum tb_patching */
	uint32_t umwait_limit; /* OS limit of UMWAIT in TSC ticks, 0: none */
	_Atomic uint64_t ticket;
	_Atomic uint64_t traps; /* instructions performed after a trap */
	_Atomic uint64_t thunks; /* ... through a patched jump */
	_Atomic uint32_t bells[TB_MAX_DEVICES * TB_MAX_GROUPS];
	_Atomic uint32_t sleepers[TB_MAX_DEVICES * TB_MAX_GROUPS];
	struct tb_open opens[TB_MAX_OPENS];
	struct tb_queue queues[TB_MAX_QUEUES];
};

/* How a descriptor arrives. */
enum tb_store {
	TB_STORE_ENQCMD, /* limited portal: up to the threshold */
	TB_STORE_ENQCMDS, /* the kernel's write(2): the same portal */
	TB_STORE_MOVDIR64B, /* dedicated queues only */
};

enum tb_answer {
	TB_ACCEPTED,
	TB_RETRY, /* ENQCMD sets ZF; MOVDIR64B's descriptor is lost */
};

/*
 * Submit the 64 bytes at desc to queue q on behalf of process pid, begun at
 * arrival_tsc.  May run in a signal handler of a client: takes no lock, calls
 * nothing but futex by raw system call.
 */
enum tb_answer tb_slots_put(struct tb_shm *shm, uint32_t q, const void *desc,
			    uint32_t pid, enum tb_store how,
			    uint64_t arrival_tsc);

/* Free what a process that is gone had claimed, and never filled. */
void tb_slots_sweep(struct tb_queue *queue);

/* Monotonic nanoseconds. */
uint64_t tb_now_ns(void);

#endif
