/* SPDX-License-Identifier: MIT */
/* Devices and queues: how they begin, are enabled, disabled and reset. */
#ifndef TB_MODEL_H
#define TB_MODEL_H

#include "tb.h"

/*
 * A device as a Sapphire Rapids machine shows it, disabled and without
 * configured queues.  NULL when there are TB_MAX_DEVICES.
 */
struct tb_device *tb_device_add(bool is_iax, int id);
struct tb_device *tb_device_find(bool is_iax, int id);

/*
 * As the driver does on bind and unbind; 0 or -errno, with the reason in the
 * device's cmd_status.  Called with tb_lock held.
 */
int tb_device_enable(struct tb_device *dev);
int tb_device_disable(struct tb_device *dev);
int tb_wq_enable(struct tb_wq *wq, const char *driver);
int tb_wq_disable(struct tb_wq *wq);

/*
 * A queue that fails or is reset behind its clients' backs: it answers Retry
 * and what waits in it is aborted; is_back: enabled again right after.  Called
 * with tb_lock held.
 */
void tb_wq_break(struct tb_wq *wq, bool is_back);

/* The configuration of a queue into the shared memory. */
void tb_wq_publish(struct tb_wq *wq);

/* What the device answers for lack of a valid record address; tb_lock held. */
void tb_device_swerror(struct tb_device *dev, const struct tb_wq *wq,
		       uint8_t status, const struct dsa_hw_desc *desc);

#endif
