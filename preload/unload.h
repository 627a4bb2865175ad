/* SPDX-License-Identifier: MIT */
/* The program's dlclose is counted. */
#ifndef DSAM_UNLOAD_H
#define DSAM_UNLOAD_H

/* Birth: find libc's. */
void dsam_unload_birth(void);

#endif
