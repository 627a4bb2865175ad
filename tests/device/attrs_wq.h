/* SPDX-License-Identifier: MIT */
/* Between the two halves of a queue's attributes: what can be written. */
#ifndef TB_ATTRS_WQ_H
#define TB_ATTRS_WQ_H

#include "attrs.h"

extern const char *const tb_wq_types[3];

/* As struct tb_attr's store: 0 or -errno, tb_lock held. */
int tb_store_group_id(const struct tb_object *o, const char *text);
int tb_store_mode(const struct tb_object *o, const char *text);
int tb_store_size(const struct tb_object *o, const char *text);
int tb_store_priority(const struct tb_object *o, const char *text);
int tb_store_block_on_fault(const struct tb_object *o, const char *text);
int tb_store_threshold(const struct tb_object *o, const char *text);
int tb_store_type(const struct tb_object *o, const char *text);
int tb_store_name(const struct tb_object *o, const char *text);
int tb_store_driver_name(const struct tb_object *o, const char *text);
int tb_store_max_transfer(const struct tb_object *o, const char *text);
int tb_store_max_batch(const struct tb_object *o, const char *text);
int tb_store_ats_disable(const struct tb_object *o, const char *text);
int tb_store_prs_disable(const struct tb_object *o, const char *text);
int tb_store_retries(const struct tb_object *o, const char *text);
int tb_store_op_config(const struct tb_object *o, const char *text);

#endif
