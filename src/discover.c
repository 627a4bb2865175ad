// SPDX-License-Identifier: MIT
/*
 * Room: COLD (birth).  Which work queues there are, by libaccel-config.
 * May: dlopen, and all that libaccel-config does (it allocates, and is not
 * thread-safe: birth only).  Must not: print; believe a number unchecked.
 */
#include "discover.h"

#include <accel-config/libaccel_config.h>
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define BUS "/sys/bus/dsa/devices"

/* libaccel-config's functions that we use, found by name at run time. */
#define FUNCTIONS(X)                      \
	X(accfg_new)                      \
	X(accfg_unref)                    \
	X(accfg_set_log_fn)               \
	X(accfg_device_get_first)         \
	X(accfg_device_get_next)          \
	X(accfg_device_get_devname)       \
	X(accfg_device_get_state)         \
	X(accfg_device_get_numa_node)     \
	X(accfg_device_get_gen_cap)       \
	X(accfg_wq_get_first)             \
	X(accfg_wq_get_next)              \
	X(accfg_wq_get_devname)           \
	X(accfg_wq_get_state)             \
	X(accfg_wq_get_mode)              \
	X(accfg_wq_get_type)              \
	X(accfg_wq_get_size)              \
	X(accfg_wq_get_threshold)         \
	X(accfg_wq_get_max_transfer_size) \
	X(accfg_wq_get_max_batch_size)    \
	X(accfg_wq_get_ats_disable)       \
	X(accfg_wq_get_user_dev_path)

struct library {
	void *handle;
/* NOLINTNEXTLINE(bugprone-macro-parentheses): a declaration */
#define X(name) __typeof__(&name) name;
	FUNCTIONS(X)
#undef X
};

static bool load(struct library *l)
{
	bool ok = true;

	l->handle = dlopen("libaccel-config.so.1", RTLD_NOW | RTLD_LOCAL);
	if (!l->handle)
		return false;
#define X(name) ok = (*(void **)&l->name = dlsym(l->handle, #name)) && ok;
	FUNCTIONS(X)
#undef X
	if (!ok)
		dlclose(l->handle);
	return ok;
}

/* The library's own log goes to stderr, which is not ours to use. */
static void no_log(struct accfg_ctx *ctx, int priority, const char *file,
		   int line, const char *fn, const char *format, va_list ap)
{
	(void)ctx;
	(void)priority;
	(void)file;
	(void)line;
	(void)fn;
	(void)format;
	(void)ap;
}

static const char *state_name(enum accfg_wq_state s)
{
	if (s == ACCFG_WQ_ENABLED)
		return "enabled";
	return s == ACCFG_WQ_DISABLED ? "disabled" : "unknown";
}

static const char *mode_name(enum accfg_wq_mode m)
{
	if (m == ACCFG_WQ_SHARED)
		return "shared";
	return m == ACCFG_WQ_DEDICATED ? "dedicated" : "unknown";
}

static const char *type_name(enum accfg_wq_type t)
{
	if (t == ACCFG_WQT_USER)
		return "user";
	return t == ACCFG_WQT_KERNEL ? "kernel" : "none";
}

/* Missing attributes come back as -errno, whatever the type. */
static uint64_t within(uint64_t v, uint64_t low, uint64_t high)
{
	return v >= low && v <= high ? v : 0;
}

static void take_wq(const struct library *l, struct accfg_device *dev,
		    struct accfg_wq *wq, struct dsam_wq *out)
{
	int node = l->accfg_device_get_numa_node(dev);
	uint64_t gen_cap = l->accfg_device_get_gen_cap(dev);

	memset(out, 0, sizeof(*out));
	snprintf(out->device, sizeof(out->device), "%s",
		 l->accfg_device_get_devname(dev));
	snprintf(out->name, sizeof(out->name), "%s",
		 l->accfg_wq_get_devname(wq));
	snprintf(out->state, sizeof(out->state), "%s",
		 state_name(l->accfg_wq_get_state(wq)));
	snprintf(out->mode, sizeof(out->mode), "%s",
		 mode_name(l->accfg_wq_get_mode(wq)));
	snprintf(out->type, sizeof(out->type), "%s",
		 type_name(l->accfg_wq_get_type(wq)));
	if (l->accfg_wq_get_user_dev_path(wq, out->path, sizeof(out->path)))
		out->path[0] = 0;
	out->device_is_enabled =
		l->accfg_device_get_state(dev) == ACCFG_DEVICE_ENABLED;
	out->numa_node = node >= 0 && node < 4096 ? node : -1;
	out->gen_cap =
		(int64_t)gen_cap < 0 && (int64_t)gen_cap > -4096 ? 0 : gen_cap;
	out->size = (uint32_t)within(l->accfg_wq_get_size(wq), 1, 65535);
	out->threshold = (uint32_t)within(
		(uint64_t)l->accfg_wq_get_threshold(wq), 1, 65535);
	out->max_transfer =
		within(l->accfg_wq_get_max_transfer_size(wq), 1, 1ULL << 40);
	out->max_batch = (uint32_t)within(l->accfg_wq_get_max_batch_size(wq), 1,
					  DSAM_MAX_BATCH);
	out->ats_disable = l->accfg_wq_get_ats_disable(wq) == 1;
}

