// SPDX-License-Identifier: MIT
/*
 * Room: COLD (birth).  The same question asked of sysfs itself, for where
 * libaccel-config can't answer; and the attributes that it doesn't hand out.
 * May: read /sys and /dev/dsa.  Must not: write there, print.
 */
#include "discover.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *dsam_discover_bus = "/sys/bus/dsa/devices";
const char *dsam_discover_nodes = "/dev/dsa";

bool dsam_discover_attribute(const char *object, const char *name, char *out,
			     size_t room)
{
	char path[256];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "%s/%s/%s", dsam_discover_bus, object,
		 name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, out, room - 1);
	close(fd);
	if (n < 0)
		return false;
	out[n] = 0;
	out[strcspn(out, "\n")] = 0;
	return true;
}

/* A number within [low, high], or other if there is none. */
static int64_t number(const char *object, const char *name, int64_t low,
		      int64_t high, int64_t other)
{
	char text[64], *end;
	int64_t v;

	if (!dsam_discover_attribute(object, name, text, sizeof(text)))
		return other;
	errno = 0;
	v = strtoll(text, &end, 0);
	return errno || end == text || *end || v < low || v > high ? other : v;
}

/*
 * op_cap: eight 32-bit words with commas, most significant first; very old
 * kernels: four 64-bit words with blanks, least significant first.
 */
static uint64_t operations(const char *object, const char *name)
{
	char text[256], *word, *save = NULL;
	uint64_t all[8];
	int count = 0;

	if (!dsam_discover_attribute(object, name, text, sizeof(text)))
		return ~0ULL;
	if (!strchr(text, ',')) {
		all[0] = strtoull(text, NULL, 16);
		return all[0] ? all[0] : ~0ULL;
	}
	for (word = strtok_r(text, ",", &save); word && count < 8;
	     word = strtok_r(NULL, ",", &save))
		all[count++] = strtoull(word, NULL, 16);
	if (count < 2)
		return ~0ULL;
	return all[count - 2] << 32 | (all[count - 1] & 0xffffffff);
}

static bool find_node(const char *name, char *out, size_t room)
{
	snprintf(out, room, "%s/%s", dsam_discover_nodes, name);
	if (!access(out, F_OK))
		return true;
	out[0] = 0;
	return false;
}

static void complete(struct dsam_wq *wq)
{
	char state[16];
	char object[64];

	snprintf(object, sizeof(object), "%s/%s", wq->device, wq->name);
	/* The queue's list is newer than the device's, and no longer. */
	wq->op_cap = operations(wq->device, "op_cap") &
		     operations(object, "op_config");
	if (dsam_discover_attribute(wq->device, "state", state, sizeof(state)))
		wq->device_is_halted = !strcmp(state, "halted");
	wq->pasid_enabled = number(wq->device, "pasid_enabled", 0, 1, 1) == 1;
}

static void take_wq(const char *device, const char *name, struct dsam_wq *wq)
{
	char state[16] = "", q[64];

	memset(wq, 0, sizeof(*wq));
	snprintf(q, sizeof(q), "%s/%s", device, name);
	snprintf(wq->device, sizeof(wq->device), "%s", device);
	snprintf(wq->name, sizeof(wq->name), "%s", name);
	dsam_discover_attribute(device, "state", state, sizeof(state));
	wq->device_is_enabled = !strcmp(state, "enabled");
	dsam_discover_attribute(q, "state", wq->state, sizeof(wq->state));
	if (!dsam_discover_attribute(q, "mode", wq->mode, sizeof(wq->mode)))
		snprintf(wq->mode, sizeof(wq->mode), "of unknown mode");
	if (!dsam_discover_attribute(q, "type", wq->type, sizeof(wq->type)))
		snprintf(wq->type, sizeof(wq->type), "unknown");
	find_node(name, wq->path, sizeof(wq->path));
	wq->numa_node = (int)number(device, "numa_node", -1, 4095, -1);
	wq->gen_cap = (uint64_t)number(device, "gen_cap", 0, INT64_MAX, 0);
	wq->size = (uint32_t)number(q, "size", 1, 65535, 0);
	wq->threshold = (uint32_t)number(q, "threshold", 1, 65535, 0);
	wq->max_transfer =
		(uint64_t)number(q, "max_transfer_size", 1, 1LL << 40, 0);
	wq->max_batch =
		(uint32_t)number(q, "max_batch_size", 1, DSAM_MAX_BATCH, 0);
	wq->ats_disable = number(q, "ats_disable", 0, 1, 0) == 1;
	complete(wq);
}

/* Is name prefix, digits and nothing else (with one '.' where dotted)? */
/* NOLINTNEXTLINE(misc-no-recursion): one level */
static bool is_named(const char *name, const char *prefix, bool dotted)
{
	size_t n = strlen(prefix), digits;

	if (strncmp(name, prefix, n) != 0)
		return false;
	name += n;
	digits = strspn(name, "0123456789");
	if (!digits || !dotted)
		return digits && !name[digits];
	return name[digits] == '.' && is_named(name + digits + 1, "", false);
}

typedef bool visitor(const char *device, const char *name, void *arg);

/* The queues of one device, as directories below it.  True: visit stopped. */
static bool each_of(const char *device, visitor *visit, void *arg)
{
	char path[512];
	struct dirent *e;
	bool stopped = false;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/%s", dsam_discover_bus, device);
	dir = opendir(path);
	while (dir && !stopped && (e = readdir(dir)))
		stopped = is_named(e->d_name, "wq", true) &&
			  strlen(e->d_name) < 20 &&
			  !visit(device, e->d_name, arg);
	if (dir)
		closedir(dir);
	return stopped;
}

/* Every queue of every device: 0, 1 if visit stopped it, -1: no bus. */
static int each(visitor *visit, void *arg)
{
	DIR *dir = opendir(dsam_discover_bus);
	struct dirent *e;
	int rc = 0;

	if (!dir)
		return -1;
	while (!rc && (e = readdir(dir)))
		if (is_named(e->d_name, "dsa", false) && strlen(e->d_name) < 20)
			rc = each_of(e->d_name, visit, arg);
	closedir(dir);
	return rc;
}

struct collection {
	struct dsam_wq *found;
	size_t room, count;
};

static bool collect(const char *device, const char *name, void *arg)
{
	struct collection *c = arg;

	if (c->count == c->room)
		return false;
	take_wq(device, name, &c->found[c->count++]);
	return true;
}

static int by_name(const void *a, const void *b)
{
	const struct dsam_wq *x = a, *y = b;

	return strverscmp(x->name, y->name);
}

int dsam_discover_sysfs(struct dsam_wq *found, size_t room)
{
	struct collection c = {found, room, 0};

	if (each(collect, &c) < 0)
		return -1;
	qsort(found, c.count, sizeof(*found), by_name);
	return (int)c.count;
}

static bool has_mode_and_type(const char *device, const char *name, void *arg)
{
	char text[32], q[64];

	(void)arg;
	snprintf(q, sizeof(q), "%s/%s", device, name);
	return dsam_discover_attribute(q, "mode", text, sizeof(text)) &&
	       dsam_discover_attribute(q, "type", text, sizeof(text));
}

bool dsam_discover_sysfs_is_whole(void)
{
	return !each(has_mode_and_type, NULL);
}

void dsam_discover_sysfs_complete(struct dsam_wq *found, size_t count)
{
	/* The others have an objection to them anyway. */
	for (size_t i = 0; i < count; i++)
		if (!strcmp(found[i].state, "enabled") ||
		    !found[i].device_is_enabled)
			complete(&found[i]);
}
