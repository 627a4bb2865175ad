// SPDX-License-Identifier: MIT
/*
 * Room: COLD.  What the devices consist of; the driver's rules for enabling
 * and disabling (linux drivers/dma/idxd/device.c, cdev.c).
 * May: change the world under tb_lock.  Must not: do input or output.
 */
#include "model.h"
#include "account.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define DEFAULT_RETRIES 32 /* IDXD_ENQCMDS_RETRIES */
#define DEFAULT_TRANSFER (2U << 20) /* WQ_DEFAULT_MAX_XFER */
#define DEFAULT_BATCH 32 /* WQ_DEFAULT_MAX_BATCH */
#define SCMD_NO_DRV_NAME 0x80120000U /* not in older linux/idxd.h */

struct tb_world tb_world;
pthread_mutex_t tb_lock = PTHREAD_MUTEX_INITIALIZER;

const char *tb_device_name(const struct tb_device *dev, char buf[16])
{
	snprintf(buf, 16, "%s%d", dev->is_iax ? "iax" : "dsa", dev->id);
	return buf;
}

const char *tb_wq_name(const struct tb_wq *wq, char buf[16])
{
	snprintf(buf, 16, "wq%d.%d", wq->dev->id, wq->id);
	return buf;
}

struct tb_wq *tb_wq_of_queue(uint32_t queue)
{
	uint32_t device = queue / TB_MAX_WQS;

	if (device >= (uint32_t)tb_world.ndevices)
		return NULL;
	return &tb_world.devices[device].wqs[queue % TB_MAX_WQS];
}

struct tb_device *tb_device_find(bool is_iax, int id)
{
	for (int i = 0; i < tb_world.ndevices; i++) {
		struct tb_device *dev = &tb_world.devices[i];

		if (dev->is_iax == is_iax && dev->id == id)
			return dev;
	}
	return NULL;
}

/* What the driver leaves of a queue that is disabled. */
static void wq_cleanup(struct tb_wq *wq)
{
	wq->is_enabled = false;
	wq->minor = -1;
	wq->type = TB_WQ_NONE;
	wq->threshold = 0;
	wq->priority = 0;
	wq->retries = DEFAULT_RETRIES;
	wq->is_dedicated = false;
	wq->block_on_fault = false;
	wq->ats_disable = false;
	wq->prs_disable = false;
	memset(wq->name, 0, sizeof(wq->name));
	wq->max_transfer = DEFAULT_TRANSFER;
	wq->max_batch = DEFAULT_BATCH;
	memcpy(wq->op_config, wq->dev->op_cap, sizeof(wq->op_config));
}

static void device_defaults(struct tb_device *dev)
{
	dev->version = 0x100;
	dev->gen_cap = 0x40915f0107;
	/*
	 * What descriptor_exec does; BATCH (bit 1) is hidden on version 1
	 * devices since Linux 6.9.1.
	 */
	dev->op_cap[0] = dev->is_iax ? 0x0d : 0x10003027d;
	dev->max_groups = TB_MAX_GROUPS;
	dev->max_wqs = TB_MAX_WQS;
	dev->max_wq_size = TB_MAX_SLOTS;
	dev->max_engines = TB_MAX_ENGINES;
	dev->max_rdbufs = 96;
	dev->max_batch = 1024;
	dev->max_transfer = 1ULL << 31;
	dev->is_configurable = true;
	dev->is_pasid_enabled = true;
	for (int i = 0; i < TB_MAX_GROUPS; i++) {
		dev->groups[i].rdbufs_allowed = 96;
		dev->groups[i].tc_a = 1;
		dev->groups[i].tc_b = 1;
	}
}

struct tb_device *tb_device_add(bool is_iax, int id)
{
	struct tb_device *dev;

	if (tb_world.ndevices == TB_MAX_DEVICES)
		return NULL;
	dev = &tb_world.devices[tb_world.ndevices];
	dev->index = tb_world.ndevices++;
	dev->is_iax = is_iax;
	dev->id = id;
	device_defaults(dev);
	for (int i = 0; i < TB_MAX_ENGINES; i++)
		dev->engine_group[i] = -1;
	for (int i = 0; i < TB_MAX_WQS; i++) {
		struct tb_wq *wq = &dev->wqs[i];

		wq->dev = dev;
		wq->id = i;
		wq->queue = (uint32_t)(dev->index * TB_MAX_WQS + i);
		wq->group = -1;
		wq->mode = 0600;
		wq_cleanup(wq);
	}
	return dev;
}

void tb_wq_publish(struct tb_wq *wq)
{
	struct tb_queue *queue;

	if (!tb_world.shm)
		return;
	queue = &tb_world.shm->queues[wq->queue];
	queue->is_dedicated = wq->is_dedicated;
	queue->size = wq->size;
	queue->threshold = wq->threshold;
	queue->bell = (uint32_t)(wq->dev->index * TB_MAX_GROUPS + wq->group);
	atomic_store(&queue->busy_every, (uint32_t)wq->trouble.busy_every);
	/* A halted device takes nothing (5.7). */
	atomic_store(&queue->is_enabled,
		     wq->is_enabled && wq->dev->state == TB_DEV_ENABLED);
}

