// SPDX-License-Identifier: MIT
/*
 * Room: HOT.  The exported names and the gate; nothing else.
 * May: the gates, libc's functions, the way into the engine.  Must not: call
 * a mem function by its name, which is our own.
 * No <string.h>: its prototypes carry attributes that the compiler would act
 * on when it compiles these very functions.
 *
 * memcpy is a memmove: programs bound to memcpy@GLIBC_2.2.5 may overlap, and
 * others do by accident.
 */
#include "dsamove.h"
#include "libc_mem.h"
#include "offload.h"
#include "tiny.h"

#define EXPORT __attribute__((visibility("default")))

/* One comparison for not born, off, dead, op disabled and too small. */
#define SMALL(op, n)                                           \
	DSAM_LIKELY((n) < atomic_load_explicit(&dsam_gate[op], \
					       memory_order_relaxed))

/* Of the exported function: what it calls below is always inlined. */
#define CALLER __builtin_return_address(0)
#define STACK __builtin_dwarf_cfa()

/*
 * In one page, and memset not where libc's is in its own: a branch into the
 * next page, or one that shares its place in the branch predictor with another
 * on the way, costs a cycle.
 */
#define ALIGNED(bytes) __attribute__((aligned(bytes)))

EXPORT ALIGNED(1024) void *memcpy(void *dst, const void *src, size_t n);
EXPORT void *memmove(void *dst, const void *src, size_t n);
EXPORT ALIGNED(256) void *memset(void *dst, int c, size_t n);
EXPORT void *mempcpy(void *dst, const void *src, size_t n);
EXPORT void *__mempcpy(void *dst, const void *src, size_t n);
EXPORT int memcmp(const void *a, const void *b, size_t n);
EXPORT int bcmp(const void *a, const void *b, size_t n);
EXPORT void *__memcpy_chk(void *dst, const void *src, size_t n, size_t room);
EXPORT void *__memmove_chk(void *dst, const void *src, size_t n, size_t room);
EXPORT void *__memset_chk(void *dst, int c, size_t n, size_t room);
EXPORT void *__mempcpy_chk(void *dst, const void *src, size_t n, size_t room);

/*
 * Neither tiny nor big, in one comparison: straight to libc; and so small that
 * it is done here.  What is neither is at or above the gate.
 */
#define MIDDLING(op, n)                 \
	DSAM_LIKELY(                    \
		(n) - (DSAM_TINY + 1) < \
		atomic_load_explicit(&dsam_window[op], memory_order_relaxed))
#define TINY(op, n)                                                \
	DSAM_LIKELY((n) < atomic_load_explicit(&dsam_tiny_end[op], \
					       memory_order_relaxed))

/* A copy within room, by the gate's answer.  op is a constant. */
static inline __attribute__((always_inline)) void *
pass_copy(enum dsam_op op, void *dst, const void *src, size_t n)
{
	void *ret;

	if (MIDDLING(op, n))
		return dsam_libc.memmove(dst, src, n);
	if (DSAM_UNLIKELY(!TINY(op, n)))
		return dsam_offload_copy(op, dst, src, n, CALLER, STACK);
	/* Now: then each class of sizes ends in a return, not in a jump. */
	__asm__("" : "=a"(ret) : "0"(dst));
	dsam_tiny_copy(dst, src, n);
	return ret;
}

static inline __attribute__((always_inline)) void *pass_fill(void *dst, int c,
							     size_t n)
{
	if (SMALL(DSAM_OP_MEMSET, n))
		return dsam_libc.memset(dst, c, n);
	return dsam_offload_fill(dst, c, n, CALLER, STACK);
}

void *memcpy(void *dst, const void *src, size_t n)
{
	return pass_copy(DSAM_OP_MEMCPY, dst, src, n);
}

void *memmove(void *dst, const void *src, size_t n)
{
	return pass_copy(DSAM_OP_MEMMOVE, dst, src, n);
}

void *memset(void *dst, int c, size_t n)
{
	return pass_fill(dst, c, n);
}

/* Not a tail call of pass_copy: the end is what it returns. */
static inline __attribute__((always_inline)) void *
pass_mempcpy(void *dst, const void *src, size_t n)
{
	if (SMALL(DSAM_OP_MEMCPY, n))
		return dsam_libc.mempcpy(dst, src, n);
	return (char *)dsam_offload_copy(DSAM_OP_MEMCPY, dst, src, n, CALLER,
					 STACK) +
	       n;
}

void *mempcpy(void *dst, const void *src, size_t n)
{
	return pass_mempcpy(dst, src, n);
}

void *__mempcpy(void *dst, const void *src, size_t n)
{
	return pass_mempcpy(dst, src, n);
}

int memcmp(const void *a, const void *b, size_t n)
{
	if (SMALL(DSAM_OP_MEMCMP, n))
		return dsam_libc.memcmp(a, b, n);
	return dsam_offload_compare(a, b, n, CALLER, STACK);
}

int bcmp(const void *a, const void *b, size_t n)
{
	if (SMALL(DSAM_OP_MEMCMP, n))
		return dsam_libc.bcmp(a, b, n);
	return dsam_offload_compare(a, b, n, CALLER, STACK);
}

/*
 * The fortified forms: an overflow goes to libc's own, so that the message
 * and the abort are libc's.
 */
void *__memcpy_chk(void *dst, const void *src, size_t n, size_t room)
{
	if (DSAM_UNLIKELY(n > room))
		return dsam_libc.memcpy_chk(dst, src, n, room);
	return pass_copy(DSAM_OP_MEMCPY, dst, src, n);
}

void *__memmove_chk(void *dst, const void *src, size_t n, size_t room)
{
	if (DSAM_UNLIKELY(n > room))
		return dsam_libc.memmove_chk(dst, src, n, room);
	return pass_copy(DSAM_OP_MEMMOVE, dst, src, n);
}

void *__memset_chk(void *dst, int c, size_t n, size_t room)
{
	if (DSAM_UNLIKELY(n > room))
		return dsam_libc.memset_chk(dst, c, n, room);
	return pass_fill(dst, c, n);
}

void *__mempcpy_chk(void *dst, const void *src, size_t n, size_t room)
{
	if (DSAM_UNLIKELY(n > room))
		return dsam_libc.mempcpy_chk(dst, src, n, room);
	return pass_mempcpy(dst, src, n);
}
