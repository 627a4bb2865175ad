/* SPDX-License-Identifier: MIT */
/* What caller rules need, made at birth. */
#ifndef DSAM_CALLER_BIRTH_H
#define DSAM_CALLER_BIRTH_H

#include "conf.h"

/*
 * Birth, before the gates.  0, also when there are no rules; or -errno after
 * one line has said why, and nothing may be offloaded.
 */
int dsam_caller_birth(const struct dsam_conf *conf);

#endif
