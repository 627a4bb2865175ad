// SPDX-License-Identifier: MIT
/*
 * Opening a node for write(2), keeping its descriptor apart from the
 * program's, letting go of it.  A thread at the other end of a FIFO is the
 * device.
 */
#include "engine.h"

#include "discover.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static char dir[] = "/tmp/dsamove-node-XXXXXX";
static char node[64], other[64];
static struct dsam_wq wq;
static struct dsam_queue q;
static _Alignas(64) struct dsa_hw_desc desc;
static _Alignas(32) struct dsa_completion_record rec;

static void start(void)
{
	ck_assert_ptr_nonnull(mkdtemp(dir));
	wq.numa_node = 3;
	wq.size = 32;
	wq.threshold = 28;
	wq.gen_cap = 0x40915f0107;
	snprintf(wq.name, sizeof(wq.name), "wq0.0");
	snprintf(node, sizeof(node), "%s/wq0.0", dir);
	snprintf(wq.path, sizeof(wq.path), "%s", node);
	snprintf(other, sizeof(other), "%s/other", dir);
	dsam_clock_start();
	dsam_clock_calibrate();
	dsam_queues.count = 0;
}

static void stop(void)
{
	unlink(node);
	unlink(other);
	rmdir(dir);
}

/* Portals need a CPU with ENQCMD, and then a file is mapped as one. */
#define NEEDS_WRITE(name)          \
	if (dsam_cpu_has_enqcmd()) \
	SKIP(name, "this CPU has ENQCMD: portals are mapped")

/* The lowest free number: unchanged means that nothing leaked. */
static int lowest_fd(void)
{
	int fd = open("/dev/null", O_RDONLY);

	close(fd);
	return fd;
}

/* Not for TSan, which does not see that a FIFO orders both sides. */
__attribute__((no_sanitize("thread"))) static void *device(void *arg)
{
	int fd = open(wq.path, O_RDONLY);
	struct dsa_hw_desc d;

	(void)arg;
	while (read(fd, &d, sizeof(d)) == sizeof(d) &&
	       d.opcode != DSA_OPCODE_BATCH) {
		struct dsa_completion_record *r =
			(void *)(uintptr_t)d.completion_addr;

		__atomic_store_n(&r->status, DSA_COMP_SUCCESS,
				 __ATOMIC_RELEASE);
	}
	close(fd);
	return NULL;
}

static pthread_t thread;

static void open_fifo(void)
{
	ck_assert(!mkfifo(wq.path, 0600));
	/* Without it the FIFO would end when the queue lets go of it. */
	ck_assert_int_ge(open(wq.path, O_RDWR | O_CLOEXEC), 0);
	ck_assert(!pthread_create(&thread, NULL, device, NULL));
	ck_assert_int_eq(dsam_queue_open(&q, &wq), 0);
}

static enum dsam_enqueue send(enum dsa_opcode opcode)
{
	dsam_descriptor_begin(&desc, &rec, opcode);
	return q.ops->enqueue(&q, &desc);
}

static void end_device(int fd)
{
	dsam_descriptor_begin(&desc, &rec, DSA_OPCODE_BATCH);
	ck_assert_int_eq(write(fd, &desc, sizeof(desc)), sizeof(desc));
	pthread_join(thread, NULL);
}

START_TEST(a_node_that_takes_descriptors)
{
	NEEDS_WRITE("a_node_that_takes_descriptors");
	open_fifo();
	ck_assert_ptr_eq(q.ops, &dsam_device_write);
	ck_assert_str_eq(q.name, "wq0.0");
	ck_assert_int_eq(q.numa_node, 3);
	ck_assert_uint_eq(q.size, 32);
	ck_assert_uint_eq(q.max_transfer, 2U << 20);
	ck_assert(q.has_cache_control);
	ck_assert_int_eq(atomic_load(&q.state), DSAM_QUEUE_OPEN);
	/* Out of the way, and gone at exec. */
	ck_assert_int_ge(q.fd, 512);
	ck_assert(fcntl(q.fd, F_GETFD) & FD_CLOEXEC);
	errno = 9;
	ck_assert_int_eq(send(DSA_OPCODE_NOOP), DSAM_ENQUEUE_TAKEN);
	ck_assert_int_eq(errno, 9);
	while (!__atomic_load_n(&rec.status, __ATOMIC_ACQUIRE))
		;
	end_device(q.fd);
	dsam_queue_disown(&q);
	ck_assert_int_eq(q.fd, -1);
	ck_assert_int_eq(send(DSA_OPCODE_NOOP), DSAM_ENQUEUE_REFUSED);
}
END_TEST

