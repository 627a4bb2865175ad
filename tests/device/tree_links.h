/* SPDX-License-Identifier: MIT */
/* What objects are called, where they are, what they are bound to. */
#ifndef TB_TREE_LINKS_H
#define TB_TREE_LINKS_H

#include "tree.h"

/* The object's own name: "dsa0", "wq0.1", "dsa!wq0.1", "file3" ... */
void tb_tree_name(struct tb_place p, char name[32]);

/* The driver that a device or queue is bound to, -1: none. */
int tb_tree_driver(enum tb_kind kind, const struct tb_device *dev, int n);

#endif
