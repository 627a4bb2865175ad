/* SPDX-License-Identifier: MIT */
/* How the software DSA reaches this process' memory. */
#ifndef DSAM_SOFTWARE_MEMORY_H
#define DSAM_SOFTWARE_MEMORY_H

#include "descriptor_exec.h"

/*
 * Plain loads and stores, on the caller's own thread: a bad pointer raises
 * its signal there, as libc's copy would.
 */
extern const struct dsam_memory dsam_software_direct;

/* By process_vm_readv and writev on ourselves: bad addresses stop short. */
extern const struct dsam_memory dsam_software_remote;

/* Birth: may this process use the latter at all?  0 or -errno. */
int dsam_software_remote_probe(void);

#endif
