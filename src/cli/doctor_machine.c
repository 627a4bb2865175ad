// SPDX-License-Identifier: MIT
/*
 * Room: COLD (the command).  The doctor on processor, kernel, container and
 * settings.
 * May: read /proc and /sys.  Must not: print.
 */
#include "doctor.h"

#include "cli.h"
#include "queue_open.h"
#include "settings.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <unistd.h>

#define UMWAIT "/sys/devices/system/cpu/umwait_control/"
/* The kernel's default, in ticks of the TSC. */
#define UMWAIT_USUAL 100000

static void model_name(char *out, size_t room)
{
	FILE *f = fopen("/proc/cpuinfo", "re");
	char line[256];

	snprintf(out, room, "this CPU");
	while (f && fgets(line, sizeof(line), f)) {
		char *colon = strchr(line, ':');

		if (strncmp(line, "model name", 10) != 0 || !colon)
			continue;
		line[strcspn(line, "\n")] = 0;
		snprintf(out, room, "%s", colon + 2);
		break;
	}
	if (f)
		fclose(f);
}

static void umwait_limits(struct doctor *d)
{
	char text[64];
	unsigned long ticks;

	if (!doctor_line(UMWAIT "max_time", text, sizeof(text)))
		return;
	ticks = strtoul(text, NULL, 10);
	if (ticks && ticks < UMWAIT_USUAL) {
		doctor_say(d, DOCTOR_NOTE, "umwait",
			   "the kernel ends each UMWAIT after %lu ticks, which "
			   "wakes waiting threads more often than the usual "
			   "%d",
			   ticks, UMWAIT_USUAL);
		doctor_mend(d, "echo %d >" UMWAIT "max_time", UMWAIT_USUAL);
	}
	if (doctor_line(UMWAIT "enable_c02", text, sizeof(text)) &&
	    text[0] == '0') {
		doctor_say(d, DOCTOR_NOTE, "umwait",
			   "the deeper state C0.2 is off: waiting threads "
			   "save less power, and wake sooner");
		doctor_mend(d, "echo 1 >" UMWAIT "enable_c02");
	}
}

void doctor_processor(struct doctor *d)
{
	bool has_enqcmd = dsam_cpu_has_enqcmd();
	bool has_umwait = dsam_cpu_has_waitpkg();
	char name[128];

	model_name(name, sizeof(name));
	doctor_say(d, has_enqcmd ? DOCTOR_OK : DOCTOR_NOTE, "processor",
		   "%s: %s ENQCMD, %s UMWAIT%s", name,
		   has_enqcmd ? "has" : "no", has_umwait ? "has" : "no",
		   has_enqcmd ? ""
			      : "; descriptors have to go through the kernel "
				"by write(2)");
	if (has_umwait)
		umwait_limits(d);
}

/* Is a PCI device there that the driver idxd would take for a DSA? */
static bool has_pci_dsa(void)
{
	static const char *const ids[] = {"0x0b25", "0x11fb", "0x1212"};
	DIR *dir = opendir("/sys/bus/pci/devices");
	struct dirent *e;
	bool found = false;

	while (dir && !found && (e = readdir(dir))) {
		char path[300], vendor[16], device[16];

		snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/vendor",
			 e->d_name);
		if (!doctor_line(path, vendor, sizeof(vendor)) ||
		    strcmp(vendor, "0x8086") != 0)
			continue;
		snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/device",
			 e->d_name);
		if (!doctor_line(path, device, sizeof(device)))
			continue;
		for (size_t i = 0; i < sizeof(ids) / sizeof(*ids); i++)
			found = found || !strcmp(device, ids[i]);
	}
	if (dir)
		closedir(dir);
	return found;
}

