// SPDX-License-Identifier: MIT
/*
 * Room: PURE.  Text of a setting into a field.
 * May: write the field.  Must not: do input or output, look at the world.
 */
#include "devkeys.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEV(key, form, field)                             \
	{                                                 \
		TB_SECTION_DEVICE, key, form,             \
			offsetof(struct tb_device, field) \
	}
#define WQ(key, form, field)                                            \
	{                                                               \
		TB_SECTION_WQ, key, form, offsetof(struct tb_wq, field) \
	}
#define TROUBLE(field) WQ(#field, TB_FORM_U64, trouble.field)

static const struct tb_key keys[] = {
	DEV("state", TB_FORM_DEV_STATE, state),
	DEV("numa_node", TB_FORM_INT, numa_node),
	DEV("version", TB_FORM_U32, version),
	DEV("gen_cap", TB_FORM_U64, gen_cap),
	DEV("op_cap", TB_FORM_BITMAP, op_cap),
	DEV("max_groups", TB_FORM_U32, max_groups),
	DEV("max_work_queues", TB_FORM_U32, max_wqs),
	DEV("max_work_queues_size", TB_FORM_U32, max_wq_size),
	DEV("max_engines", TB_FORM_U32, max_engines),
	DEV("max_read_buffers", TB_FORM_U32, max_rdbufs),
	DEV("max_batch_size", TB_FORM_U32, max_batch),
	DEV("max_transfer_size", TB_FORM_U64, max_transfer),
	DEV("configurable", TB_FORM_BOOL, is_configurable),
	DEV("pasid_enabled", TB_FORM_BOOL, is_pasid_enabled),
	DEV("latency_ns", TB_FORM_U64, latency_ns),
	DEV("mbps", TB_FORM_U64, mbps),
	DEV("engines", TB_FORM_ENGINES, engine_group),
	WQ("state", TB_FORM_WQ_STATE, is_enabled),
	WQ("mode", TB_FORM_MODE, is_dedicated),
	WQ("type", TB_FORM_TYPE, type),
	WQ("name", TB_FORM_NAME, name),
	WQ("driver_name", TB_FORM_NAME, driver_name),
	WQ("group", TB_FORM_INT, group),
	WQ("size", TB_FORM_U32, size),
	WQ("threshold", TB_FORM_U32, threshold),
	WQ("priority", TB_FORM_U32, priority),
	WQ("block_on_fault", TB_FORM_BOOL, block_on_fault),
	WQ("ats_disable", TB_FORM_BOOL, ats_disable),
	WQ("prs_disable", TB_FORM_BOOL, prs_disable),
	WQ("max_transfer_size", TB_FORM_U64, max_transfer),
	WQ("max_batch_size", TB_FORM_U32, max_batch),
	WQ("enqcmds_retries", TB_FORM_U32, retries),
	WQ("op_config", TB_FORM_BITMAP, op_config),
	WQ("unmap_on_disable", TB_FORM_BOOL, unmap_on_disable),
	WQ("mmap_needs_rawio", TB_FORM_BOOL, mmap_needs_rawio),
	WQ("node_mode", TB_FORM_OCTAL, mode),
	WQ("node_uid", TB_FORM_U32, uid),
	WQ("node_gid", TB_FORM_U32, gid),
	TROUBLE(fault_every),
	TROUBLE(fault_at),
	TROUBLE(wfault_every),
	TROUBLE(wfault_at),
	TROUBLE(fault_walk),
	TROUBLE(wfault_walk),
	TROUBLE(fault_answered),
	TROUBLE(fault_from_end),
	TROUBLE(status_every),
	TROUBLE(status),
	TROUBLE(wrong_every),
	TROUBLE(garbage_every),
	TROUBLE(silent_every),
	TROUBLE(silent_after),
	TROUBLE(late_every),
	TROUBLE(late_us),
	TROUBLE(disable_after),
	TROUBLE(disable_at_ms),
	TROUBLE(reset_after),
	TROUBLE(reset_at_ms),
	TROUBLE(busy_every),
	TROUBLE(disorder),
	TROUBLE(scramble),
	{TB_SECTION_ENGINE, "group", TB_FORM_INT, 0},
};

const struct tb_key *tb_key_find(enum tb_section section, const char *name)
{
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (keys[i].section == section &&
		    strcmp(keys[i].name, name) == 0)
			return &keys[i];
	return NULL;
}

