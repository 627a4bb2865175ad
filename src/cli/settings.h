/* SPDX-License-Identifier: MIT */
/* Settings as a user sees them: what is in effect, and where it is from. */
#ifndef DSAM_CLI_SETTINGS_H
#define DSAM_CLI_SETTINGS_H

#include "conf.h"

#define CLI_VALUE_ROOM 65600

/*
 * Load as the preload would with this environment, and check all that it
 * would check.  file, if not NULL, stands in for DSAMOVE_CONF.  False: *err
 * says why nothing would be offloaded.
 */
bool cli_settings_load(struct dsam_conf *conf, const char *file,
		       struct dsam_conf_error *err);

/* The value of key as a file would have it.  Returns out. */
const char *cli_settings_value(const struct dsam_conf *conf, enum dsam_key key,
			       char *out, size_t room);

/* "default", "environment" or FILE:LINE.  Returns out. */
const char *cli_settings_source(const struct dsam_conf *conf, enum dsam_key key,
				char *out, size_t room);

#endif
