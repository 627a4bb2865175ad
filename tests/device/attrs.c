// SPDX-License-Identifier: MIT
/*
 * Room: COLD.  Attributes in general: tables, overrides, numbers.
 * May: look at the world under tb_lock.  Must not: know about FUSE.
 */
#include "attrs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool tb_streq(const char *text, const char *word)
{
	size_t n = strcspn(text, "\n");

	return n == strlen(word) && memcmp(text, word, n) == 0;
}

bool tb_number(const char *text, int base, long long *value)
{
	char *end;

	errno = 0;
	*value = strtoll(text, &end, base);
	if (errno || end == text)
		return false;
	if (*end == '\n')
		end++;
	return !*end;
}

const struct tb_attr *tb_attr_of(enum tb_kind kind, int index)
{
	static const struct tb_attr *const tables[TB_KINDS] = {
		[TB_KIND_DEVICE] = tb_device_attrs,
		[TB_KIND_WQ] = tb_wq_attrs,
		[TB_KIND_GROUP] = tb_group_attrs,
		[TB_KIND_ENGINE] = tb_engine_attrs,
		[TB_KIND_PCI] = tb_pci_attrs,
		[TB_KIND_DRIVER] = tb_driver_attrs,
		[TB_KIND_BUS] = tb_bus_attrs,
		[TB_KIND_CDEV] = tb_cdev_attrs,
		[TB_KIND_FILE] = tb_file_attrs,
	};

	for (int i = 0; i <= index; i++)
		if (!tables[kind][i].name)
			return NULL;
	return &tables[kind][index];
}

/* The name that the device file calls the object by. */
static void object_name(const struct tb_object *o, char name[16])
{
	static const char *const part[] = {[TB_KIND_WQ] = "wq",
					   [TB_KIND_GROUP] = "group",
					   [TB_KIND_ENGINE] = "engine"};

	name[0] = '\0';
	if (o->kind == TB_KIND_DEVICE)
		tb_device_name(o->dev, name);
	else if (o->kind <= TB_KIND_ENGINE)
		snprintf(name, 16, "%s%d.%d", part[o->kind], o->dev->id, o->n);
}

static const struct tb_override *find_override(const struct tb_object *o,
					       const char *attr)
{
	char name[16];

	object_name(o, name);
	/* The last one wins, so --set beats the file. */
	for (int i = tb_world.noverrides - 1; i >= 0; i--) {
		const struct tb_override *v = &tb_world.overrides[i];

		if (strcmp(v->where, name) == 0 && strcmp(v->attr, attr) == 0)
			return v;
	}
	return NULL;
}

/* What an IAA does not have (idxd_*_attr_visible). */
static bool is_dsa_only(const struct tb_object *o, const char *name)
{
	if (o->kind == TB_KIND_GROUP)
		return strstr(name, "read_buffer") || strstr(name, "token");
	return strcmp(name, "max_batch_size") == 0 ||
	       strstr(name, "read_buffer") || strstr(name, "token");
}

bool tb_attr_is_hidden(const struct tb_object *o, const struct tb_attr *attr)
{
	const struct tb_override *v;

	if (o->kind > TB_KIND_ENGINE)
		return false;
	v = find_override(o, attr->name);
	if (v)
		return v->is_hidden;
	if (o->dev->is_iax && is_dsa_only(o, attr->name))
		return true;
	/* Bits 13 and 14 of GENCAP: event log. */
	if (strcmp(attr->name, "event_log_size") == 0)
		return !(o->dev->gen_cap & 0x6000);
	return strstr(attr->name, "progress_limit") && o->dev->version < 0x200;
}

int tb_attr_show(const struct tb_object *o, const struct tb_attr *attr,
		 char *buf)
{
	const struct tb_override *v = find_override(o, attr->name);

	if (v && !v->is_hidden)
		return snprintf(buf, 4096, "%s\n", v->text);
	return attr->show ? attr->show(o, buf) : -EACCES;
}

int tb_attr_store(const struct tb_object *o, const struct tb_attr *attr,
		  const char *text)
{
	return attr->store ? attr->store(o, text) : -EACCES;
}
