// SPDX-License-Identifier: MIT
/*
 * Room: COLD (the command).  The doctor on devices, their queues, and sizes
 * against the guidelines.
 * May: read /sys.  Must not: print, open a queue.
 */
#include "doctor.h"

#include "cli.h"

#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXAMPLE DSAM_DATADIR "/dsamove/1dev-1wq.conf"

static long number(const char *object, const char *name, long other)
{
	char text[64], *end;
	long v;

	if (!dsam_discover_attribute(object, name, text, sizeof(text)))
		return other;
	v = strtol(text, &end, 0);
	return end == text ? other : v;
}

/* "...; try: COMMAND" and "...; what to do" have their cure with them. */
static void say_objection(struct doctor *d, const struct dsam_wq *wq,
			  const char *objection)
{
	const char *semi = strstr(objection, "; "),
		   *cure = semi ? semi + 2 : "";

	if (!strncmp(cure, "try: ", 5))
		cure += 5;
	doctor_say(d, DOCTOR_WARNING, wq->name, "%.*s",
		   semi ? (int)(semi - objection) : (int)strlen(objection),
		   objection);
	if (strstr(objection, "for this user"))
		doctor_mend(d,
			    "chgrp dsa %s && chmod 660 %s, and join that "
			    "group; or the udev rule of dsamove",
			    wq->path, wq->path);
	else if (strstr(cure, "--threshold=N"))
		doctor_mend(d, "%.*s--threshold=%u%s",
			    (int)(strstr(cure, "--threshold=N") - cure), cure,
			    wq->size > 8 ? wq->size - wq->size / 8 : 1,
			    strstr(cure, "--threshold=N") + 13);
	else
		doctor_mend(d, "%s", cure);
}

/* Of each device once: the state of shared virtual memory. */
static void memory_sharing(struct doctor *d)
{
	const char *last = "";

	for (size_t i = 0; i < d->wqs; i++) {
		const struct dsam_wq *wq = &d->wq[i];

		if (!strcmp(wq->device, last))
			continue;
		last = wq->device;
		if (number(wq->device, "pasid_enabled", 1) == 1)
			continue;
		doctor_say(d, DOCTOR_WARNING, "IOMMU",
			   "%s does not share virtual memory (pasid_enabled "
			   "is 0), so no program can use it",
			   wq->device);
		doctor_mend(d, "add intel_iommu=on,sm_on to the kernel's "
			       "command line (GRUB_CMDLINE_LINUX in "
			       "/etc/default/grub, then update-grub), reboot");
	}
}

/* Devices there are; names in out are for the text. */
static unsigned count_devices(char *out, size_t room)
{
	DIR *dir = opendir(dsam_discover_bus);
	unsigned count = 0;
	size_t used = 0;
	struct dirent *e;

	out[0] = 0;
	while (dir && (e = readdir(dir))) {
		/* Nodes are listed, too, as dsa!wq0.0. */
		if (strncmp(e->d_name, "dsa", 3) != 0 ||
		    !isdigit((unsigned char)e->d_name[3]))
			continue;
		count++;
		if (used < room)
			used += (size_t)snprintf(out + used, room - used, " %s",
						 e->d_name);
	}
	if (dir)
		closedir(dir);
	return count;
}

/* Without a usable queue, what was a warning is what is in the way. */
static void raise_first(struct doctor *d, unsigned from)
{
	for (unsigned i = from; i < d->findings; i++) {
		if (d->finding[i].level != DOCTOR_WARNING)
			continue;
		d->finding[i].level = DOCTOR_OBSTACLE;
		return;
	}
	doctor_say(d, DOCTOR_OBSTACLE, "queues",
		   "no work queue has been configured yet");
	doctor_mend(d, "accel-config load-config -c " EXAMPLE " -e");
}

static void each_queue(struct doctor *d)
{
	unsigned bare = 0, from = d->findings;

	for (size_t i = 0; i < d->wqs; i++) {
		const struct dsam_wq *wq = &d->wq[i];
		const char *objection = dsam_discover_objection(wq);

		if (!objection) {
			d->usable++;
			doctor_say(d, DOCTOR_OK, wq->name,
				   "shared, %u entries, node %d: usable",
				   wq->size, wq->numa_node);
		} else if (!strcmp(wq->type, "none")) {
			bare++;
		} else {
			say_objection(d, wq, objection);
		}
	}
	/* Where one serves, the others may well be for somebody else. */
	for (unsigned i = from; d->usable && i < d->findings; i++)
		if (d->finding[i].level == DOCTOR_WARNING)
			d->finding[i].level = DOCTOR_NOTE;
	if (bare && d->usable)
		doctor_say(d, DOCTOR_OK, "queues",
			   "%u more have not been configured", bare);
}

