// SPDX-License-Identifier: MIT
/* What is found in sysfs, and why a queue can not serve. */
#include "sysfs.h"

static struct dsam_wq wq[DSAM_MAX_FOUND];

static const char *objection(void)
{
	const char *text = dsam_discover_objection(&wq[0]);

	return text ? text : "none";
}

/* Read the tree again; there is one queue. */
static void look(void)
{
	memset(wq, 0xee, sizeof(wq));
	ck_assert_int_eq(dsam_discover_sysfs(wq, DSAM_MAX_FOUND), 1);
	ck_assert_str_eq(wq[0].name, "wq0.0");
	ck_assert_str_eq(wq[0].device, "dsa0");
}

START_TEST(minimal_tree)
{
	char path[100];

	sysfs_minimal();
	look();
	snprintf(path, sizeof(path), "%s/wq0.0", sysfs_nodes);
	ck_assert_str_eq(wq[0].path, path);
	ck_assert_str_eq(wq[0].state, "enabled");
	ck_assert_str_eq(wq[0].mode, "shared");
	ck_assert_str_eq(wq[0].type, "user");
	ck_assert(wq[0].device_is_enabled);
	/* What is not told. */
	ck_assert_int_eq(wq[0].numa_node, -1);
	ck_assert_uint_eq(wq[0].size, 0);
	ck_assert_uint_eq(wq[0].threshold, 0);
	ck_assert_uint_eq(wq[0].max_transfer, 0);
	ck_assert_uint_eq(wq[0].max_batch, 0);
	ck_assert_uint_eq(wq[0].gen_cap, 0);
	ck_assert_uint_eq(wq[0].op_cap, ~0ULL);
	ck_assert(wq[0].pasid_enabled);
	ck_assert(!wq[0].ats_disable);
	ck_assert_str_eq(objection(), "none");
}
END_TEST

START_TEST(realistic_tree)
{
	sysfs_realistic();
	look();
	ck_assert_int_eq(wq[0].numa_node, 1);
	ck_assert_uint_eq(wq[0].size, 32);
	ck_assert_uint_eq(wq[0].threshold, 28);
	/* The queue's, not the device's. */
	ck_assert_uint_eq(wq[0].max_transfer, 2097152);
	ck_assert_uint_eq(wq[0].max_batch, 32);
	ck_assert_uint_eq(wq[0].gen_cap, 0x40915f0107);
	ck_assert_uint_eq(wq[0].op_cap, 0x00000001003f03ff);
	ck_assert_str_eq(objection(), "none");
	ck_assert(dsam_discover_sysfs_is_whole());
}
END_TEST

START_TEST(no_bus_and_no_devices)
{
	ck_assert_int_eq(dsam_discover_sysfs(wq, DSAM_MAX_FOUND), 0);
	ck_assert(dsam_discover_sysfs_is_whole());
	sysfs_drop("bus");
	ck_assert_int_eq(dsam_discover_sysfs(wq, DSAM_MAX_FOUND), -1);
	ck_assert(!dsam_discover_sysfs_is_whole());
}
END_TEST

START_TEST(neighbours_that_are_no_queues)
{
	sysfs_realistic();
	sysfs_put("bus/iax1/wq1.0/state", "enabled");
	sysfs_put("bus/dsa/wq9.0/state", "enabled");
	sysfs_put("bus/dsax/wq9.1/state", "enabled");
	sysfs_put("bus/dsa0x/wq9.2/state", "enabled");
	sysfs_put("bus/dsa0/wq/state", "enabled");
	sysfs_put("bus/dsa0/wq0/state", "enabled");
	sysfs_put("bus/dsa0/wq0./state", "enabled");
	sysfs_put("bus/dsa0/wq0.0.0/state", "enabled");
	sysfs_put("bus/dsa0/wq0.0x/state", "enabled");
	sysfs_put("bus/dsa0/wq99999999999999.9999/state", "enabled");
	sysfs_put("bus/dsa0000000000000000000000/wq7.0/state", "enabled");
	look();
}
END_TEST

START_TEST(many_queues_in_order_and_no_more_than_fit)
{
	char name[64];

	for (int d = 0; d < 12; d++)
		for (int q = 0; q < 8; q++) {
			snprintf(name, sizeof(name), "bus/dsa%d/wq%d.%d/mode",
				 d, d, q);
			sysfs_put(name, "shared");
		}
	ck_assert_int_eq(dsam_discover_sysfs(wq, DSAM_MAX_FOUND), 96);
	for (int i = 0; i < 96; i++) {
		snprintf(name, sizeof(name), "wq%d.%d", i / 8, i % 8);
		ck_assert_str_eq(wq[i].name, name);
	}
	memset(wq, 0xee, sizeof(wq));
	ck_assert_int_eq(dsam_discover_sysfs(wq, 5), 5);
	ck_assert_uint_eq((unsigned char)wq[5].name[0], 0xee);
	ck_assert_int_eq(dsam_discover_sysfs(wq, 0), 0);
}
END_TEST

