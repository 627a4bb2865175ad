// SPDX-License-Identifier: MIT
/*
 * Room: WARM.  libc's signal functions, so that the program's handlers stand
 * behind ours and none of our signals is ever blocked (a blocked one that an
 * instruction raises would be the end of the program).
 * May: set errno as libc does.  Must not: call the functions it replaces.
 */
#include "cpu.h"
#include "raw.h"

#include <errno.h>

#define EXPORT __attribute__((visibility("default")))
#define SA_RESTORER_FLAG 0x04000000

/* 32 and 33 belong to libc's threads. */
#define RESERVED (3ULL << 31)

typedef void (*handler_t)(int);

/* What the calling thread believes to have blocked of our signals. */
static __thread uint64_t believed __attribute__((tls_model("initial-exec")));

EXPORT int sigaction(int sig, const struct sigaction *set,
		     struct sigaction *get);
EXPORT int __sigaction(int sig, const struct sigaction *set,
		       struct sigaction *get);
EXPORT handler_t signal(int sig, handler_t handler);
EXPORT handler_t ssignal(int sig, handler_t handler);
EXPORT handler_t bsd_signal(int sig, handler_t handler);
EXPORT handler_t sysv_signal(int sig, handler_t handler);
EXPORT handler_t __sysv_signal(int sig, handler_t handler);
EXPORT int sigprocmask(int how, const sigset_t *set, sigset_t *old);
EXPORT int pthread_sigmask(int how, const sigset_t *set, sigset_t *old);

static void to_kernel(const struct sigaction *from, struct tb_kernel_action *to)
{
	to->handler = from->sa_handler;
	to->flags =
		(unsigned long)(unsigned int)from->sa_flags | SA_RESTORER_FLAG;
	to->restorer = tb_cpu_restorer;
	to->mask = *(const uint64_t *)(const void *)&from->sa_mask;
}

static void from_kernel(const struct tb_kernel_action *from,
			struct sigaction *to)
{
	to->sa_handler = from->handler;
	to->sa_flags = (int)(from->flags & ~(unsigned long)SA_RESTORER_FLAG);
	to->sa_restorer = NULL;
	for (size_t i = 0; i < sizeof(to->sa_mask) / 8; i++)
		((uint64_t *)(void *)&to->sa_mask)[i] = i ? 0 : from->mask;
}

static int change(int sig, const struct tb_kernel_action *set,
		  struct tb_kernel_action *get)
{
	struct tb_kernel_action copy;
	long ret;

	if (sig <= 0 || sig > 64 || (1ULL << (sig - 1) & RESERVED)) {
		errno = EINVAL;
		return -1;
	}
	if (tb_cpu_shm && tb_cpu_is_ours(sig)) {
		tb_cpu_action(sig, set, get);
		return 0;
	}
	if (set) {
		copy = *set;
		if (tb_cpu_shm)
			copy.mask &= ~TB_CPU_SIGNALS;
	}
	ret = TB_RAW4(SYS_rt_sigaction, sig, set ? &copy : NULL, get, 8);
	if (ret < 0) {
		errno = (int)-ret;
		return -1;
	}
	return 0;
}

int sigaction(int sig, const struct sigaction *set, struct sigaction *get)
{
	struct tb_kernel_action in, out;

	if (set)
		to_kernel(set, &in);
	if (change(sig, set ? &in : NULL, get ? &out : NULL) < 0)
		return -1;
	if (get)
		from_kernel(&out, get);
	return 0;
}

int __sigaction(int sig, const struct sigaction *set, struct sigaction *get)
{
	return sigaction(sig, set, get);
}

static handler_t set_simple(int sig, handler_t handler, unsigned long flags,
			    uint64_t mask)
{
	struct tb_kernel_action in = {handler, flags | SA_RESTORER_FLAG,
				      tb_cpu_restorer, mask};
	struct tb_kernel_action out;

	if (handler == SIG_ERR) {
		errno = EINVAL;
		return SIG_ERR;
	}
	return change(sig, &in, &out) < 0 ? SIG_ERR : out.handler;
}

handler_t signal(int sig, handler_t handler)
{
	return set_simple(sig, handler, SA_RESTART,
			  sig > 0 && sig <= 64 ? 1ULL << (sig - 1) : 0);
}

handler_t ssignal(int sig, handler_t handler)
{
	return signal(sig, handler);
}

handler_t bsd_signal(int sig, handler_t handler)
{
	return signal(sig, handler);
}

handler_t sysv_signal(int sig, handler_t handler)
{
	return set_simple(sig, handler, SA_RESETHAND | SA_NODEFER, 0);
}

handler_t __sysv_signal(int sig, handler_t handler)
{
	return sysv_signal(sig, handler);
}

/* 0 or an error number. */
static int mask(int how, const sigset_t *set, sigset_t *old)
{
	uint64_t want = set ? *(const uint64_t *)(const void *)set : 0;
	uint64_t was, to_kernel_mask = want & ~RESERVED;
	uint64_t now = believed;
	long ret;

	if (tb_cpu_shm && how != SIG_UNBLOCK)
		to_kernel_mask &= ~TB_CPU_SIGNALS;
	ret = TB_RAW4(SYS_rt_sigprocmask, how, set ? &to_kernel_mask : NULL,
		      &was, 8);
	if (ret < 0)
		return (int)-ret;
	if (old) {
		__builtin_memset(old, 0, sizeof(*old));
		*(uint64_t *)(void *)old = was | now;
	}
	if (!set || !tb_cpu_shm)
		return 0;
	if (how == SIG_BLOCK)
		now |= want;
	else if (how == SIG_UNBLOCK)
		now &= ~want;
	else
		now = want;
	believed = now & TB_CPU_SIGNALS;
	return 0;
}

int pthread_sigmask(int how, const sigset_t *set, sigset_t *old)
{
	return mask(how, set, old);
}

int sigprocmask(int how, const sigset_t *set, sigset_t *old)
{
	int error = mask(how, set, old);

	if (!error)
		return 0;
	errno = error;
	return -1;
}
