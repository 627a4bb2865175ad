// SPDX-License-Identifier: MIT
/*
 * Room: COLD.  Names and links of sysfs.
 * May: look at the world.  Must not: change it, know about FUSE.
 */
#include "tree_links.h"
#include "client.h"

#include <string.h>

_Static_assert(TB_PLACE_NODE == 12, "TB_INO_IS_NODE in shm.h");

struct tb_place tb_place_of_ino(uint64_t ino)
{
	ino -= 1; /* FUSE's root is 1 */
	return (struct tb_place){(uint8_t)(ino >> 32), (uint8_t)(ino >> 24),
				 (uint8_t)(ino >> 16), (uint8_t)(ino >> 8),
				 (uint8_t)ino};
}

uint64_t tb_ino_of_place(struct tb_place p)
{
	return ((uint64_t)p.kind << 32 | (uint64_t)p.object << 24 |
		(uint64_t)p.dev << 16 | (uint64_t)p.n << 8 | p.attr) +
	       1;
}

struct tb_object tb_place_object(struct tb_place p)
{
	return (struct tb_object){p.object, &tb_world.devices[p.dev], p.n};
}

struct tb_wq *tb_place_wq(struct tb_place p)
{
	return &tb_world.devices[p.dev].wqs[p.n];
}

/* What visits a directory, and whether it has had enough. */
struct walk {
	tb_visit *visit;
	void *arg;
	bool is_done;
};

static void visit(struct walk *w, struct tb_place child, const char *name)
{
	if (!w->is_done)
		w->is_done = w->visit(w->arg, name, child);
}

static struct tb_place place(enum tb_place_kind kind, struct tb_place of)
{
	of.kind = (uint8_t)kind;
	return of;
}

static void visit_object(struct walk *w, struct tb_place of, enum tb_kind kind,
			 unsigned int dev, unsigned int n,
			 enum tb_place_kind as)
{
	struct tb_place child = {(uint8_t)as, (uint8_t)kind, (uint8_t)dev,
				 (uint8_t)n, of.n};
	char name[32];

	child.attr = 0;
	tb_tree_name(child, name);
	/* A link in a driver's directory is told from that in another. */
	if (as == TB_PLACE_LINK_BOUND)
		child.attr = of.n;
	visit(w, child, name);
}

static void visit_attrs(struct walk *w, struct tb_place p)
{
	struct tb_object o = tb_place_object(p);
	const struct tb_attr *attr;

	for (int i = 0; (attr = tb_attr_of(o.kind, i)); i++) {
		struct tb_place child = place(TB_PLACE_ATTR, p);

		child.attr = (uint8_t)i;
		if (!tb_attr_is_hidden(&o, attr))
			visit(w, child, attr->name);
	}
}

/* The character device of a queue, if it has one. */
static void visit_cdev(struct walk *w, const struct tb_wq *wq,
		       struct tb_place p, enum tb_place_kind as)
{
	if (wq->minor >= 0)
		visit_object(w, p, TB_KIND_CDEV, (unsigned int)wq->dev->index,
			     (unsigned int)wq->id, as);
}

/* The files that are open on it. */
static void visit_files(struct walk *w, const struct tb_wq *wq,
			struct tb_place p, enum tb_place_kind as)
{
	for (unsigned int n = 0; n < 256; n++) {
		const struct tb_client *client = tb_client_of_file((int)n);

		if (client && client->wq == wq)
			visit_object(w, p, TB_KIND_FILE,
				     (unsigned int)wq->dev->index, n, as);
	}
}

/* All devices, queues, groups and engines; driver >= 0: those bound to it. */
static void visit_all(struct walk *w, struct tb_place p, enum tb_place_kind as,
		      int driver)
{
	for (int d = 0; d < tb_world.ndevices; d++) {
		const struct tb_device *dev = &tb_world.devices[d];
		const unsigned int count[] = {[TB_KIND_DEVICE] = 1,
					      [TB_KIND_WQ] = dev->max_wqs,
					      [TB_KIND_GROUP] = dev->max_groups,
					      [TB_KIND_ENGINE] =
						      dev->max_engines};

		for (int kind = 0; kind <= TB_KIND_ENGINE; kind++)
			for (unsigned int n = 0; n < count[kind]; n++)
				if (driver < 0 ||
				    tb_tree_driver((enum tb_kind)kind, dev,
						   (int)n) == driver)
					visit_object(w, p, (enum tb_kind)kind,
						     (unsigned int)d, n, as);
		for (unsigned int n = 0; driver < 0 && n < dev->max_wqs; n++) {
			visit_cdev(w, &dev->wqs[n], p, as);
			visit_files(w, &dev->wqs[n], p, as);
		}
	}
}

