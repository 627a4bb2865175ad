// SPDX-License-Identifier: MIT
/*
 * Room: WARM.  The driver's side of open, write, mmap and close.
 * May: wait for the client's descriptors on close.  Must not: reach for its
 * memory; that is the engines' business.
 */
#include "node.h"
#include "account.h"
#include "engine.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>

int tb_node_open(struct tb_wq *wq, pid_t tid, struct tb_client **client)
{
	struct tb_client *old = NULL;
	pid_t pid = tb_thread_group(tid);
	int error = -ENXIO;

	pthread_mutex_lock(&tb_lock);
	*client = NULL;
	/* Before this program, the process may have run another one. */
	while ((old = tb_client_next(old, pid)))
		tb_engines_forget(old);
	if (wq->minor >= 0)
		*client = tb_client_open(wq, tid, &error);
	if (*client)
		tb_account_open(*client);
	pthread_mutex_unlock(&tb_lock);
	return *client ? 0 : error;
}

static void refuse(struct tb_client *client, enum tb_refusal why)
{
	pthread_mutex_lock(&tb_lock);
	tb_account_refuse(client->wq, client->pid, why);
	pthread_mutex_unlock(&tb_lock);
}

/* idxd_enqcmds(): a bounded number of tries. */
static int enqueue(struct tb_client *client, const struct dsa_hw_desc *desc,
		   uint64_t arrival_tsc)
{
	struct tb_shm *shm = tb_world.shm;
	uint32_t q = client->wq->queue;
	unsigned int tries = client->wq->retries;
	uint64_t made_busy = atomic_load(&shm->queues[q].made_busy);

	if (client->wq->is_dedicated) {
		tb_slots_put(shm, q, desc, (uint32_t)client->pid,
			     TB_STORE_MOVDIR64B, arrival_tsc);
		return 0;
	}
	do {
		if (tb_slots_put(shm, q, desc, (uint32_t)client->pid,
				 TB_STORE_ENQCMDS, arrival_tsc) == TB_ACCEPTED)
			return 0;
		/* Asked for: it is to be seen through the retries. */
		if (atomic_load(&shm->queues[q].made_busy) != made_busy)
			break;
	} while (tries-- > 1);
	return -EAGAIN;
}

static int submit(struct tb_client *client, const char *bytes,
		  uint64_t arrival_tsc)
{
	const struct tb_device *dev = client->wq->dev;
	struct dsa_hw_desc desc;

	memcpy(&desc, bytes, sizeof(desc));
	/* No way to verify what a batch refers to: version 1 devices. */
	if (!dev->is_iax && desc.opcode == DSA_OPCODE_BATCH &&
	    dev->version == 0x100) {
		refuse(client, TB_REFUSED_BATCH);
		return -EINVAL;
	}
	if (desc.completion_addr & (dev->is_iax ? 63 : 31)) {
		refuse(client, TB_REFUSED_ALIGNMENT);
		return -EINVAL;
	}
	return enqueue(client, &desc, arrival_tsc);
}

int tb_node_write(struct tb_client *client, pid_t tid, const char *buf,
		  size_t size, uint64_t arrival_tsc)
{
	size_t done = 0;

	if (!tb_client_is_same_mm(client, tid)) {
		refuse(client, TB_REFUSED_OTHER_MM);
		return -EPERM;
	}
	if (tb_client_is_cut_off(client))
		return -ENODEV;
	for (; size - done >= sizeof(struct dsa_hw_desc);
	     done += sizeof(struct dsa_hw_desc)) {
		int ret = submit(client, buf + done, arrival_tsc);

		if (ret < 0)
			return done ? (int)done : ret;
	}
	return (int)done;
}

void tb_node_flush(struct tb_client *client, pid_t tid)
{
	/* A fork child's copy of the descriptor is not ours to drain. */
	if (tb_thread_group(tid) == client->pid)
		tb_engines_drain(client);
}

void tb_node_release(struct tb_client *client)
{
	tb_engines_drain(client);
	pthread_mutex_lock(&tb_lock);
	tb_client_release(client);
	pthread_mutex_unlock(&tb_lock);
}

/* CAP_SYS_RAWIO, bit 17, of its effective capabilities. */
static bool has_rawio(pid_t tid)
{
	unsigned long long caps = 0;
	char line[128];
	FILE *status;

	snprintf(line, sizeof(line), "/proc/%d/status", (int)tid);
	status = fopen(line, "re");
	if (!status)
		return false;
	while (fgets(line, sizeof(line), status) &&
	       sscanf(line, "CapEff: %llx", &caps) != 1)
		;
	fclose(status);
	return caps >> 17 & 1;
}

int tb_node_mmap(struct tb_wq *wq, pid_t tid, size_t length)
{
	struct tb_client *client;
	int ret = 0;

	pthread_mutex_lock(&tb_lock);
	client = tb_client_find(wq, tb_thread_group(tid));
	if (tb_world.submit == TB_SUBMIT_WRITE ||
	    (wq->mmap_needs_rawio && !has_rawio(tid)))
		ret = -EPERM;
	else if (!client || !tb_client_is_same_mm(client, tid))
		ret = -EPERM;
	else if (tb_client_is_cut_off(client))
		ret = -ENODEV;
	else if (length > 4096)
		ret = -EINVAL;
	if (ret)
		tb_account_refuse(wq, tb_thread_group(tid), TB_REFUSED_MMAP);
	pthread_mutex_unlock(&tb_lock);
	return ret;
}

/* The queue whose node is mapped at addr, or NULL. */
static struct tb_wq *wq_mapped_at(pid_t pid, uint64_t addr)
{
	unsigned long low, high, inode;
	unsigned int major, minor;
	struct tb_wq *wq = NULL;
	char line[512];
	FILE *maps;

	snprintf(line, sizeof(line), "/proc/%d/maps", (int)pid);
	maps = fopen(line, "re");
	if (!maps)
		return NULL;
	while (fgets(line, sizeof(line), maps)) {
		if (sscanf(line, "%lx-%lx %*s %*x %x:%x %lu", &low, &high,
			   &major, &minor, &inode) != 5 ||
		    addr < low || addr >= high)
			continue;
		if (makedev(major, minor) == tb_world.shm->node_dev &&
		    TB_INO_IS_NODE(inode))
			wq = tb_wq_of_queue(TB_INO_QUEUE(inode));
		break;
	}
	fclose(maps);
	return wq;
}

void tb_node_unmap(pid_t tid, uint64_t addr)
{
	pid_t pid = tb_thread_group(tid);
	struct tb_client *client = NULL;
	struct tb_wq *wq;
	bool is_client;

	pthread_mutex_lock(&tb_lock);
	is_client = tb_client_find(NULL, pid);
	pthread_mutex_unlock(&tb_lock);
	wq = is_client ? wq_mapped_at(pid, addr) : NULL;
	if (!wq)
		return;
	pthread_mutex_lock(&tb_lock);
	client = tb_client_find(wq, pid);
	if (client)
		tb_client_get(client);
	pthread_mutex_unlock(&tb_lock);
	if (!client)
		return;
	tb_engines_drain(client);
	pthread_mutex_lock(&tb_lock);
	tb_client_put(client);
	pthread_mutex_unlock(&tb_lock);
}