/* libaccel-config 3.5.3 crashes there: it is not to be asked. */
START_TEST(missing_mode_or_type)
{
	sysfs_realistic();
	sysfs_drop("bus/dsa0/wq0.0/mode");
	ck_assert(!dsam_discover_sysfs_is_whole());
	look();
	ck_assert(!strncmp(objection(), "is of unknown mode, expected shared",
			   strlen("is of unknown mode, expected shared")));
	sysfs_put("bus/dsa0/wq0.0/mode", "shared");
	ck_assert(dsam_discover_sysfs_is_whole());
	sysfs_drop("bus/dsa0/wq0.0/type");
	ck_assert(!dsam_discover_sysfs_is_whole());
	look();
	ck_assert(!strncmp(objection(), "is of type unknown, expected user",
			   strlen("is of type unknown, expected user")));
}
END_TEST

static void expect_objection(const char *name, const char *value,
			     const char *says)
{
	char path[64], kept[64] = "";

	snprintf(path, sizeof(path), "bus/dsa0/%s", name);
	if (!strcmp(name, "state") || strstr(name, "wq0.0/state"))
		snprintf(kept, sizeof(kept), "enabled");
	else if (strstr(name, "mode"))
		snprintf(kept, sizeof(kept), "shared");
	else if (strstr(name, "type"))
		snprintf(kept, sizeof(kept), "user");
	sysfs_put(path, value);
	look();
	ck_assert_str_eq(objection(), says);
	if (kept[0])
		sysfs_put(path, kept);
	else
		sysfs_drop(path);
}

START_TEST(objections_say_what_to_do)
{
	sysfs_realistic();
	expect_objection("state", "disabled",
			 "is on dsa0, which is disabled; try: accel-config "
			 "enable-device dsa0");
	expect_objection(
		"wq0.0/mode", "dedicated",
		"is dedicated, expected shared; try: accel-config disable-wq "
		"dsa0/wq0.0 && accel-config config-wq dsa0/wq0.0 "
		"--mode=shared --threshold=N && accel-config enable-wq "
		"dsa0/wq0.0");
	expect_objection(
		"wq0.0/type", "kernel",
		"is of type kernel, expected user; try: accel-config "
		"disable-wq dsa0/wq0.0 && accel-config config-wq dsa0/wq0.0 "
		"--type=user --driver-name=user && accel-config enable-wq "
		"dsa0/wq0.0");
	expect_objection("wq0.0/state", "disabled",
			 "is disabled; try: accel-config enable-wq dsa0/wq0.0");
	expect_objection("wq0.0/state", "",
			 "is in no known state; try: accel-config enable-wq "
			 "dsa0/wq0.0");
	expect_objection("wq0.0/ats_disable", "1",
			 "has ats_disable=1, which can hide page faults; set "
			 "it to 0 in /sys/bus/dsa/devices/wq0.0");
	expect_objection("pasid_enabled", "0",
			 "is on a device without shared virtual memory "
			 "(pasid_enabled is 0); boot with "
			 "intel_iommu=on,sm_on");
	look();
	ck_assert_str_eq(objection(), "none");
}
END_TEST

START_TEST(operations)
{
	static const struct {
		const char *op_cap;
		uint64_t is;
	} all[] = {
		{"00000000,00000000,00000000,00000000,00000000,00000000,"
		 "00000001,003f03ff",
		 0x1003f03ff},
		{"00000000,00000000,00000000,00000000,00000000,00000000,"
		 "00000000,00000001",
		 1},
		/* Very old kernels. */
		{"0x1003f03ff 0x0 0x0 0x0", 0x1003f03ff},
		{"garbage", ~0ULL},
		{"", ~0ULL},
		{"7,", ~0ULL},
		{"ffffffff,ffffffff", ~0ULL},
	};

	sysfs_realistic();
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		sysfs_put("bus/dsa0/op_cap", all[i].op_cap);
		look();
		ck_assert_uint_eq(wq[0].op_cap, all[i].is);
	}
	/* The queue's own list is the one that holds. */
	sysfs_put("bus/dsa0/wq0.0/op_config",
		  "00000000,00000000,00000000,00000000,00000000,00000000,"
		  "00000000,00000011");
	look();
	ck_assert_uint_eq(wq[0].op_cap, 0x11);
	ck_assert_str_eq(objection(), "does not offer the operations MEMMOVE "
				      "and FILL (op_cap)");
	/* The driver hides BATCH of a device: no queue has it. */
	sysfs_put("bus/dsa0/op_cap", "00000001,003f03fd");
	sysfs_put("bus/dsa0/wq0.0/op_config", "00000001,003f03ff");
	look();
	ck_assert_uint_eq(wq[0].op_cap, 0x1003f03fd);
}
END_TEST

