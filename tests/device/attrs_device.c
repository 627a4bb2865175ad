// SPDX-License-Identifier: MIT
/*
 * Room: COLD.  Attributes of a device, its groups and engines, with the rules
 * of drivers/dma/idxd/sysfs.c.
 * May: change the world under tb_lock.  Must not: know about FUSE.
 */
#include "attrs.h"
#include "devkeys.h"
#include "model.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define SHOW(attr, format, value)                                    \
	static int show_##attr(const struct tb_object *o, char *buf) \
	{                                                            \
		const struct tb_device *dev = o->dev;                \
		return sprintf(buf, format "\n", value);             \
	}
#define SHOW_GROUP(attr, format, value)                              \
	static int show_##attr(const struct tb_object *o, char *buf) \
	{                                                            \
		const struct tb_group *g = &o->dev->groups[o->n];    \
		return sprintf(buf, format "\n", value);             \
	}

static const char *const states[] = {"disabled", "enabled", "halted"};

SHOW(version, "%#x", dev->version)
SHOW(max_groups, "%u", dev->max_groups)
SHOW(max_work_queues, "%u", dev->max_wqs)
SHOW(max_work_queues_size, "%u", dev->max_wq_size)
SHOW(max_engines, "%u", dev->max_engines)
SHOW(numa_node, "%d", dev->numa_node)
SHOW(max_batch_size, "%u", dev->max_batch)
SHOW(max_transfer_size, "%llu", (unsigned long long)dev->max_transfer)
SHOW(gen_cap, "%#llx", (unsigned long long)dev->gen_cap)
SHOW(configurable, "%d", dev->is_configurable)
SHOW(pasid_enabled, "%d", dev->is_pasid_enabled)
SHOW(state, "%s", states[dev->state])
SHOW(max_read_buffers, "%u", dev->max_rdbufs)
SHOW(read_buffer_limit, "%u", dev->rdbuf_limit)
SHOW(cmd_status, "%#x", dev->cmd_status)
SHOW(engine_group, "%d", dev->engine_group[o->n])
SHOW(event_log_size, "%u", dev->version ? 64U : 0)
SHOW_GROUP(rdbufs_reserved, "%u", g->rdbufs_reserved)
SHOW_GROUP(rdbufs_allowed, "%u", g->rdbufs_allowed)
SHOW_GROUP(use_rdbuf_limit, "%u", g->use_rdbuf_limit)
SHOW_GROUP(traffic_class_a, "%d", g->tc_a)
SHOW_GROUP(traffic_class_b, "%d", g->tc_b)
SHOW_GROUP(desc_progress_limit, "%d", g->desc_progress_limit)
SHOW_GROUP(batch_progress_limit, "%d", g->batch_progress_limit)

static int show_cdev_major(const struct tb_object *o, char *buf)
{
	(void)o;
	return sprintf(buf, "%d\n", tb_world.major);
}

static int show_op_cap(const struct tb_object *o, char *buf)
{
	return tb_bitmap_print(buf, 4096, o->dev->op_cap);
}

static int show_errors(const struct tb_object *o, char *buf)
{
	return tb_bitmap_print(buf, 4096, o->dev->swerror);
}

static int show_clients(const struct tb_object *o, char *buf)
{
	int sum = 0;

	for (int i = 0; i < TB_MAX_WQS; i++)
		sum += o->dev->wqs[i].clients;
	return sprintf(buf, "%d\n", sum);
}

static int show_engines(const struct tb_object *o, char *buf)
{
	int n = 0;

	for (int i = 0; i < TB_MAX_ENGINES; i++)
		if (o->dev->engine_group[i] == o->n)
			n += sprintf(buf + n, "engine%d.%d ", o->dev->id, i);
	if (n)
		buf[n - 1] = '\n';
	return n;
}

static int show_work_queues(const struct tb_object *o, char *buf)
{
	int n = 0;

	for (int i = 0; i < TB_MAX_WQS; i++)
		if (o->dev->wqs[i].group == o->n)
			n += sprintf(buf + n, "wq%d.%d ", o->dev->id, i);
	if (n)
		buf[n - 1] = '\n';
	return n;
}

static int show_uevent(const struct tb_object *o, char *buf)
{
	(void)o;
	buf[0] = '\0';
	return 0;
}

static int store_cmd_status(const struct tb_object *o, const char *text)
{
	(void)text;
	o->dev->cmd_status = 0;
	return 0;
}

static int store_read_buffer_limit(const struct tb_object *o, const char *text)
{
	long long value;

	if (!tb_number(text, 10, &value) || value < 0)
		return -EINVAL;
	if (o->dev->state == TB_DEV_ENABLED || !o->dev->is_configurable)
		return -EPERM;
	if (value > (long long)o->dev->max_rdbufs)
		return -EINVAL;
	o->dev->rdbuf_limit = (unsigned int)value;
	return 0;
}

