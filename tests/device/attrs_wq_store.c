// SPDX-License-Identifier: MIT
/*
 * Room: COLD.  What may be written to the attributes of a work queue, by the
 * rules of drivers/dma/idxd/sysfs.c.
 * May: change the queue under tb_lock.  Must not: touch other objects.
 */
#include "attrs_wq.h"
#include "devkeys.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

const char *const tb_wq_types[3] = {"none", "kernel", "user"};

static struct tb_wq *wq_of(const struct tb_object *o)
{
	return &o->dev->wqs[o->n];
}

/* Most attributes can be changed on a configurable device, queue disabled. */
static int is_fixed(const struct tb_wq *wq)
{
	return !wq->dev->is_configurable || wq->is_enabled;
}

int tb_store_group_id(const struct tb_object *o, const char *text)
{
	struct tb_wq *wq = wq_of(o);
	long long id;

	if (!tb_number(text, 10, &id))
		return -EINVAL;
	if (is_fixed(wq))
		return -EPERM;
	if (id < -1 || id >= (long long)wq->dev->max_groups)
		return -EINVAL;
	wq->group = (int)id;
	return 0;
}

int tb_store_mode(const struct tb_object *o, const char *text)
{
	struct tb_wq *wq = wq_of(o);

	if (is_fixed(wq))
		return -EPERM;
	if (tb_streq(text, "dedicated"))
		wq->threshold = 0;
	else if (!tb_streq(text, "shared"))
		return -EINVAL;
	wq->is_dedicated = tb_streq(text, "dedicated");
	return 0;
}

int tb_store_size(const struct tb_object *o, const char *text)
{
	struct tb_wq *wq = wq_of(o);
	long long size, sum = 0;

	if (!tb_number(text, 10, &size) || size < 0)
		return -EINVAL;
	if (!wq->dev->is_configurable || wq->dev->state == TB_DEV_ENABLED)
		return -EPERM;
	for (int i = 0; i < TB_MAX_WQS; i++)
		sum += wq->dev->wqs[i].size;
	if (size + sum - wq->size > (long long)wq->dev->max_wq_size)
		return -EINVAL;
	wq->size = (unsigned int)size;
	return 0;
}

int tb_store_priority(const struct tb_object *o, const char *text)
{
	long long priority;

	if (!tb_number(text, 10, &priority) || priority < 0)
		return -EINVAL;
	if (is_fixed(wq_of(o)))
		return -EPERM;
	if (priority > 15)
		return -EINVAL;
	wq_of(o)->priority = (unsigned int)priority;
	return 0;
}

/* kstrtobool; -1: neither. */
static int parse_bool(const char *text)
{
	switch (tolower((unsigned char)text[0])) {
	case 'y':
	case 't':
	case '1':
		return 1;
	case 'n':
	case 'f':
	case '0':
		return 0;
	default:
		return -1;
	}
}

int tb_store_block_on_fault(const struct tb_object *o, const char *text)
{
	struct tb_wq *wq = wq_of(o);
	int on = parse_bool(text);

	if (!(wq->dev->gen_cap & 1))
		return -EOPNOTSUPP;
	if (!wq->dev->is_configurable)
		return -EPERM;
	if (wq->is_enabled)
		return -ENXIO;
	if (on < 0)
		return -EINVAL;
	if (on && wq->prs_disable)
		return -EOPNOTSUPP;
	wq->block_on_fault = on;
	return 0;
}

int tb_store_threshold(const struct tb_object *o, const char *text)
{
	struct tb_wq *wq = wq_of(o);
	long long value;

	if (!tb_number(text, 0, &value) || value <= 0 || value > wq->size)
		return -EINVAL;
	if (!wq->dev->is_configurable)
		return -EPERM;
	if (wq->is_enabled)
		return -ENXIO;
	if (wq->is_dedicated)
		return -EINVAL;
	wq->threshold = (unsigned int)value;
	return 0;
}

int tb_store_type(const struct tb_object *o, const char *text)
{
	struct tb_wq *wq = wq_of(o);

	if (wq->is_enabled)
		return -EPERM;
	for (int i = 0; i < 3; i++) {
		if (!tb_streq(text, tb_wq_types[i]))
			continue;
		if (wq->type != (enum tb_wq_type)i)
			memset(wq->name, 0, sizeof(wq->name));
		wq->type = (enum tb_wq_type)i;
		return 0;
	}
	return -EINVAL;
}

static int store_word(char word[17], const char *text)
{
	size_t n;

	while (isspace((unsigned char)*text))
		text++;
	n = strcspn(text, " \t\n");
	if (n == 0 || n > 16)
		return -EINVAL;
	memset(word, 0, 17);
	memcpy(word, text, n);
	return 0;
}

int tb_store_name(const struct tb_object *o, const char *text)
{
	if (wq_of(o)->is_enabled)
		return -EPERM;
	if (wq_of(o)->type == TB_WQ_KERNEL && o->dev->is_pasid_enabled)
		return -EOPNOTSUPP;
	return store_word(wq_of(o)->name, text);
}

int tb_store_driver_name(const struct tb_object *o, const char *text)
{
	if (wq_of(o)->is_enabled)
		return -EPERM;
	return store_word(wq_of(o)->driver_name, text);
}

/* Rounded up to a power of two, as the register wants it; 0: not valid. */
static uint64_t parse_power(const char *text)
{
	long long value;
	uint64_t power = 1;

	if (!tb_number(text, 0, &value) || value <= 0)
		return 0;
	while (power < (uint64_t)value)
		power <<= 1;
	return power;
}

int tb_store_max_transfer(const struct tb_object *o, const char *text)
{
	uint64_t value = parse_power(text);

	if (is_fixed(wq_of(o)))
		return -EPERM;
	if (!value || value > o->dev->max_transfer)
		return -EINVAL;
	wq_of(o)->max_transfer = value;
	return 0;
}

int tb_store_max_batch(const struct tb_object *o, const char *text)
{
	uint64_t value = parse_power(text);

	if (is_fixed(wq_of(o)))
		return -EPERM;
	if (!value || value > o->dev->max_batch)
		return -EINVAL;
	wq_of(o)->max_batch = (uint32_t)value;
	return 0;
}

int tb_store_ats_disable(const struct tb_object *o, const char *text)
{
	int on = parse_bool(text);

	if (is_fixed(wq_of(o)))
		return -EPERM;
	if (on < 0)
		return -EINVAL;
	wq_of(o)->ats_disable = on;
	return 0;
}

int tb_store_prs_disable(const struct tb_object *o, const char *text)
{
	int on = parse_bool(text);

	if (wq_of(o)->is_enabled)
		return -EPERM;
	if (on < 0)
		return -EINVAL;
	wq_of(o)->prs_disable = on;
	if (on)
		wq_of(o)->block_on_fault = false;
	return 0;
}

int tb_store_retries(const struct tb_object *o, const char *text)
{
	long long value;

	if (wq_of(o)->is_dedicated)
		return -EOPNOTSUPP;
	if (!tb_number(text, 10, &value) || value < 0)
		return -EINVAL;
	wq_of(o)->retries = value > 64 ? 64 : (unsigned int)value;
	return 0;
}

int tb_store_op_config(const struct tb_object *o, const char *text)
{
	uint64_t bits[4];

	if (wq_of(o)->is_enabled)
		return -EPERM;
	if (!tb_bitmap_parse(text, bits))
		return -EINVAL;
	for (int i = 0; i < 4; i++)
		if (bits[i] & ~o->dev->op_cap[i])
			return -EINVAL;
	memcpy(wq_of(o)->op_config, bits, sizeof(bits));
	return 0;
}
