/* SPDX-License-Identifier: MIT */
/*
 * The one file system of the test device: /pci (device directories), /bus
 * (what /sys/bus/dsa holds), /dev and /iax (the nodes).
 */
#ifndef TB_TREE_H
#define TB_TREE_H

#include "attrs.h"

#include <sys/stat.h>

#define TB_PCI_ROOT "pci10000:00"

enum tb_place_kind {
	TB_PLACE_ROOT = 0,
	TB_PLACE_PCI, /* /pci */
	TB_PLACE_OBJECT, /* a directory with attributes */
	TB_PLACE_ATTR,
	TB_PLACE_BUS, /* /bus */
	TB_PLACE_BUS_DEVICES,
	TB_PLACE_DRIVERS,
	TB_PLACE_LINK_BUS, /* bus/devices/X -> the object */
	TB_PLACE_LINK_BOUND, /* drivers/D/X -> the object */
	TB_PLACE_LINK_SUBSYSTEM,
	TB_PLACE_LINK_DRIVER,
	TB_PLACE_DEV, /* /dev; n 1: /iax */
	TB_PLACE_NODE,
};

/* One entry; packs into an inode number. */
struct tb_place {
	uint8_t kind, object, dev, n, attr;
};

struct tb_place tb_place_of_ino(uint64_t ino);
uint64_t tb_ino_of_place(struct tb_place p);

/* The object of an attribute, object directory or link; the queue of a node. */
struct tb_object tb_place_object(struct tb_place p);
struct tb_wq *tb_place_wq(struct tb_place p);

/* Return true to stop. */
typedef bool tb_visit(void *arg, const char *name, struct tb_place child);

/* All entries of a directory.  These three are called with tb_lock held. */
void tb_tree_each(struct tb_place dir, tb_visit *visit, void *arg);
void tb_tree_stat(struct tb_place p, struct stat *st);
int tb_tree_readlink(struct tb_place p, char *buf, size_t size);

#endif