static void visit_device(struct walk *w, struct tb_place p)
{
	const struct tb_device *dev = &tb_world.devices[p.dev];

	for (unsigned int i = 0; i < dev->max_wqs; i++)
		visit_object(w, p, TB_KIND_WQ, p.dev, i, TB_PLACE_OBJECT);
	for (unsigned int i = 0; i < dev->max_groups; i++)
		visit_object(w, p, TB_KIND_GROUP, p.dev, i, TB_PLACE_OBJECT);
	for (unsigned int i = 0; i < dev->max_engines; i++)
		visit_object(w, p, TB_KIND_ENGINE, p.dev, i, TB_PLACE_OBJECT);
}

static void each_of_object(struct walk *w, struct tb_place p)
{
	visit_attrs(w, p);
	switch (p.object) {
	case TB_KIND_PCI:
		visit_object(w, p, TB_KIND_DEVICE, p.dev, 0, TB_PLACE_OBJECT);
		return;
	case TB_KIND_DRIVER:
		visit_all(w, p, TB_PLACE_LINK_BOUND, p.n);
		return;
	case TB_KIND_DEVICE:
		visit_device(w, p);
		break;
	case TB_KIND_WQ:
		visit_cdev(w, tb_place_wq(p), p, TB_PLACE_OBJECT);
		break;
	case TB_KIND_CDEV:
		visit_files(w, tb_place_wq(p), p, TB_PLACE_OBJECT);
		break;
	default:
		break;
	}
	visit(w, place(TB_PLACE_LINK_SUBSYSTEM, p), "subsystem");
	if (tb_tree_driver(p.object, &tb_world.devices[p.dev], p.n) >= 0)
		visit(w, place(TB_PLACE_LINK_DRIVER, p), "driver");
}

static void each_node(struct walk *w, struct tb_place p)
{
	for (int d = 0; d < tb_world.ndevices; d++)
		for (unsigned int n = 0; n < TB_MAX_WQS; n++)
			if (tb_world.devices[d].wqs[n].minor >= 0 &&
			    tb_world.devices[d].is_iax == p.n)
				visit_object(w, p, TB_KIND_WQ, (unsigned int)d,
					     n, TB_PLACE_NODE);
}

void tb_tree_each(struct tb_place p, tb_visit *callback, void *arg)
{
	struct walk w = {callback, arg, false};
	struct tb_place none = {0};

	switch (p.kind) {
	case TB_PLACE_ROOT:
		visit(&w, place(TB_PLACE_PCI, none), "pci");
		visit(&w, place(TB_PLACE_BUS, none), "bus");
		visit(&w, place(TB_PLACE_DEV, none), "dev");
		none.n = 1;
		visit(&w, place(TB_PLACE_DEV, none), "iax");
		break;
	case TB_PLACE_PCI:
		for (int d = 0; d < tb_world.ndevices; d++)
			visit_object(&w, p, TB_KIND_PCI, (unsigned int)d, 0,
				     TB_PLACE_OBJECT);
		break;
	case TB_PLACE_OBJECT:
		each_of_object(&w, p);
		break;
	case TB_PLACE_BUS:
		p.object = TB_KIND_BUS;
		visit_attrs(&w, p);
		visit(&w, place(TB_PLACE_BUS_DEVICES, none), "devices");
		visit(&w, place(TB_PLACE_DRIVERS, none), "drivers");
		break;
	case TB_PLACE_BUS_DEVICES:
		visit_all(&w, p, TB_PLACE_LINK_BUS, -1);
		break;
	case TB_PLACE_DRIVERS:
		for (unsigned int n = 0; n < TB_DRIVERS; n++)
			visit_object(&w, p, TB_KIND_DRIVER, 0, n,
				     TB_PLACE_OBJECT);
		break;
	case TB_PLACE_DEV:
		each_node(&w, p);
		break;
	default:
		break;
	}
}

void tb_tree_stat(struct tb_place p, struct stat *st)
{
	struct tb_object o;

	memset(st, 0, sizeof(*st));
	st->st_ino = tb_ino_of_place(p);
	st->st_nlink = 1;
	st->st_blksize = 4096;
	st->st_atime = st->st_mtime = st->st_ctime = time(NULL);
	switch (p.kind) {
	case TB_PLACE_ATTR:
		o = tb_place_object(p);
		st->st_mode = S_IFREG | tb_attr_of(o.kind, p.attr)->mode;
		st->st_size = 4096;
		break;
	case TB_PLACE_NODE:
		st->st_mode = S_IFREG | tb_place_wq(p)->mode;
		st->st_uid = tb_place_wq(p)->uid;
		st->st_gid = tb_place_wq(p)->gid;
		break;
	case TB_PLACE_LINK_BUS:
	case TB_PLACE_LINK_BOUND:
	case TB_PLACE_LINK_SUBSYSTEM:
	case TB_PLACE_LINK_DRIVER:
		st->st_mode = S_IFLNK | 0777;
		break;
	default:
		st->st_mode = S_IFDIR | 0755;
		st->st_nlink = 2;
		break;
	}
}
