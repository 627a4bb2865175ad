/* SPDX-License-Identifier: MIT */
/* A tree of DSA devices in a temporary directory, as sysfs would show it. */
#ifndef SYSFS_H
#define SYSFS_H

#include "suite.h"

#include "discover.h"

#include <fcntl.h>
#include <ftw.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char sysfs_root[] = "/tmp/dsamove-sysfs-XXXXXX";
static char sysfs_bus[80], sysfs_nodes[80];

/* The parent directories of path. */
static inline void sysfs_parents(char *path)
{
	for (char *p = path + 1; (p = strchr(p, '/')); p++) {
		*p = 0;
		mkdir(path, 0755);
		*p = '/';
	}
}

/* value and a newline into ROOT/name; NULL: an empty directory. */
static inline void sysfs_put(const char *name, const char *value)
{
	char path[300];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", sysfs_root, name);
	sysfs_parents(path);
	if (!value) {
		ck_assert(!mkdir(path, 0755));
		return;
	}
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	ck_assert_int_ge(fd, 0);
	dprintf(fd, "%s\n", value);
	close(fd);
}

static inline void sysfs_drop(const char *name)
{
	char path[300];

	snprintf(path, sizeof(path), "%s/%s", sysfs_root, name);
	ck_assert(!remove(path));
}

static inline void sysfs_begin(void)
{
	ck_assert_ptr_nonnull(mkdtemp(sysfs_root));
	snprintf(sysfs_bus, sizeof(sysfs_bus), "%s/bus", sysfs_root);
	snprintf(sysfs_nodes, sizeof(sysfs_nodes), "%s/dev", sysfs_root);
	dsam_discover_bus = sysfs_bus;
	dsam_discover_nodes = sysfs_nodes;
	sysfs_put("bus", NULL);
	sysfs_put("dev", NULL);
}

static inline int sysfs_remove(const char *path, const struct stat *st,
			       int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static inline void sysfs_end(void)
{
	nftw(sysfs_root, sysfs_remove, 8, FTW_DEPTH | FTW_PHYS);
}

/* The least that the kernel driver of 5.11 or so shows. */
static inline void sysfs_minimal(void)
{
	sysfs_put("bus/dsa0/cmd_status", "0");
	sysfs_put("bus/dsa0/state", "enabled");
	sysfs_put("bus/dsa0/wq0.0/state", "enabled");
	sysfs_put("bus/dsa0/wq0.0/mode", "shared");
	sysfs_put("bus/dsa0/wq0.0/type", "user");
	sysfs_put("dev/wq0.0", "");
}

/* Sapphire Rapids, one queue of 32 entries. */
static inline void sysfs_realistic(void)
{
	static const char *const all[][2] = {
		{"version", "0x100"},
		{"numa_node", "1"},
		{"gen_cap", "0x40915f0107"},
		{"op_cap", "00000000,00000000,00000000,00000000,00000000,"
			   "00000000,00000001,003f03ff"},
		{"max_work_queues", "8"},
		{"max_transfer_size", "2147483648"},
		{"pasid_enabled", "1"},
		{"wq0.0/driver_name", "user"},
		{"wq0.0/name", "app"},
		{"wq0.0/group_id", "0"},
		{"wq0.0/size", "32"},
		{"wq0.0/threshold", "28"},
		{"wq0.0/ats_disable", "0"},
		{"wq0.0/max_transfer_size", "2097152"},
		{"wq0.0/max_batch_size", "32"}};
	char name[64];

	sysfs_minimal();
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		snprintf(name, sizeof(name), "bus/dsa0/%s", all[i][0]);
		sysfs_put(name, all[i][1]);
	}
	sysfs_put("bus/dsa0/engine0.0/group_id", "0");
	sysfs_put("bus/dsa0/group0.0/engines", "engine0.0");
}

#endif
