// SPDX-License-Identifier: MIT
/*
 * Room: TEST.  What all tests of the guest share.
 * May: use the queue named on the command line.  Must not: use code of src/.
 */
#include "guest.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

struct guest guest = {.fd = -1};
struct dsa_completion_record *rec;

static int failures;

void check_(bool ok, const char *name, const char *fmt, ...)
{
	va_list args;

	if (ok) {
		printf("ok %s\n", name);
		return;
	}
	failures++;
	printf("not ok %s: ", name);
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	putchar('\n');
}

void skip(const char *name, const char *why)
{
	printf("skipped: %s: %s\n", name, why);
}

struct dsa_hw_desc desc_of(int opcode, uint32_t flags)
{
	struct dsa_hw_desc desc;

	memset(&desc, 0, sizeof(desc));
	desc.opcode = (uint32_t)opcode & 0xff;
	desc.flags = flags & 0xffffff;
	if (flags & CRAV)
		desc.completion_addr = (uintptr_t)rec;
	return desc;
}

bool enqcmd(void *portal, const void *desc)
{
	uint8_t is_retry;

	/* enqcmd (%rdx), %rax */
	__asm__ volatile("sfence\n\t.byte 0xf2, 0x0f, 0x38, 0xf8, 0x02\n\t"
			 "setz %0"
			 : "=r"(is_retry)
			 : "a"(portal), "d"(desc)
			 : "memory", "cc");
	return !is_retry;
}

void movdir64b(void *portal, const void *desc)
{
	/* movdir64b (%rdx), %rax */
	__asm__ volatile(".byte 0x66, 0x0f, 0x38, 0xf8, 0x02"
			 :
			 : "a"(portal), "d"(desc)
			 : "memory");
}

int submit(const struct dsa_hw_desc *desc)
{
	for (int tries = 0; tries < 100000; tries++) {
		if (guest.portal) {
			if (enqcmd(guest.portal, desc))
				return 0;
		} else {
			ssize_t n = write(guest.fd, desc, sizeof(*desc));

			if (n == (ssize_t)sizeof(*desc))
				return 0;
			if (n >= 0)
				return -EIO;
			if (errno != EAGAIN)
				return -errno;
		}
		usleep(10);
	}
	return -EAGAIN;
}

uint8_t wait_for(struct dsa_completion_record *r, int ms)
{
	struct timespec start, now;

	clock_gettime(CLOCK_MONOTONIC, &start);
	while (!r->status) {
		clock_gettime(CLOCK_MONOTONIC, &now);
		if ((now.tv_sec - start.tv_sec) * 1000 +
			    (now.tv_nsec - start.tv_nsec) / 1000000 >
		    ms)
			return 0;
		__builtin_ia32_pause();
	}
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return r->status;
}

uint8_t run(const struct dsa_hw_desc *desc)
{
	int ret;

	memset((void *)rec, 0, sizeof(*rec));
	ret = submit(desc);
	if (ret) {
		errno = -ret;
		return 0;
	}
	return wait_for(rec, 2000);
}

void expect(const char *name, const struct dsa_hw_desc *desc, int status)
{
	uint8_t got = run(desc);

	check(got == status, name, "status %02x, expected %02x", got, status);
}

unsigned char *pages(int count, bool is_touched)
{
	unsigned char *p =
		mmap(NULL, (size_t)count * 4096, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED) {
		perror("mmap");
		exit(1);
	}
	madvise(p, (size_t)count * 4096, MADV_NOHUGEPAGE);
	for (int i = 0; is_touched && i < count; i++)
		p[(size_t)i * 4096] = 0;
	return p;
}

bool attribute(const char *object, const char *name, char text[256])
{
	char path[160];
	FILE *file;

	snprintf(path, sizeof(path), "/sys/bus/dsa/devices/%s/%s", object,
		 name);
	file = fopen(path, "re");
	if (!file)
		return false;
	if (!fgets(text, 256, file))
		text[0] = '\0';
	fclose(file);
	text[strcspn(text, "\n")] = '\0';
	return true;
}

static void learn(const char *queue)
{
	char text[256];
	const char *last;

	if (attribute(queue, "max_transfer_size", text))
		guest.max_transfer = strtoull(text, NULL, 10);
	if (attribute(queue, "max_batch_size", text))
		guest.max_batch = (uint32_t)strtoul(text, NULL, 10);
	if (attribute(queue, "block_on_fault", text))
		guest.has_bof = text[0] == '1';
	if (attribute(queue, "op_config", text)) {
		last = strrchr(text, ',');
		guest.has_batch = strtoul(last ? last + 1 : text, NULL, 16) & 2;
	}
}

static int usage(void)
{
	fputs("usage: dsa-guest wqX.Y write|mmap "
	      "operations|checks|faults|kernel|poll|portal|"
	      "disable|disable-unmaps...\n"
	      "       dsa-guest wqX.Y write|mmap load ROUNDS DEPTH SIZE\n",
	      stderr);
	return 2;
}

static int run_named(const char *name)
{
	static const struct {
		const char *name;
		void (*test)(void);
	} tests[] = {{"operations", test_operations},
		     {"checks", test_checks},
		     {"faults", test_faults},
		     {"kernel", test_kernel},
		     {"poll", test_poll},
		     {"disable", test_disable},
		     {"disable-unmaps", test_disable_unmaps},
		     {"portal", test_portal}};

	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
		if (strcmp(name, tests[i].name) == 0) {
			tests[i].test();
			return 0;
		}
	return usage();
}

int main(int argc, char **argv)
{
	bool is_mmap;

	if (argc < 4)
		return usage();
	setvbuf(stdout, NULL, _IOLBF, 0);
	is_mmap = strcmp(argv[2], "mmap") == 0;
	snprintf(guest.path, sizeof(guest.path), "/dev/dsa/%s", argv[1]);
	guest.fd = open(guest.path, is_mmap ? O_RDWR : O_WRONLY);
	if (guest.fd < 0) {
		perror(guest.path);
		return 1;
	}
	if (is_mmap) {
		guest.portal =
			mmap(NULL, 4096, PROT_WRITE, MAP_SHARED, guest.fd, 0);
		if (guest.portal == MAP_FAILED) {
			perror("mmap");
			return 1;
		}
	}
	learn(argv[1]);
	rec = (void *)pages(1, true);
	if (argc == 7 && strcmp(argv[3], "load") == 0) {
		test_load(atoi(argv[4]), atoi(argv[5]),
			  (uint32_t)atol(argv[6]));
		return 0;
	}
	for (int i = 3; i < argc; i++)
		if (run_named(argv[i]))
			return 2;
	return failures != 0;
}
