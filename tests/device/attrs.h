/* SPDX-License-Identifier: MIT */
/* The attributes of sysfs: what a current idxd driver shows and accepts. */
#ifndef TB_ATTRS_H
#define TB_ATTRS_H

#include "tb.h"

enum tb_kind {
	TB_KIND_DEVICE,
	TB_KIND_WQ,
	TB_KIND_GROUP,
	TB_KIND_ENGINE,
	TB_KIND_PCI,
	TB_KIND_DRIVER, /* n: TB_DRIVER_IDXD ... */
	TB_KIND_BUS,
	TB_KIND_CDEV, /* of queue n */
	TB_KIND_FILE, /* n: its number */
	TB_KINDS
};

enum {
	TB_DRIVER_IDXD,
	TB_DRIVER_DMAENGINE,
	TB_DRIVER_USER,
	TB_DRIVERS
};

/* What an attribute belongs to. */
struct tb_object {
	enum tb_kind kind;
	struct tb_device *dev;
	int n; /* of the queue, group, engine, driver, open file */
};

struct tb_attr {
	const char *name;
	unsigned int mode;
	/* Text into buf (at least 4096 bytes): its length, or -errno. */
	int (*show)(const struct tb_object *o, char *buf);
	/* 0 or -errno; text ends in a zero, perhaps after a newline. */
	int (*store)(const struct tb_object *o, const char *text);
};

extern const struct tb_attr tb_device_attrs[], tb_wq_attrs[], tb_group_attrs[],
	tb_engine_attrs[], tb_pci_attrs[], tb_driver_attrs[], tb_bus_attrs[],
	tb_cdev_attrs[], tb_file_attrs[];

/*
 * The attribute with that index, or NULL behind the last; hidden ones are
 * skipped by the caller, see tb_attr_is_hidden().
 */
const struct tb_attr *tb_attr_of(enum tb_kind kind, int index);
bool tb_attr_is_hidden(const struct tb_object *o, const struct tb_attr *attr);

/*
 * Read and write with tb_lock held: overrides of the device file first.
 * Length, 0 or -errno.
 */
int tb_attr_show(const struct tb_object *o, const struct tb_attr *attr,
		 char *buf);
int tb_attr_store(const struct tb_object *o, const struct tb_attr *attr,
		  const char *text);

/* As sysfs compares: a final newline does not count. */
bool tb_streq(const char *text, const char *word);

/* kstrtoul and the like in base 10 or 0; false: not a number. */
bool tb_number(const char *text, int base, long long *value);

#endif
