// SPDX-License-Identifier: MIT
/*
 * Room: COLD.  Builds the world before anything runs.
 * May: read the device file, complain.  Must not: run later than that.
 */
#include "devfile.h"
#include "devsection.h"
#include "model.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int add_override(const char *section, const char *attr, const char *text,
			bool is_hidden)
{
	struct tb_override *o = &tb_world.overrides[tb_world.noverrides];

	if (tb_world.noverrides == 64)
		return tb_complain(attr, "too many attr. and hide keys", NULL);
	if (strlen(attr) >= sizeof(o->attr) || strlen(text) >= sizeof(o->text))
		return tb_complain(attr, "too long", NULL);
	tb_world.noverrides++;
	strcpy(o->where, section);
	strcpy(o->attr, attr);
	strcpy(o->text, text);
	o->is_hidden = is_hidden;
	return 0;
}

static int store(struct tb_chosen *section, const char *key, char *text)
{
	const struct tb_key *entry;
	const char *expected;

	if (strncmp(key, "attr.", 5) == 0)
		return add_override(section->name, key + 5, text, false);
	if (strcmp(key, "hide") == 0) {
		char *save = NULL;

		for (char *one = strtok_r(text, ", ", &save); one;
		     one = strtok_r(NULL, ", ", &save))
			if (add_override(section->name, one, "", true) < 0)
				return -1;
		return 0;
	}
	entry = tb_key_find(section->kind, key);
	if (!entry)
		return tb_complain(key, "unknown key in this section", NULL);
	expected = tb_key_store(entry, section->object, text);
	if (expected) {
		char message[80];

		snprintf(message, sizeof(message), "expected %s", expected);
		return tb_complain(key, message, text);
	}
	/* A queue can do what its device can, unless the file narrows it. */
	if (section->kind == TB_SECTION_DEVICE && strcmp(key, "op_cap") == 0) {
		struct tb_device *dev = section->object;

		for (int i = 0; i < TB_MAX_WQS; i++)
			memcpy(dev->wqs[i].op_config, dev->op_cap,
			       sizeof(dev->op_cap));
	}
	return 0;
}

static char *trim(char *text)
{
	char *end;

	while (isspace((unsigned char)*text))
		text++;
	end = text + strlen(text);
	while (end > text && isspace((unsigned char)end[-1]))
		end--;
	*end = '\0';
	return text;
}

static int read_line(char *line, struct tb_chosen *section)
{
	char *text, *equals;

	line[strcspn(line, "#\n")] = '\0';
	text = trim(line);
	if (!*text)
		return 0;
	if (*text == '[') {
		if (text[strlen(text) - 1] != ']')
			return tb_complain(text, "expected a closing ]", NULL);
		text[strlen(text) - 1] = '\0';
		if (tb_section_choose(text + 1, section, true) < 0)
			return -1;
		if (section->kind == TB_SECTION_WQ &&
		    ((struct tb_wq *)section->object)->size == 0)
			tb_section_wq_defaults(section->object);
		return 0;
	}
	equals = strchr(text, '=');
	if (!equals)
		return tb_complain(text, "expected KEY = VALUE or [SECTION]",
				   NULL);
	*equals = '\0';
	text = trim(text);
	if (!section->object)
		return tb_complain(text, "stands before any [SECTION]", NULL);
	return store(section, text, trim(equals + 1));
}

int tb_devfile_read(const char *path)
{
	struct tb_chosen section = {TB_SECTION_DEVICE, NULL, ""};
	FILE *file = fopen(path, "re");
	char line[512];
	int ret = 0;

	if (!file) {
		tb_say("%s: %s", path, strerror(errno));
		return -1;
	}
	tb_complain_where = path;
	while (!ret && fgets(line, sizeof(line), file)) {
		tb_complain_line++;
		ret = read_line(line, &section);
	}
	fclose(file);
	tb_complain_line = 0;
	return ret;
}