int tb_device_enable(struct tb_device *dev)
{
	if (dev->state != TB_DEV_DISABLED) {
		dev->cmd_status = IDXD_SCMD_DEV_ENABLED;
		return -ENXIO;
	}
	dev->state = TB_DEV_ENABLED;
	dev->cmd_status = 0;
	return 0;
}

int tb_device_disable(struct tb_device *dev)
{
	if (dev->state == TB_DEV_DISABLED) {
		dev->cmd_status = IDXD_SCMD_DEV_NOT_ENABLED;
		return -ENODEV;
	}
	for (int i = 0; i < TB_MAX_WQS; i++) {
		if (dev->wqs[i].is_enabled)
			tb_wq_disable(&dev->wqs[i]);
		wq_cleanup(&dev->wqs[i]);
		if (dev->is_configurable) {
			dev->wqs[i].size = 0;
			dev->wqs[i].group = -1;
		}
	}
	for (int i = 0; dev->is_configurable && i < TB_MAX_ENGINES; i++)
		dev->engine_group[i] = -1;
	dev->state = TB_DEV_DISABLED;
	return 0;
}

static int refuse(struct tb_wq *wq, uint32_t cmd_status, int error)
{
	wq->dev->cmd_status = cmd_status;
	return error;
}

int tb_wq_enable(struct tb_wq *wq, const char *driver)
{
	bool is_user = strcmp(driver, "user") == 0;
	struct tb_device *dev = wq->dev;

	if (dev->state != TB_DEV_ENABLED)
		return refuse(wq, IDXD_SCMD_DEV_NOT_ENABLED, -ENXIO);
	if (is_user && !dev->is_pasid_enabled)
		return refuse(wq, IDXD_SCMD_WQ_USER_NO_IOMMU, -EOPNOTSUPP);
	if (strcmp(wq->driver_name, driver) != 0)
		return refuse(wq, SCMD_NO_DRV_NAME, -ENODEV);
	if (wq->is_enabled)
		return refuse(wq, IDXD_SCMD_WQ_ENABLED, -EBUSY);
	if (wq->group < 0)
		return refuse(wq, IDXD_SCMD_WQ_NO_GRP, -EINVAL);
	if (!wq->name[0])
		return refuse(wq, IDXD_SCMD_WQ_NO_NAME, -EINVAL);
	if (!wq->is_dedicated && !dev->is_pasid_enabled)
		return refuse(wq, IDXD_SCMD_WQ_NO_SVM, -EINVAL);
	if (!wq->is_dedicated && !wq->threshold)
		return refuse(wq, IDXD_SCMD_WQ_NO_THRESH, -EINVAL);
	if (!wq->size)
		return refuse(wq, IDXD_SCMD_WQ_NO_SIZE, -EOPNOTSUPP);
	wq->type = is_user ? TB_WQ_USER : TB_WQ_KERNEL;
	wq->is_enabled = true;
	wq->minor = is_user ? (int)wq->queue : -1;
	dev->cmd_status = 0;
	tb_wq_publish(wq);
	return 0;
}

static void unmap(const struct tb_wq *wq)
{
	if (wq->unmap_on_disable)
		atomic_fetch_add(&tb_world.shm->queues[wq->queue].era, 1);
}

int tb_wq_disable(struct tb_wq *wq)
{
	if (!wq->is_enabled)
		return -ENODEV;
	unmap(wq);
	wq_cleanup(wq);
	wq->clients = 0;
	tb_wq_publish(wq);
	return 0;
}

void tb_wq_break(struct tb_wq *wq, bool is_back)
{
	struct tb_queue *queue = &tb_world.shm->queues[wq->queue];

	atomic_store(&queue->is_enabled, false);
	for (int i = 0; i < TB_MAX_SLOTS; i++) {
		uint32_t ready = TB_SLOT_READY;

		if (!atomic_compare_exchange_strong(&queue->slots[i].state,
						    &ready, TB_SLOT_FREE))
			continue;
		atomic_fetch_sub(&queue->occupancy, 1);
		tb_account_drop(wq, &queue->slots[i]);
	}
	if (is_back)
		atomic_store(&queue->is_enabled, true);
	else
		tb_wq_disable(wq);
}

void tb_device_swerror(struct tb_device *dev, const struct tb_wq *wq,
		       uint8_t status, const struct dsa_hw_desc *desc)
{
	/* Only the first is kept; later ones set the overflow bit (9.2.14). */
	if (dev->swerror[0] & 1) {
		dev->swerror[0] |= 2;
		return;
	}
	dev->swerror[0] = 1 | 8 /* descriptor valid */ | 4 /* wq index valid */
			  | (uint64_t)status << 8 | (uint64_t)wq->id << 16 |
			  (uint64_t)desc->opcode << 32;
	dev->swerror[2] = desc->completion_addr;
}