START_TEST(hostile_numbers)
{
	static const char *const bad[] = {"",
					  "-1",
					  "-2",
					  "x",
					  "4294967328",
					  "18446744073709551614",
					  "1e9",
					  "99999999999999999999999999",
					  "0xffffffffffffffff",
					  "%s%n"};

	sysfs_realistic();
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		static const char *const names[] = {
			"bus/dsa0/numa_node",
			"bus/dsa0/wq0.0/size",
			"bus/dsa0/wq0.0/threshold",
			"bus/dsa0/wq0.0/max_transfer_size",
			"bus/dsa0/wq0.0/max_batch_size",
			"bus/dsa0/wq0.0/ats_disable",
			"bus/dsa0/gen_cap",
			"bus/dsa0/pasid_enabled"};

		for (size_t k = 0; k < 8; k++)
			sysfs_put(names[k], bad[i]);
		look();
		ck_assert_int_ge(wq[0].numa_node, -1);
		ck_assert_int_le(wq[0].numa_node, 4095);
		ck_assert_uint_le(wq[0].size, 65535);
		ck_assert_uint_le(wq[0].threshold, 65535);
		ck_assert_uint_le(wq[0].max_transfer, 1ULL << 40);
		ck_assert_uint_eq(wq[0].max_batch, 0);
		ck_assert(!wq[0].ats_disable);
		ck_assert(wq[0].pasid_enabled);
	}
}
END_TEST

START_TEST(attributes_that_are_no_text)
{
	char big[5000];

	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = 0;
	sysfs_realistic();
	sysfs_put("bus/dsa0/wq0.0/mode", big);
	sysfs_put("bus/dsa0/wq0.0/type", "\x01\xff%s");
	sysfs_put("bus/dsa0/op_cap", big);
	look();
	ck_assert_uint_lt(strlen(wq[0].mode), sizeof(wq[0].mode));
	ck_assert(strcmp(objection(), "none") != 0);
	/* A directory where a file should be. */
	sysfs_drop("bus/dsa0/wq0.0/size");
	sysfs_put("bus/dsa0/wq0.0/size", NULL);
	look();
	ck_assert_uint_eq(wq[0].size, 0);
}
END_TEST

START_TEST(nodes)
{
	char want[200];

	sysfs_realistic();
	sysfs_drop("dev/wq0.0");
	look();
	ck_assert_str_eq(wq[0].path, "");
	ck_assert_str_eq(objection(),
			 "has no node in /dev/dsa; is the idxd driver's user "
			 "type bound, and /dev/dsa visible here?");
	sysfs_put("dev/wq0.0", "");
	look();
	ck_assert(!chmod(wq[0].path, 0400));
	snprintf(want, sizeof(want),
		 "%s: Permission denied; try: chmod or chown of that node for "
		 "this user",
		 wq[0].path);
	/* access() asks for the real user; root may do anything. */
	if (!getuid()) {
		ck_assert(!setreuid(65534, 0));
		ck_assert_str_eq(objection(), want);
		ck_assert(!setreuid(0, 0));
	} else {
		ck_assert_str_eq(objection(), want);
	}
}
END_TEST

START_TEST(only_enabled_queues_are_completed)
{
	sysfs_realistic();
	look();
	wq[0].op_cap = 5;
	dsam_discover_sysfs_complete(wq, 1);
	ck_assert_uint_eq(wq[0].op_cap, 0x1003f03ff);
}
END_TEST

RUN_SUITE_WITH("discover", sysfs_begin, sysfs_end, minimal_tree, realistic_tree,
	       no_bus_and_no_devices, neighbours_that_are_no_queues,
	       many_queues_in_order_and_no_more_than_fit, missing_mode_or_type,
	       objections_say_what_to_do, operations, hostile_numbers,
	       attributes_that_are_no_text, nodes,
	       only_enabled_queues_are_completed)
