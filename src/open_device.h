/* SPDX-License-Identifier: MIT */
/* The settings device and queues -> dsam_queues. */
#ifndef DSAM_OPEN_DEVICE_H
#define DSAM_OPEN_DEVICE_H

#include "conf.h"

/*
 * Birth.  Open every work queue that conf asks for and that can serve, and
 * say on the log what is in the way of the others.  0 with dsam_queues
 * filled; -ENODEV: there is none; -EINVAL: the settings are wrong.
 */
int dsam_open_device(const struct dsam_conf *conf);

#endif
