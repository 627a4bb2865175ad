// SPDX-License-Identifier: MIT
/*
 * Room: COLD.  Attributes of the bus and its drivers: bind and unbind.
 * May: change the world under tb_lock.  Must not: know about FUSE.
 */
#include "attrs.h"
#include "model.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static int show_uevent(const struct tb_object *o, char *buf)
{
	(void)o;
	buf[0] = '\0';
	return 0;
}

static int store_ignored(const struct tb_object *o, const char *text)
{
	(void)o;
	(void)text;
	return 0;
}

/* The object that the text written to bind or unbind names. */
static int find_target(const char *text, struct tb_device **dev, int *wq)
{
	int id;

	*wq = -1;
	if (sscanf(text, "wq%d.%d", &id, wq) == 2) {
		*dev = tb_device_find(false, id);
		if (!*dev)
			*dev = tb_device_find(true, id);
		if (*wq < 0 || *wq >= TB_MAX_WQS)
			return -ENODEV;
	} else if (sscanf(text, "dsa%d", &id) == 1) {
		*dev = tb_device_find(false, id);
	} else if (sscanf(text, "iax%d", &id) == 1) {
		*dev = tb_device_find(true, id);
	} else {
		return -ENODEV;
	}
	return *dev ? 0 : -ENODEV;
}

static int store_bind(const struct tb_object *o, const char *text)
{
	static const char *const names[] = {"idxd", "dmaengine", "user"};
	struct tb_device *dev;
	int wq;

	if (find_target(text, &dev, &wq) < 0 ||
	    (wq < 0) != (o->n == TB_DRIVER_IDXD))
		return -ENODEV;
	if (wq < 0)
		return tb_device_enable(dev);
	return tb_wq_enable(&dev->wqs[wq], names[o->n]);
}

static int store_unbind(const struct tb_object *o, const char *text)
{
	struct tb_device *dev;
	int wq;

	if (find_target(text, &dev, &wq) < 0 ||
	    (wq < 0) != (o->n == TB_DRIVER_IDXD))
		return -ENODEV;
	return wq < 0 ? tb_device_disable(dev) : tb_wq_disable(&dev->wqs[wq]);
}

const struct tb_attr tb_driver_attrs[] = {
	{"bind", 0200, NULL, store_bind},
	{"unbind", 0200, NULL, store_unbind},
	{"uevent", 0200, NULL, store_ignored},
	{NULL, 0, NULL, NULL},
};

const struct tb_attr tb_bus_attrs[] = {
	{"drivers_probe", 0200, NULL, store_ignored},
	{"drivers_autoprobe", 0644, show_uevent, store_ignored},
	{"uevent", 0200, NULL, store_ignored},
	{NULL, 0, NULL, NULL},
};