int tb_devfile_default(int count, int wqs)
{
	/* Numbered as on a machine where IAA devices have the odd numbers. */
	for (int i = 0; i < count; i++) {
		struct tb_device *dev = tb_device_add(false, 2 * i);

		if (!dev)
			return tb_complain("--devices", "too many", NULL);
		/* Without queues it is as after boot: for load-config. */
		if (!wqs)
			continue;
		dev->state = TB_DEV_ENABLED;
		for (int e = 0; e < TB_MAX_ENGINES; e++)
			dev->engine_group[e] = 0;
		for (int w = 0; w < wqs; w++)
			tb_section_wq_defaults(&dev->wqs[w]);
	}
	return 0;
}

/* The setting for each object of the kind that is in use. */
static int set_all(enum tb_section kind, const char *key, const char *value)
{
	for (int i = 0; i < tb_world.ndevices; i++) {
		struct tb_device *dev = &tb_world.devices[i];
		struct tb_chosen section = {kind, dev, ""};
		char copy[256];

		snprintf(copy, sizeof(copy), "%s", value);
		if (kind == TB_SECTION_DEVICE && store(&section, key, copy) < 0)
			return -1;
		for (int w = 0; kind == TB_SECTION_WQ && w < TB_MAX_WQS; w++) {
			section.object = &dev->wqs[w];
			if (dev->wqs[w].size && store(&section, key, copy) < 0)
				return -1;
		}
	}
	return 0;
}

int tb_devfile_set(const char *setting)
{
	struct tb_chosen section = {TB_SECTION_DEVICE, NULL, ""};
	char copy[256], *equals, *dot;

	tb_complain_where = "--set";
	snprintf(copy, sizeof(copy), "%s", setting);
	equals = strchr(copy, '=');
	if (!equals)
		return tb_complain(setting, "expected [SECTION.]KEY=VALUE",
				   NULL);
	*equals = '\0';
	if (tb_key_find(TB_SECTION_WQ, copy))
		return set_all(TB_SECTION_WQ, copy, equals + 1);
	if (tb_key_find(TB_SECTION_DEVICE, copy))
		return set_all(TB_SECTION_DEVICE, copy, equals + 1);
	/* The section's own name has a dot: the key begins after the last,
	   unless it is attr.NAME. */
	dot = strstr(copy, ".attr.");
	if (!dot)
		dot = strrchr(copy, '.');
	if (!dot)
		return tb_complain(copy, "unknown key", NULL);
	*dot = '\0';
	if (tb_section_choose(copy, &section, false) < 0)
		return -1;
	return store(&section, dot + 1, equals + 1);
}

int tb_devfile_check(const char *path)
{
	tb_complain_where = path ? path : "command line";
	for (int i = 0; i < tb_world.ndevices; i++) {
		struct tb_device *dev = &tb_world.devices[i];
		unsigned int sum = 0;
		char name[16];

		for (int w = 0; w < TB_MAX_WQS; w++) {
			struct tb_wq *wq = &dev->wqs[w];

			sum += wq->size;
			tb_wq_name(wq, name);
			if (wq->group < -1 || wq->group >= TB_MAX_GROUPS)
				return tb_complain(
					name, "group: expected -1 to 3", NULL);
			if (wq->is_enabled && wq->group < 0)
				return tb_complain(
					name, "enabled without a group", NULL);
			if (!wq->size || !wq->is_enabled ||
			    wq->type != TB_WQ_USER ||
			    strcmp(wq->driver_name, "user") != 0)
				wq->minor = -1;
			else
				wq->minor = (int)wq->queue;
		}
		if (dev->max_wqs > TB_MAX_WQS ||
		    dev->max_groups > TB_MAX_GROUPS ||
		    dev->max_engines > TB_MAX_ENGINES)
			return tb_complain(tb_device_name(dev, name),
					   "more than 8 work queues, 4 groups "
					   "or 4 engines",
					   NULL);
		if (sum > TB_MAX_SLOTS)
			return tb_complain(tb_device_name(dev, name),
					   "sizes of its queues exceed 128",
					   NULL);
		for (int e = 0; e < TB_MAX_ENGINES; e++)
			if (dev->engine_group[e] < -1 ||
			    dev->engine_group[e] >= TB_MAX_GROUPS)
				return tb_complain(tb_device_name(dev, name),
						   "engine: group -1 to 3",
						   NULL);
	}
	return 0;
}
