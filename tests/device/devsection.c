// SPDX-License-Identifier: MIT
/*
 * Room: COLD.  The sections of the device file, and complaints about it.
 * May: add devices to the world.  Must not: read files.
 */
#include "devsection.h"
#include "model.h"

#include <stdio.h>
#include <string.h>

const char *tb_complain_where = "command line";
int tb_complain_line;

int tb_complain(const char *key, const char *what, const char *text)
{
	if (tb_complain_line)
		tb_say("%s:%d: %s: %s%s%s", tb_complain_where, tb_complain_line,
		       key, what, text ? ", not " : "", text ? text : "");
	else
		tb_say("%s: %s: %s%s%s", tb_complain_where, key, what,
		       text ? ", not " : "", text ? text : "");
	return -1;
}

void tb_section_wq_defaults(struct tb_wq *wq)
{
	wq->is_enabled = true;
	wq->type = TB_WQ_USER;
	wq->group = 0;
	wq->size = 16;
	wq->threshold = 15;
	wq->priority = 10;
	snprintf(wq->name, sizeof(wq->name), "app%d", wq->id);
	snprintf(wq->driver_name, sizeof(wq->driver_name), "user");
}

/* The device with that number, of either kind. */
static struct tb_device *numbered(int id)
{
	struct tb_device *dev = tb_device_find(false, id);

	return dev ? dev : tb_device_find(true, id);
}

static bool choose_part(const char *name, struct tb_chosen *section)
{
	int device, part, end = 0;
	struct tb_device *dev;

	if (sscanf(name, "wq%d.%d%n", &device, &part, &end) == 2 &&
	    !name[end] && part >= 0 && part < TB_MAX_WQS &&
	    (dev = numbered(device))) {
		section->kind = TB_SECTION_WQ;
		section->object = &dev->wqs[part];
		return true;
	}
	end = 0;
	if (sscanf(name, "engine%d.%d%n", &device, &part, &end) == 2 &&
	    !name[end] && part >= 0 && part < TB_MAX_ENGINES &&
	    (dev = numbered(device))) {
		section->kind = TB_SECTION_ENGINE;
		section->object = &dev->engine_group[part];
		return true;
	}
	return false;
}

/* Devices come into being when named, if may_add. */
int tb_section_choose(const char *name, struct tb_chosen *section, bool may_add)
{
	bool is_iax = strncmp(name, "iax", 3) == 0;
	int id, end = 0;

	snprintf(section->name, sizeof(section->name), "%s", name);
	if (choose_part(name, section))
		return 0;
	if ((sscanf(name, "dsa%d%n", &id, &end) != 1 &&
	     sscanf(name, "iax%d%n", &id, &end) != 1) ||
	    name[end] || id < 0)
		return tb_complain(
			name,
			"expected dsaN, iaxN, wqN.N or engineN.N of a "
			"device named before",
			NULL);
	section->kind = TB_SECTION_DEVICE;
	section->object = tb_device_find(is_iax, id);
	if (section->object)
		return 0;
	if (!may_add || numbered(id))
		return tb_complain(name, "no such device", NULL);
	section->object = tb_device_add(is_iax, id);
	if (!section->object)
		return tb_complain(name, "too many devices", NULL);
	((struct tb_device *)section->object)->state = TB_DEV_ENABLED;
	return 0;
}
