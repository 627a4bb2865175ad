/* SPDX-License-Identifier: MIT */
/* The keys of the device file: name, form and where the value goes. */
#ifndef TB_DEVKEYS_H
#define TB_DEVKEYS_H

#include "tb.h"

enum tb_section {
	TB_SECTION_DEVICE,
	TB_SECTION_WQ,
	TB_SECTION_ENGINE
};

enum tb_form {
	TB_FORM_U64,
	TB_FORM_U32,
	TB_FORM_INT,
	TB_FORM_BOOL,
	TB_FORM_NAME, /* up to 16 characters */
	TB_FORM_OCTAL,
	TB_FORM_MODE, /* shared | dedicated */
	TB_FORM_TYPE, /* none | kernel | user */
	TB_FORM_WQ_STATE, /* enabled | disabled */
	TB_FORM_DEV_STATE, /* enabled | disabled | halted */
	TB_FORM_BITMAP, /* 32-bit hexadecimal words, most significant first */
	TB_FORM_ENGINES, /* that many engines into group 0 */
};

struct tb_key {
	enum tb_section section;
	const char *name;
	enum tb_form form;
	size_t offset; /* in struct tb_device, tb_wq or int */
};

/* NULL: no such key in that kind of section. */
const struct tb_key *tb_key_find(enum tb_section section, const char *name);

/* NULL, or what was expected instead of text. */
const char *tb_key_store(const struct tb_key *key, void *object,
			 const char *text);

/* 256 bits as sysfs shows them; text may lack leading words. */
bool tb_bitmap_parse(const char *text, uint64_t bits[4]);
int tb_bitmap_print(char *buf, size_t size, const uint64_t bits[4]);

#endif
