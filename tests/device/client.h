/* SPDX-License-Identifier: MIT */
/*
 * One open file of a node: which address space it is bound to, as the driver
 * binds a PASID to the opener's mm.
 */
#ifndef TB_CLIENT_H
#define TB_CLIENT_H

#include "tb.h"

struct tb_client {
	struct tb_client *next;
	struct tb_wq *wq;
	pid_t pid; /* thread group of the opener */
	int pagemap; /* /proc/PID/pagemap: holds the mm, tells its death */
	int refs; /* the open file, and each descriptor under way */
	bool is_released;
	bool is_over; /* its address space is gone, and what it had queued */
	unsigned int busy; /* descriptors accepted by an engine, not done */
	uint32_t era; /* of the queue, at open */
	int file; /* number of fileN in sysfs */
	int open_index; /* in the shared memory, -1: table was full */
	char comm[16];
};

/* The thread group of thread tid, 0 when it is gone. */
pid_t tb_thread_group(pid_t tid);

/*
 * Bind thread tid's address space to wq.  NULL with *error (-EBUSY for a
 * dedicated queue in use, ...).  Called with tb_lock held.
 */
struct tb_client *tb_client_open(struct tb_wq *wq, pid_t tid, int *error);

/* The last reference frees it.  Called with tb_lock held. */
void tb_client_get(struct tb_client *client);
void tb_client_put(struct tb_client *client);

/* The file is closed for good; frees the queue for others. */
void tb_client_release(struct tb_client *client);

/*
 * A client of the queue (NULL: of any) with that address space, or NULL.
 * Open ones before released ones.
 */
struct tb_client *tb_client_find(const struct tb_wq *wq, pid_t pid);

/* The open file of that number, or NULL. */
struct tb_client *tb_client_of_file(int file);

/* The client after c of process pid (NULL: the first), or NULL. */
struct tb_client *tb_client_next(struct tb_client *c, pid_t pid);

/* Is the address space still there (exec and exit end it)? */
bool tb_client_is_alive(const struct tb_client *client);

/* Did its portals go when the queue was disabled (unmap_on_disable)? */
bool tb_client_is_cut_off(const struct tb_client *client);

/* Does thread tid run in the client's address space? */
bool tb_client_is_same_mm(const struct tb_client *client, pid_t tid);

#endif