/* Of the queue, where it and the device say that they have BATCH. */
START_TEST(the_longest_batch)
{
	static const struct {
		uint64_t op_cap;
		uint32_t says, is;
	} all[] = {
		{~0ULL, 16, 0}, {0x3d, 16, 0}, {0x3f, 16, 16},
		{0x3f, 0, 32},  {0x3f, 1, 1},  {0x3f, 32768, 32768},
	};

	/* Nothing is there to be opened. */
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		wq.op_cap = all[i].op_cap;
		wq.max_batch = all[i].says;
		ck_assert_int_eq(dsam_queue_open(&q, &wq), -ENOENT);
		ck_assert_uint_eq(q.max_batch, all[i].is);
	}
}
END_TEST

START_TEST(a_number_that_became_the_programs)
{
	int fd, number;
	struct stat st;

	NEEDS_WRITE("a_number_that_became_the_programs");
	open_fifo();
	number = q.fd;
	end_device(number);
	/* The program closes what it finds, and opens its own file. */
	close(number);
	errno = 9;
	ck_assert_int_eq(send(DSA_OPCODE_NOOP), DSAM_ENQUEUE_REFUSED);
	ck_assert_int_eq(errno, 9);
	fd = open(other, O_RDWR | O_CREAT, 0600);
	ck_assert_int_eq(dup2(fd, number), number);
	ck_assert_int_eq(send(DSA_OPCODE_NOOP), DSAM_ENQUEUE_REFUSED);
	ck_assert(!fstat(number, &st));
	ck_assert_int_eq(st.st_size, 0);
	/* Nor is it closed or replaced on the way out. */
	q.ops->drain(&q);
	dsam_queue_disown(&q);
	ck_assert_int_eq(write(number, "x", 1), 1);
	ck_assert(!fstat(fd, &st));
	ck_assert_int_eq(st.st_size, 1);
}
END_TEST

START_TEST(drained_the_number_stays_taken)
{
	NEEDS_WRITE("drained_the_number_stays_taken");
	open_fifo();
	end_device(q.fd);
	q.ops->drain(&q);
	/* Not a hole that the program's next file could fill. */
	ck_assert_int_ge(fcntl(q.fd, F_GETFD), 0);
	ck_assert_int_eq(write(q.fd, "x", 1), -1);
	ck_assert_int_eq(send(DSA_OPCODE_NOOP), DSAM_ENQUEUE_REFUSED);
}
END_TEST

static atomic_int is_drained;

static void *writer(void *taken)
{
	struct dsam_slot *s;

	ck_assert(!dsam_slot_enter(&s, __builtin_frame_address(0)));
	atomic_store((struct dsam_slot * _Atomic *)taken, s);
	/* The FIFO is full: this waits for somebody who reads. */
	send(DSA_OPCODE_NOOP);
	return NULL;
}

static void *closer(void *unused)
{
	q.ops->drain(&q);
	atomic_store(&is_drained, 1);
	return unused;
}

/* Until it has returned, the kernel drains nothing. */
START_TEST(drained_is_when_no_write_is_under_way)
{
	static struct dsam_slot *_Atomic taken;
	const struct timespec while_ = {0, 50000000};
	pthread_t at_work, closing;
	struct dsam_slot *s;
	int fd;

	NEEDS_WRITE("drained_is_when_no_write_is_under_way");
	open_fifo();
	end_device(q.fd);
	fd = open(wq.path, O_RDWR | O_NONBLOCK);
	ck_assert_int_ge(fd, 0);
	while (write(fd, &desc, sizeof(desc)) > 0)
		;
	ck_assert_int_eq(dsam_slot_birth(), 0);
	dsam_slot_begin();
	ck_assert(!pthread_create(&at_work, NULL, writer, &taken));
	while (!(s = atomic_load(&taken)) || atomic_load(&s->writing) != &q)
		;
	nanosleep(&while_, NULL);
	ck_assert(!pthread_create(&closing, NULL, closer, NULL));
	nanosleep(&while_, NULL);
	ck_assert_int_eq(atomic_load(&is_drained), 0);
	while (read(fd, &desc, sizeof(desc)) > 0)
		;
	ck_assert(!pthread_join(closing, NULL));
	ck_assert(!pthread_join(at_work, NULL));
	ck_assert_ptr_null(atomic_load(&s->writing));
}
END_TEST

