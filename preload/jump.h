/* SPDX-License-Identifier: MIT */
/* The program's long jumps wait for the device. */
#ifndef DSAM_JUMP_H
#define DSAM_JUMP_H

/* Birth: find libc's. */
void dsam_jump_birth(void);

#endif
