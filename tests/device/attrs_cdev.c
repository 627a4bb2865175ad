// SPDX-License-Identifier: MIT
/*
 * Room: COLD.  Attributes of a queue's character device and of the files that
 * are open on it (drivers/dma/idxd/cdev.c).
 * May: read the world under tb_lock.  Must not: change it.
 */
#include "attrs.h"
#include "client.h"

#include <errno.h>
#include <stdio.h>

static int show_dev(const struct tb_object *o, char *buf)
{
	return sprintf(buf, "%d:%d\n", tb_world.major, o->dev->wqs[o->n].minor);
}

static int show_uevent(const struct tb_object *o, char *buf)
{
	const struct tb_wq *wq = &o->dev->wqs[o->n];
	char name[16];

	return sprintf(buf, "MAJOR=%d\nMINOR=%d\nDEVNAME=%s/%s\n",
		       tb_world.major, wq->minor,
		       o->dev->is_iax ? "iax" : "dsa", tb_wq_name(wq, name));
}

static int store_ignored(const struct tb_object *o, const char *text)
{
	(void)o;
	(void)text;
	return 0;
}

/* Records are never written by the driver here: there is no event log. */
static int show_none(const struct tb_object *o, char *buf)
{
	(void)o;
	return sprintf(buf, "0\n");
}

static int show_pid(const struct tb_object *o, char *buf)
{
	const struct tb_client *client = tb_client_of_file(o->n);

	if (!client)
		return -ENODEV;
	return sprintf(buf, "%d\n", (int)client->pid);
}

const struct tb_attr tb_cdev_attrs[] = {
	{"dev", 0444, show_dev, NULL},
	{"uevent", 0644, show_uevent, store_ignored},
	{NULL, 0, NULL, NULL},
};

const struct tb_attr tb_file_attrs[] = {
	{"cr_faults", 0444, show_none, NULL},
	{"cr_fault_failures", 0444, show_none, NULL},
	{"pid", 0444, show_pid, NULL},
	{NULL, 0, NULL, NULL},
};