START_TEST(opened_again_in_a_child)
{
	int before;

	NEEDS_WRITE("opened_again_in_a_child");
	open_fifo();
	before = lowest_fd();
	atomic_store(&q.state, DSAM_QUEUE_QUARANTINED);
	atomic_store(&q.errors, 3);
	ck_assert_int_eq(dsam_queue_reopen(&q), 0);
	ck_assert_int_eq(atomic_load(&q.state), DSAM_QUEUE_OPEN);
	ck_assert_uint_eq(atomic_load(&q.errors), 0);
	ck_assert_int_eq(lowest_fd(), before);
	end_device(q.fd);
	ck_assert(!unlink(wq.path));
	ck_assert_int_eq(dsam_queue_reopen(&q), -ENOENT);
	ck_assert_int_eq(atomic_load(&q.state), DSAM_QUEUE_CLOSED);
	ck_assert_int_eq(q.fd, -1);
}
END_TEST

/* Write(2) was seen to work: two hundred children don't wait for a NOOP. */
START_TEST(opened_again_without_a_noop)
{
	int fd;

	NEEDS_WRITE("opened_again_without_a_noop");
	open_fifo();
	end_device(q.fd);
	ck_assert(!unlink(wq.path));
	fd = open(wq.path, O_RDWR | O_CREAT | O_EXCL, 0600);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(dsam_queue_reopen(&q), 0);
	ck_assert_int_eq(atomic_load(&q.state), DSAM_QUEUE_OPEN);
	ck_assert_int_eq(read(fd, &desc, 64), 0);
	/* One who could not write before tries. */
	q.ops = &dsam_device_enqcmd;
	ck_assert_int_eq(dsam_queue_reopen(&q), -ETIMEDOUT);
	ck_assert_int_eq(read(fd, &desc, 64), 64);
	close(fd);
}
END_TEST

START_TEST(nodes_that_can_not_serve)
{
	int before = lowest_fd(), fd;
	unsigned char noop[64] = {[4] = 0x0c};
	uint64_t at = (uintptr_t)&q.probe_record;

	ck_assert_int_eq(dsam_queue_open(&q, &wq), -ENOENT);
	NEEDS_WRITE("nodes_that_can_not_serve");
	/* Takes bytes and never answers. */
	fd = open(wq.path, O_WRONLY | O_CREAT, 0600);
	close(fd);
	ck_assert_int_eq(dsam_queue_open(&q, &wq), -ETIMEDOUT);
	ck_assert_int_eq(q.fd, -1);
	ck_assert_int_eq(lowest_fd(), before);
	/* And what it was given was one NOOP. */
	fd = open(wq.path, O_RDONLY);
	memcpy(noop + 8, &at, 8);
	ck_assert_int_eq(read(fd, &desc, 64), 64);
	ck_assert_mem_eq((void *)&desc, noop, 64);
	close(fd);
	/* Takes nothing. */
	snprintf(wq.path, sizeof(wq.path), "/dev/full");
	ck_assert_int_eq(dsam_queue_open(&q, &wq), -EPERM);
	snprintf(wq.path, sizeof(wq.path), "%s", dir);
	ck_assert_int_eq(dsam_queue_open(&q, &wq), -EISDIR);
	ck_assert_int_eq(lowest_fd(), before);
}
END_TEST

START_TEST(transfer_sizes)
{
	static const struct {
		uint64_t told;
		uint32_t taken;
	} all[] = {{0, 2U << 20},          {1, 1},
		   {4096, 4096},           {1ULL << 31, 1U << 31},
		   {1ULL << 32, 1U << 31}, {1ULL << 40, 1U << 31}};

	/* Even of a queue that can't be opened. */
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		wq.max_transfer = all[i].told;
		dsam_queue_open(&q, &wq);
		ck_assert_uint_eq(q.max_transfer, all[i].taken);
	}
	wq.gen_cap = 0;
	dsam_queue_open(&q, &wq);
	ck_assert(!q.has_cache_control);
}
END_TEST

RUN_SUITE_WITH("queue_open", start, stop, the_longest_batch,
	       a_node_that_takes_descriptors, a_number_that_became_the_programs,
	       drained_the_number_stays_taken,
	       drained_is_when_no_write_is_under_way, opened_again_in_a_child,
	       opened_again_without_a_noop, nodes_that_can_not_serve,
	       transfer_sizes)