static int store_engine_group(const struct tb_object *o, const char *text)
{
	long long id;

	if (!tb_number(text, 10, &id))
		return -EINVAL;
	if (!o->dev->is_configurable)
		return -EPERM;
	if (id < -1 || id >= (long long)o->dev->max_groups)
		return -EINVAL;
	o->dev->engine_group[o->n] = (int)id;
	return 0;
}

/* A number up to max into *field of a group, device disabled. */
static int store_group_number(const struct tb_object *o, const char *text,
			      long long max, void *field)
{
	long long value;

	if (!tb_number(text, 10, &value) || value < 0)
		return -EINVAL;
	if (!o->dev->is_configurable || o->dev->state == TB_DEV_ENABLED)
		return -EPERM;
	if (value > max)
		return -EINVAL;
	*(int *)field = (int)value;
	return 0;
}

#define STORE_GROUP(attr, max, field)                                        \
	static int store_##attr(const struct tb_object *o, const char *text) \
	{                                                                    \
		return store_group_number(o, text, max,                      \
					  &o->dev->groups[o->n].field);      \
	}

STORE_GROUP(rdbufs_reserved, o->dev->max_rdbufs, rdbufs_reserved)
STORE_GROUP(rdbufs_allowed, o->dev->max_rdbufs, rdbufs_allowed)
STORE_GROUP(use_rdbuf_limit, 1, use_rdbuf_limit)
STORE_GROUP(desc_progress_limit, 3, desc_progress_limit)
STORE_GROUP(batch_progress_limit, 3, batch_progress_limit)

/* Only with the module option tc_override on versions up to 2. */
static int store_traffic_class(const struct tb_object *o, const char *text)
{
	long long value;

	(void)o;
	return tb_number(text, 10, &value) ? -EPERM : -EINVAL;
}

static int store_ignored(const struct tb_object *o, const char *text)
{
	(void)o;
	(void)text;
	return 0;
}

const struct tb_attr tb_device_attrs[] = {
	{"version", 0444, show_version, NULL},
	{"max_groups", 0444, show_max_groups, NULL},
	{"max_work_queues", 0444, show_max_work_queues, NULL},
	{"max_work_queues_size", 0444, show_max_work_queues_size, NULL},
	{"max_engines", 0444, show_max_engines, NULL},
	{"numa_node", 0444, show_numa_node, NULL},
	{"max_batch_size", 0444, show_max_batch_size, NULL},
	{"max_transfer_size", 0444, show_max_transfer_size, NULL},
	{"op_cap", 0444, show_op_cap, NULL},
	{"gen_cap", 0444, show_gen_cap, NULL},
	{"configurable", 0444, show_configurable, NULL},
	{"clients", 0444, show_clients, NULL},
	{"pasid_enabled", 0444, show_pasid_enabled, NULL},
	{"state", 0444, show_state, NULL},
	{"errors", 0444, show_errors, NULL},
	{"max_tokens", 0444, show_max_read_buffers, NULL},
	{"max_read_buffers", 0444, show_max_read_buffers, NULL},
	{"token_limit", 0644, show_read_buffer_limit, store_read_buffer_limit},
	{"read_buffer_limit", 0644, show_read_buffer_limit,
	 store_read_buffer_limit},
	{"cdev_major", 0444, show_cdev_major, NULL},
	{"cmd_status", 0644, show_cmd_status, store_cmd_status},
	{"event_log_size", 0444, show_event_log_size, NULL},
	{"uevent", 0644, show_uevent, store_ignored},
	{NULL, 0, NULL, NULL},
};

const struct tb_attr tb_group_attrs[] = {
	{"work_queues", 0444, show_work_queues, NULL},
	{"engines", 0444, show_engines, NULL},
	{"use_token_limit", 0644, show_use_rdbuf_limit, store_use_rdbuf_limit},
	{"use_read_buffer_limit", 0644, show_use_rdbuf_limit,
	 store_use_rdbuf_limit},
	{"tokens_allowed", 0644, show_rdbufs_allowed, store_rdbufs_allowed},
	{"read_buffers_allowed", 0644, show_rdbufs_allowed,
	 store_rdbufs_allowed},
	{"tokens_reserved", 0644, show_rdbufs_reserved, store_rdbufs_reserved},
	{"read_buffers_reserved", 0644, show_rdbufs_reserved,
	 store_rdbufs_reserved},
	{"traffic_class_a", 0644, show_traffic_class_a, store_traffic_class},
	{"traffic_class_b", 0644, show_traffic_class_b, store_traffic_class},
	{"desc_progress_limit", 0644, show_desc_progress_limit,
	 store_desc_progress_limit},
	{"batch_progress_limit", 0644, show_batch_progress_limit,
	 store_batch_progress_limit},
	{NULL, 0, NULL, NULL},
};

const struct tb_attr tb_engine_attrs[] = {
	{"group_id", 0644, show_engine_group, store_engine_group},
	{NULL, 0, NULL, NULL},
};

const struct tb_attr tb_pci_attrs[] = {
	{"numa_node", 0444, show_numa_node, NULL},
	{NULL, 0, NULL, NULL},
};
