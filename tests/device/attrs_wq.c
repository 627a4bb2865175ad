// SPDX-License-Identifier: MIT
/*
 * Room: COLD.  Attributes of a work queue, as they are shown.
 * May: read the queue under tb_lock.  Must not: touch other objects.
 */
#include "attrs_wq.h"
#include "devkeys.h"
#include "model.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const struct tb_wq *wq_of(const struct tb_object *o)
{
	return &o->dev->wqs[o->n];
}

#define SHOW(attr, format, value)                                    \
	static int show_##attr(const struct tb_object *o, char *buf) \
	{                                                            \
		const struct tb_wq *wq = wq_of(o);                   \
		return sprintf(buf, format "\n", value);             \
	}

SHOW(clients, "%d", wq->clients)
SHOW(state, "%s", wq->is_enabled ? "enabled" : "disabled")
SHOW(group_id, "%d", wq->group)
SHOW(mode, "%s", wq->is_dedicated ? "dedicated" : "shared")
SHOW(size, "%u", wq->size)
SHOW(priority, "%u", wq->priority)
SHOW(block_on_fault, "%d", wq->block_on_fault)
SHOW(threshold, "%u", wq->threshold)
SHOW(type, "%s", tb_wq_types[wq->type])
SHOW(name, "%s", wq->name)
SHOW(driver_name, "%s", wq->driver_name)
SHOW(max_transfer_size, "%llu", (unsigned long long)wq->max_transfer)
SHOW(max_batch_size, "%u", wq->max_batch)
SHOW(ats_disable, "%d", wq->ats_disable)
SHOW(prs_disable, "%d", wq->prs_disable)
SHOW(occupancy, "%u", atomic_load(&tb_world.shm->queues[wq->queue].occupancy))

static int show_cdev_minor(const struct tb_object *o, char *buf)
{
	if (wq_of(o)->minor < 0)
		return -ENXIO;
	return sprintf(buf, "%d\n", wq_of(o)->minor);
}

static int show_retries(const struct tb_object *o, char *buf)
{
	if (wq_of(o)->is_dedicated)
		return -EOPNOTSUPP;
	return sprintf(buf, "%u\n", wq_of(o)->retries);
}

static int show_op_config(const struct tb_object *o, char *buf)
{
	return tb_bitmap_print(buf, 4096, wq_of(o)->op_config);
}

const struct tb_attr tb_wq_attrs[] = {
	{"clients", 0444, show_clients, NULL},
	{"state", 0444, show_state, NULL},
	{"group_id", 0644, show_group_id, tb_store_group_id},
	{"mode", 0644, show_mode, tb_store_mode},
	{"size", 0644, show_size, tb_store_size},
	{"priority", 0644, show_priority, tb_store_priority},
	{"block_on_fault", 0644, show_block_on_fault, tb_store_block_on_fault},
	{"threshold", 0644, show_threshold, tb_store_threshold},
	{"type", 0644, show_type, tb_store_type},
	{"name", 0644, show_name, tb_store_name},
	{"driver_name", 0644, show_driver_name, tb_store_driver_name},
	{"cdev_minor", 0444, show_cdev_minor, NULL},
	{"max_transfer_size", 0644, show_max_transfer_size,
	 tb_store_max_transfer},
	{"max_batch_size", 0644, show_max_batch_size, tb_store_max_batch},
	{"ats_disable", 0644, show_ats_disable, tb_store_ats_disable},
	{"prs_disable", 0644, show_prs_disable, tb_store_prs_disable},
	{"occupancy", 0444, show_occupancy, NULL},
	{"enqcmds_retries", 0644, show_retries, tb_store_retries},
	{"op_config", 0644, show_op_config, tb_store_op_config},
	{NULL, 0, NULL, NULL},
};
