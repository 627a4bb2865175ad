/* SPDX-License-Identifier: MIT */
/*
 * USDT probes of provider dsamove, for bpftrace and SystemTap: a NOP where
 * they stand and a note that names it; docs/offload.bt shows them in use.
 *
 *   offload_start(op, bytes, dst, src)     the device is to have part in it
 *   offload_done(op, bytes, device_bytes, ns)   all of it is right
 *   fallback(op, bytes, why)               so many bytes are the CPU's
 *
 * op is enum dsam_op, why enum dsam_why; src is 0 for memset.
 */
#ifndef DSAM_PROBE_H
#define DSAM_PROBE_H

#if defined(__has_include)
#if __has_include(<sys/sdt.h>)
#include <sys/sdt.h>
#endif
#endif

#ifdef STAP_PROBE4
#define DSAM_PROBE3(name, a, b, c) STAP_PROBE3(dsamove, name, a, b, c)
#define DSAM_PROBE4(name, a, b, c, d) STAP_PROBE4(dsamove, name, a, b, c, d)
#else
#define DSAM_PROBE3(name, a, b, c) ((void)0)
#define DSAM_PROBE4(name, a, b, c, d) ((void)0)
#endif

#endif
