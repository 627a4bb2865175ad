/* SPDX-License-Identifier: MIT */
/*
 * A client of a DSA, written from linux/idxd.h and the specification alone,
 * that tells what it expected and did not get.  Knows nothing of the test
 * device; runs on hardware too, where it skips what needs a certain set-up.
 */
#ifndef GUEST_H
#define GUEST_H

#include <linux/idxd.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BOF IDXD_OP_FLAG_BOF
#define CRAV IDXD_OP_FLAG_CRAV
#define RCR IDXD_OP_FLAG_RCR
#define BOTH (IDXD_OP_FLAG_CRAV | IDXD_OP_FLAG_RCR)

/* The queue under test and how it is reached. */
struct guest {
	char path[64];
	int fd;
	void *portal; /* NULL: submission by write(2) */
	uint64_t max_transfer;
	uint32_t max_batch;
	bool has_batch, has_bof;
};

extern struct guest guest;
extern struct dsa_completion_record *rec; /* 32-byte aligned, touched */

/* A descriptor of that operation, all else zero but the record's address. */
struct dsa_hw_desc desc_of(int opcode, uint32_t flags);

/* One ENQCMD: true when accepted. */
bool enqcmd(void *portal, const void *desc);
void movdir64b(void *portal, const void *desc);

/* By write(2) or ENQCMD, whichever the run is about; 0 or -errno. */
int submit(const struct dsa_hw_desc *desc);

/* Wait for the status byte of *r, at most ms milliseconds: status, or 0. */
uint8_t wait_for(struct dsa_completion_record *r, int ms);

/* Submit and wait: the record's status, 0 when there was none in time. */
uint8_t run(const struct dsa_hw_desc *desc);

/* Results, one line each. */
void check_(bool ok, const char *name, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
#define check(ok, name, ...) check_(ok, name, __VA_ARGS__)
void skip(const char *name, const char *why);

/* The same with the status wanted. */
void expect(const char *name, const struct dsa_hw_desc *desc, int status);

/* Pages of memory: written to if touched, else absent. */
unsigned char *pages(int count, bool is_touched);

/* Read one attribute of the queue or its device; false: not there. */
bool attribute(const char *object, const char *name, char text[256]);

void test_operations(void); /* ops.c: every operation does what it should */
void test_checks(void); /* checks.c: what is refused, with which status */
void test_faults(void); /* faults.c: pages that are not present */
void test_kernel(void); /* kernel.c: open, mmap, write, fork, close */
void test_poll(void); /* poll.c: software errors; first, if at all */
void test_disable(void); /* disable.c: what is left of a disabled queue */
void test_disable_unmaps(void); /* the same, where portals go with it */
void test_portal(void); /* portal.c: the instructions and the portal */

/* load.c: rounds of depth copies of size bytes; prints figures. */
void test_load(int rounds, int depth, uint32_t size);

#endif