static bool parse_u64(const char *text, int base, uint64_t *value)
{
	char *end;

	errno = 0;
	*value = strtoull(text, &end, base);
	if (errno || end == text || !isdigit((unsigned char)text[0]))
		return false;
	switch (*end) {
	case 'G':
		*value <<= 10; /* fallthrough */
		__attribute__((fallthrough));
	case 'M':
		*value <<= 10;
		__attribute__((fallthrough));
	case 'K':
		*value <<= 10;
		end++;
		break;
	default:
		break;
	}
	return !*end;
}

/* Which of the words (ended by NULL) text is, or -1. */
static int parse_word(const char *text, const char *const words[])
{
	for (int i = 0; words[i]; i++)
		if (strcmp(text, words[i]) == 0)
			return i;
	return -1;
}

bool tb_bitmap_parse(const char *text, uint64_t bits[4])
{
	uint32_t words[8] = {0};
	int n = 0;

	while (*text) {
		char *end;

		if (n == 8 || !isxdigit((unsigned char)*text))
			return false;
		memmove(words + 1, words, sizeof(words) - sizeof(words[0]));
		words[0] = (uint32_t)strtoul(text, &end, 16);
		n++;
		if (*end == '\n' || !*end)
			break;
		if (*end != ',')
			return false;
		text = end + 1;
	}
	for (int i = 0; i < 4; i++)
		bits[i] = words[2 * i] | (uint64_t)words[2 * i + 1] << 32;
	return n > 0;
}

int tb_bitmap_print(char *buf, size_t size, const uint64_t bits[4])
{
	int n = 0;

	for (int i = 7; i >= 0; i--)
		n += snprintf(buf + n, size - (size_t)n, "%08x%c",
			      (uint32_t)(bits[i / 2] >> (i % 2 * 32)),
			      i ? ',' : '\n');
	return n;
}

static const char *store_word(const struct tb_key *key, void *field,
			      const char *text)
{
	static const char *const modes[] = {"shared", "dedicated", NULL};
	static const char *const types[] = {"none", "kernel", "user", NULL};
	static const char *const states[] = {"disabled", "enabled", "halted",
					     NULL};
	int word;

	switch (key->form) {
	case TB_FORM_MODE:
		word = parse_word(text, modes);
		*(bool *)field = word == 1;
		return word < 0 ? "shared or dedicated" : NULL;
	case TB_FORM_TYPE:
		word = parse_word(text, types);
		*(enum tb_wq_type *)field = (enum tb_wq_type)word;
		return word < 0 ? "none, kernel or user" : NULL;
	case TB_FORM_WQ_STATE:
		word = parse_word(text, states);
		*(bool *)field = word == 1;
		return word < 0 || word > 1 ? "enabled or disabled" : NULL;
	default:
		word = parse_word(text, states);
		*(enum tb_device_state *)field = (enum tb_device_state)word;
		return word < 0 ? "enabled, disabled or halted" : NULL;
	}
}

static const char *store_number(const struct tb_key *key, void *field,
				const char *text)
{
	bool is_negative = key->form == TB_FORM_INT && *text == '-';
	uint64_t value;

	if (!parse_u64(text + is_negative, key->form == TB_FORM_OCTAL ? 8 : 0,
		       &value))
		return "a number";
	switch (key->form) {
	case TB_FORM_U64:
		*(uint64_t *)field = value;
		return NULL;
	case TB_FORM_BOOL:
		*(bool *)field = value != 0;
		return value > 1 ? "0 or 1" : NULL;
	case TB_FORM_INT:
		*(int *)field = is_negative ? -(int)value : (int)value;
		return value > INT32_MAX ? "a smaller number" : NULL;
	case TB_FORM_ENGINES:
		for (unsigned int i = 0; i < TB_MAX_ENGINES; i++)
			((int *)field)[i] = i < value ? 0 : -1;
		return value > TB_MAX_ENGINES ? "0 to 4" : NULL;
	default:
		*(unsigned int *)field = (unsigned int)value;
		return value > UINT32_MAX ? "a smaller number" : NULL;
	}
}

const char *tb_key_store(const struct tb_key *key, void *object,
			 const char *text)
{
	void *field = (char *)object + key->offset;

	switch (key->form) {
	case TB_FORM_NAME:
		if (strlen(text) > 16)
			return "at most 16 characters";
		memset(field, 0, 17);
		memcpy(field, text, strlen(text));
		return NULL;
	case TB_FORM_BITMAP:
		return tb_bitmap_parse(text, field)
			       ? NULL
			       : "hexadecimal words and commas";
	case TB_FORM_MODE:
	case TB_FORM_TYPE:
	case TB_FORM_WQ_STATE:
	case TB_FORM_DEV_STATE:
		return store_word(key, field, text);
	default:
		return store_number(key, field, text);
	}
}
