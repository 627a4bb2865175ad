// SPDX-License-Identifier: MIT
/*
 * Room: COLD.  Names, places and links of the objects in sysfs.
 * May: look at the world.  Must not: change it, know about FUSE.
 */
#include "tree_links.h"
#include "client.h"

#include <stdio.h>
#include <string.h>

static const char *const drivers[] = {"idxd", "dmaengine", "user"};

void tb_tree_name(struct tb_place p, char name[32])
{
	static const char *const parts[] = {[TB_KIND_WQ] = "wq",
					    [TB_KIND_GROUP] = "group",
					    [TB_KIND_ENGINE] = "engine"};
	const struct tb_device *dev = &tb_world.devices[p.dev];
	char device[16];

	switch (p.object) {
	case TB_KIND_DEVICE:
		snprintf(name, 32, "%s", tb_device_name(dev, device));
		break;
	case TB_KIND_PCI:
		snprintf(name, 32, "10000:%02x:01.0", p.dev + 1);
		break;
	case TB_KIND_DRIVER:
		snprintf(name, 32, "%s", drivers[p.n]);
		break;
	case TB_KIND_CDEV:
		snprintf(name, 32, "%s!wq%d.%d", dev->is_iax ? "iax" : "dsa",
			 dev->id, p.n);
		break;
	case TB_KIND_FILE:
		snprintf(name, 32, "file%d", p.n);
		break;
	default:
		snprintf(name, 32, "%s%d.%d", parts[p.object], dev->id, p.n);
		break;
	}
}

int tb_tree_driver(enum tb_kind kind, const struct tb_device *dev, int n)
{
	if (kind == TB_KIND_DEVICE)
		return dev->state == TB_DEV_DISABLED ? -1 : TB_DRIVER_IDXD;
	if (kind != TB_KIND_WQ || !dev->wqs[n].is_enabled)
		return -1;
	return dev->wqs[n].type == TB_WQ_KERNEL ? TB_DRIVER_DMAENGINE
						: TB_DRIVER_USER;
}

/* Below the device's directory, and how many levels that is. */
static unsigned int part_of(struct tb_place p, char part[80])
{
	const struct tb_client *client;
	struct tb_place up = p;
	unsigned int depth = 0;
	char name[32];

	part[0] = '\0';
	switch (p.object) {
	case TB_KIND_DEVICE:
		return 0;
	case TB_KIND_FILE:
		client = tb_client_of_file(p.n);
		up.object = TB_KIND_CDEV;
		up.n = client ? (uint8_t)client->wq->id : 0;
		depth = part_of(up, part);
		break;
	case TB_KIND_CDEV:
		up.object = TB_KIND_WQ;
		depth = part_of(up, part);
		break;
	default:
		break;
	}
	tb_tree_name(p, name);
	snprintf(part + strlen(part), 80 - strlen(part), "/%s", name);
	return depth + 1;
}

int tb_tree_readlink(struct tb_place p, char *buf, size_t size)
{
	const struct tb_device *dev = &tb_world.devices[p.dev];
	int driver = tb_tree_driver(p.object, dev, p.n);
	char device[16], part[80];
	unsigned int depth = part_of(p, part);
	int n = 0;

	if (p.kind == TB_PLACE_LINK_SUBSYSTEM || p.kind == TB_PLACE_LINK_DRIVER)
		while (depth--)
			n += snprintf(buf + n, size - (size_t)n, "../");
	switch (p.kind) {
	case TB_PLACE_LINK_SUBSYSTEM:
		return n + snprintf(buf + n, size - (size_t)n,
				    "../../../../bus/dsa");
	case TB_PLACE_LINK_DRIVER:
		return n + snprintf(buf + n, size - (size_t)n,
				    "../../../../bus/dsa/drivers/%s",
				    driver < 0 ? "none" : drivers[driver]);
	default:
		return snprintf(buf, size,
				"../../../%sdevices/" TB_PCI_ROOT
				"/10000:%02x:01.0/%s%s",
				p.kind == TB_PLACE_LINK_BOUND ? "../" : "",
				p.dev + 1, tb_device_name(dev, device), part);
	}
}