void doctor_devices(struct doctor *d)
{
	unsigned from = d->findings, devices;
	char names[200];

	if (!dsam_discover_any())
		return;
	devices = count_devices(names, sizeof(names));
	if (!devices) {
		doctor_say(d, DOCTOR_OBSTACLE, "devices",
			   "the driver idxd has none: no DSA on the PCI bus, "
			   "or the firmware hides it");
		doctor_mend(d, "lspci -d 8086:0b25; look for DSA in the "
			       "firmware's setup");
		return;
	}
	d->wqs = dsam_discover(d->wq, DSAM_MAX_FOUND, &d->how);
	doctor_say(d, DOCTOR_OK, "devices", "%u:%s", devices, names);
	memory_sharing(d);
	each_queue(d);
	if (!d->usable)
		raise_first(d, from);
}

/* One usable queue against what is known to work well. */
static void queue_sizes(struct doctor *d, const struct dsam_wq *wq)
{
	char object[64];

	snprintf(object, sizeof(object), "%s/%s", wq->device, wq->name);
	if (wq->size && wq->size < 16) {
		doctor_say(d, DOCTOR_WARNING, wq->name,
			   "%u entries are few: threads find the queue full, "
			   "and their copies stay on the CPU",
			   wq->size);
		doctor_mend(d,
			    "accel-config disable-wq %s && accel-config "
			    "config-wq %s --wq-size=32 --threshold=28 && "
			    "accel-config enable-wq %s",
			    object, object, object);
	}
	if (wq->size && wq->threshold && wq->threshold <= wq->size / 2) {
		doctor_say(d, DOCTOR_WARNING, wq->name,
			   "ENQCMD is refused from %u of %u entries on "
			   "(threshold)",
			   wq->threshold, wq->size);
		doctor_mend(d,
			    "accel-config disable-wq %s && accel-config "
			    "config-wq %s --threshold=%u && accel-config "
			    "enable-wq %s",
			    object, object, wq->size - wq->size / 8, object);
	}
	if (wq->max_transfer && wq->max_transfer < 1U << 20) {
		doctor_say(d, DOCTOR_WARNING, wq->name,
			   "max_transfer_size is %llu: bigger copies take "
			   "more descriptors than they need",
			   (unsigned long long)wq->max_transfer);
		doctor_mend(d,
			    "accel-config disable-wq %s && accel-config "
			    "config-wq %s --max-transfer-size=2097152 && "
			    "accel-config enable-wq %s",
			    object, object, object);
	}
	if (number(object, "block_on_fault", 0) == 1) {
		doctor_say(d, DOCTOR_NOTE, wq->name,
			   "block_on_fault is 1: copies of dsamove do not "
			   "block, but those of others can hold them up");
		doctor_mend(d,
			    "accel-config disable-wq %s && accel-config "
			    "config-wq %s --block-on-fault=0 && accel-config "
			    "enable-wq %s",
			    object, object, object);
	}
}

/* The share of a device that its queues and groups make use of. */
static void device_sizes(struct doctor *d, const char *device)
{
	long entries = number(device, "max_work_queues_size", 0), given = 0;
	long engines = number(device, "max_engines", 0), serving = 0;
	char object[64];

	for (size_t i = 0; i < d->wqs; i++)
		if (!strcmp(d->wq[i].device, device))
			given += d->wq[i].size;
	for (long i = 0; i < engines && i < 64; i++) {
		snprintf(object, sizeof(object), "%s/engine%.8s.%ld", device,
			 device + 3, i);
		serving += number(object, "group_id", -1) >= 0;
	}
	if (given && given < entries)
		doctor_say(d, DOCTOR_NOTE, device,
			   "%ld of its %ld entries are given to queues; more "
			   "of them serve more threads at once",
			   given, entries);
	if (serving && serving < engines) {
		doctor_say(d, DOCTOR_NOTE, device,
			   "%ld of its %ld engines are in a group; the others "
			   "do nothing",
			   serving, engines);
		doctor_mend(d, "as in " DSAM_DATADIR "/dsamove/1dev-4eng.conf");
	}
}

void doctor_sizes(struct doctor *d)
{
	const char *last = "";

	for (size_t i = 0; i < d->wqs; i++) {
		const struct dsam_wq *wq = &d->wq[i];

		if (dsam_discover_objection(wq))
			continue;
		queue_sizes(d, wq);
		if (strcmp(wq->device, last) != 0)
			device_sizes(d, wq->device);
		last = wq->device;
	}
}
