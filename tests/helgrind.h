/* SPDX-License-Identifier: MIT */
/*
 * What helgrind does not know: C11 atomics.  `make BUILD=helgrind` puts this
 * before every file (gcc's -include), and the atomic operations of the same
 * sources then tell it what they order: what releases happens before what
 * acquires the same object; relaxed ones order nothing, as the standard says.
 * The atomic objects themselves are not checked.  Coarser than the truth in
 * one way: an acquire is taken to have seen every release so far.
 *
 * Only in test programs: nothing of this is in what is installed.
 */
#ifndef HELGRIND_H
#define HELGRIND_H

/* Its macros are used in those of <stdatomic.h>, and shadow like them. */
#pragma GCC system_header

#include <stdatomic.h>
#include <valgrind/helgrind.h>

#define DSAM_HELGRIND 1

static inline void dsam_hg_before(const volatile void *p, unsigned long n,
				  int order)
{
	VALGRIND_HG_DISABLE_CHECKING(p, n);
	if (order == __ATOMIC_RELEASE || order == __ATOMIC_ACQ_REL ||
	    order == __ATOMIC_SEQ_CST)
		ANNOTATE_HAPPENS_BEFORE(p);
}

static inline void dsam_hg_after(const volatile void *p, int order)
{
	if (order == __ATOMIC_ACQUIRE || order == __ATOMIC_CONSUME ||
	    order == __ATOMIC_ACQ_REL || order == __ATOMIC_SEQ_CST)
		ANNOTATE_HAPPENS_AFTER(p);
}

/* A macro's own name within it is the builtin. */
#define DSAM_HG(p, order, value)                          \
	__extension__({                                   \
		dsam_hg_before(p, sizeof(*(p)), (order)); \
		__auto_type dsam_hg_value = (value);      \
		dsam_hg_after(p, (order));                \
		dsam_hg_value;                            \
	})
#define __atomic_load_n(p, order) DSAM_HG(p, order, __atomic_load_n(p, order))
#define __atomic_fetch_add(p, v, order) \
	DSAM_HG(p, order, __atomic_fetch_add(p, v, order))
#define __atomic_fetch_sub(p, v, order) \
	DSAM_HG(p, order, __atomic_fetch_sub(p, v, order))
#define __atomic_fetch_or(p, v, order) \
	DSAM_HG(p, order, __atomic_fetch_or(p, v, order))
#define __atomic_fetch_and(p, v, order) \
	DSAM_HG(p, order, __atomic_fetch_and(p, v, order))
#define __atomic_compare_exchange(p, e, v, weak, order, fail) \
	DSAM_HG(p, order, __atomic_compare_exchange(p, e, v, weak, order, fail))

#define DSAM_HG_VOID(p, order, statement)                 \
	__extension__({                                   \
		dsam_hg_before(p, sizeof(*(p)), (order)); \
		statement;                                \
		dsam_hg_after(p, (order));                \
	})
#define __atomic_load(p, r, order) \
	DSAM_HG_VOID(p, order, __atomic_load(p, r, order))
#define __atomic_store(p, v, order) \
	DSAM_HG_VOID(p, order, __atomic_store(p, v, order))
#define __atomic_store_n(p, v, order) \
	DSAM_HG_VOID(p, order, __atomic_store_n(p, v, order))
#define __atomic_exchange(p, v, r, order) \
	DSAM_HG_VOID(p, order, __atomic_exchange(p, v, r, order))

#endif
