// SPDX-License-Identifier: MIT
/*
 * Room: COLD (birth, rebirth, death; a library that comes later).
 * May: prctl, which sandboxes allow themselves to drop more.
 * Must not: open /proc to look: that is what a filter may kill for.
 */
#include "sandbox.h"

#include "syscall.h"

#include <linux/prctl.h>

static struct {
	bool is_known;
	long filter, no_new_privs;
} born;

static long ask(long what)
{
	return dsam_syscall6(SYS_prctl, what, 0, 0, 0, 0, 0);
}

void dsam_sandbox_birth(void)
{
	born.filter = ask(PR_GET_SECCOMP);
	born.no_new_privs = ask(PR_GET_NO_NEW_PRIVS);
	born.is_known = true;
}

bool dsam_sandbox_may_be_shut(void)
{
	return born.filter > 0 && born.no_new_privs > 0;
}

/* Without CAP_SYS_ADMIN a filter needs no_new_privs, and most set it anyway. */
bool dsam_sandbox_is_shut(void)
{
	return born.is_known && ask(PR_GET_SECCOMP) > 0 &&
	       (born.filter <= 0 ||
		ask(PR_GET_NO_NEW_PRIVS) > born.no_new_privs);
}