static void driver(struct doctor *d, const char *release)
{
	if (dsam_discover_any()) {
		doctor_say(d, DOCTOR_OK, "kernel",
			   "Linux %s, the driver idxd is there", release);
	} else if (has_pci_dsa()) {
		doctor_say(d, DOCTOR_OBSTACLE, "kernel",
			   "Linux %s: a DSA is on the PCI bus, but its driver "
			   "idxd is not loaded",
			   release);
		doctor_mend(d, "modprobe idxd");
	} else {
		doctor_say(d, DOCTOR_OBSTACLE, "kernel",
			   "Linux %s sees no DSA, neither by the driver idxd "
			   "nor on the PCI bus; Xeons have them since "
			   "Sapphire Rapids (2023), unless the firmware hides "
			   "them, and virtual machines if they are given one",
			   release);
		doctor_mend(d, "dsamove profile -- PROGRAM tells what a DSA "
			       "would bring");
	}
}

void doctor_kernel(struct doctor *d)
{
	int major = 0, minor = 0;
	struct utsname u;

	uname(&u);
	/* NOLINTNEXTLINE(cert-err34-c): zeroes are an old kernel, too */
	sscanf(u.release, "%d.%d", &major, &minor);
	if (major < 5 || (major == 5 && minor < 18)) {
		doctor_say(d, DOCTOR_OBSTACLE, "kernel",
			   "Linux %s has no shared work queues for programs, "
			   "expected 5.18 or newer",
			   u.release);
		doctor_mend(d, "install a newer kernel");
	}
	driver(d, u.release);
}

void doctor_container(struct doctor *d)
{
	bool is_inside = !access("/.dockerenv", F_OK) ||
			 !access("/run/.containerenv", F_OK) ||
			 !access("/run/systemd/container", F_OK);
	struct statvfs fs;

	if (is_inside)
		doctor_say(d, DOCTOR_NOTE, "container",
			   "this is one: it sees the devices that it was "
			   "given; an own user namespace needs them readable "
			   "and writable for its users");
	if (is_inside && d->wqs && access("/dev/dsa", F_OK)) {
		doctor_say(d, DOCTOR_OBSTACLE, "container",
			   "/dev/dsa is not in it");
		doctor_mend(d, "docker run --device /dev/dsa/%s ...",
			    d->wq[0].name);
	}
	if (d->wqs && d->how == DSAM_BY_SYSFS)
		doctor_say(d, DOCTOR_OK, "discovery",
			   "from /sys itself: libaccel-config is not "
			   "installed, or can't read this /sys%s",
			   !statvfs("/sys/bus/dsa", &fs) &&
					   fs.f_flag & ST_RDONLY
				   ? ", which is read-only"
				   : "");
}

/* DTO takes the same calls; with both, the first one gets them. */
static void other_preloads(struct doctor *d)
{
	const char *env = getenv("LD_PRELOAD");
	char line[256] = "";

	doctor_line("/etc/ld.so.preload", line, sizeof(line));
	if (!(env && strstr(env, "libdto")) && !strstr(line, "libdto"))
		return;
	doctor_say(d, DOCTOR_WARNING, "preload",
		   "libdto is preloaded, too, and takes the copies before us");
	doctor_mend(d, "take it out of LD_PRELOAD and /etc/ld.so.preload");
}

void doctor_settings(struct doctor *d)
{
	struct dsam_conf_error err;
	char source[600];

	d->has_conf = cli_settings_load(&d->conf, NULL, &err);
	if (!d->has_conf) {
		doctor_say(d, DOCTOR_OBSTACLE, "settings", "%s", err.text);
		doctor_mend(d, "correct it, and try: dsamove check");
		return;
	}
	if (d->conf.device == DSAM_DEVICE_NONE) {
		doctor_say(d, DOCTOR_OBSTACLE, "settings",
			   "device = none (%s) keeps everything on the CPU",
			   cli_settings_source(&d->conf, DSAM_KEY_device,
					       source, sizeof(source)));
		doctor_mend(d, "device = auto");
		return;
	}
	doctor_say(d, DOCTOR_OK, "settings", "understood, from %s",
		   d->conf.file[0] ? d->conf.file : "environment and defaults");
	other_preloads(d);
}
