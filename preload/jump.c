// SPDX-License-Identifier: MIT
/*
 * Room: COLD.  Long jumps: they may leave a copy in a signal handler, and
 * from then on the destination is the program's again, as it would be had
 * libc been copying.
 * May: wait for the device.  Must not: come back.
 * No <setjmp.h>: it gives these functions other names.
 */
#include "jump.h"

#include "slot_left.h"

#include <dlfcn.h>

#define EXPORT __attribute__((visibility("default"), noreturn))

EXPORT void longjmp(void *env, int value);
EXPORT void _longjmp(void *env, int value);
EXPORT void siglongjmp(void *env, int value);
EXPORT void __longjmp_chk(void *env, int value);

/* libc's, by our own index; dlsym is not for signal handlers. */
static void (*next[4])(void *env, int value);
static const char *const names[4] = {"longjmp", "_longjmp", "siglongjmp",
				     "__longjmp_chk"};

static void resolve(int which)
{
	*(void **)&next[which] = dlsym(RTLD_NEXT, names[which]);
}

void dsam_jump_birth(void)
{
	for (int i = 0; i < 4; i++)
		resolve(i);
}

__attribute__((noreturn)) static void jump(int which, void *env, int value)
{
	if (dsam_left_any())
		dsam_left_for_good();
	/* Another library's constructor, before our birth. */
	if (!next[which])
		resolve(which);
	next[which](env, value);
	__builtin_unreachable();
}

void longjmp(void *env, int value)
{
	jump(0, env, value);
}

void _longjmp(void *env, int value)
{
	jump(1, env, value);
}

void siglongjmp(void *env, int value)
{
	jump(2, env, value);
}

void __longjmp_chk(void *env, int value)
{
	jump(3, env, value);
}