int dsam_discover_libaccel(struct dsam_wq *found, size_t room)
{
	struct accfg_ctx *ctx = NULL;
	struct accfg_device *dev;
	struct accfg_wq *wq;
	struct library l;
	int count = 0;

	/* gcc -O1 does not see that load fills all of it. */
	memset(&l, 0, sizeof(l));
	if (!load(&l))
		return -1;
	if (l.accfg_new(&ctx) || !ctx) {
		dlclose(l.handle);
		return -1;
	}
	l.accfg_set_log_fn(ctx, no_log);
	for (dev = l.accfg_device_get_first(ctx); dev;
	     dev = l.accfg_device_get_next(dev)) {
		/* IAA sits on the same bus, as iaxN. */
		if (strncmp(l.accfg_device_get_devname(dev), "dsa", 3) != 0)
			continue;
		for (wq = l.accfg_wq_get_first(dev); wq;
		     wq = l.accfg_wq_get_next(wq))
			if ((size_t)count < room)
				take_wq(&l, dev, wq, &found[count++]);
	}
	l.accfg_unref(ctx);
	dlclose(l.handle);
	return count;
}

bool dsam_discover_any(void)
{
	return !access(BUS, F_OK);
}

size_t dsam_discover(struct dsam_wq *found, size_t room,
		     enum dsam_discovery *how)
{
	int count = -1;

	*how = DSAM_BY_LIBACCEL_CONFIG;
	/* 3.5.3 crashes where a queue lacks mode or type: look first. */
	if (dsam_discover_sysfs_is_whole())
		count = dsam_discover_libaccel(found, room);
	/* 3.5.3 sees nothing at all where /sys is read-only. */
	if (count <= 0) {
		*how = DSAM_BY_SYSFS;
		count = dsam_discover_sysfs(found, room);
	} else {
		dsam_discover_sysfs_complete(found, (size_t)count);
	}
	return count > 0 ? (size_t)count : 0;
}

const char *dsam_discover_objection(const struct dsam_wq *wq)
{
	static char text[320];
	const char *d = wq->device, *w = wq->name;

	text[0] = 0;
	if (wq->device_is_halted)
		snprintf(text, sizeof(text),
			 "is on %s, which is halted and needs a reset: "
			 "accel-config disable-device %s && accel-config "
			 "load-config -c ... -e",
			 d, d);
	else if (!wq->device_is_enabled)
		snprintf(text, sizeof(text),
			 "is on %s, which is disabled; try: accel-config "
			 "enable-device %s",
			 d, d);
	else if (strcmp(wq->mode, "shared") != 0)
		snprintf(text, sizeof(text),
			 "is %s, expected shared; try: accel-config "
			 "disable-wq %s/%s && accel-config config-wq %s/%s "
			 "--mode=shared --threshold=N && accel-config "
			 "enable-wq %s/%s",
			 wq->mode, d, w, d, w, d, w);
	else if (strcmp(wq->type, "user") != 0)
		snprintf(text, sizeof(text),
			 "is of type %s, expected user; try: accel-config "
			 "disable-wq %s/%s && accel-config config-wq %s/%s "
			 "--type=user --driver-name=user && accel-config "
			 "enable-wq %s/%s",
			 wq->type, d, w, d, w, d, w);
	else if (strcmp(wq->state, "enabled") != 0)
		snprintf(text, sizeof(text),
			 "is %s; try: accel-config enable-wq %s/%s",
			 wq->state[0] ? wq->state : "in no known state", d, w);
	else if (!wq->pasid_enabled)
		snprintf(
			text, sizeof(text),
			"is on a device without shared virtual memory "
			"(pasid_enabled is 0); boot with intel_iommu=on,sm_on");
	else if (wq->ats_disable)
		snprintf(text, sizeof(text),
			 "has ats_disable=1, which can hide page faults; set "
			 "it to 0 in /sys/bus/dsa/devices/%s",
			 w);
	else if (~wq->op_cap & (1U << 3 | 1U << 4))
		snprintf(text, sizeof(text),
			 "does not offer the operations MEMMOVE and FILL "
			 "(op_cap)");
	else if (!wq->path[0])
		snprintf(text, sizeof(text),
			 "has no node in /dev/dsa; is the idxd driver's user "
			 "type bound, and /dev/dsa visible here?");
	else if (access(wq->path, R_OK | W_OK))
		snprintf(text, sizeof(text),
			 "%s: %s; try: chmod or chown of that node for this "
			 "user",
			 wq->path, strerror(errno));
	return text[0] ? text : NULL;
}
