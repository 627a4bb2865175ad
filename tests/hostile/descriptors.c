// SPDX-License-Identifier: MIT
/*
 * descriptors HOW [DIRECTORY]: a host that counts its files, or takes away
 * from itself, after start-up, what a library may want later: the file
 * system, its uid, capabilities, system calls, files, memory.  It then copies
 * here, in a thread and in a child.
 */
#define _GNU_SOURCE
#include "guest.h"

#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOBODY 65534

static unsigned char a[BIG], b[BIG], c[BIG];
static const char *directory;
static pthread_barrier_t gate;

static void copy(unsigned char *to, int times)
{
	while (times--) {
		memset(to, times, unknown(BIG));
		CHECK(is_all(to, BIG, times));
		memcpy(to, a, unknown(BIG));
		CHECK(is_pattern(to, BIG, 0, 8));
	}
}

/* Is there before the host changes, and copies for the first time after. */
static void *thread(void *arg)
{
	pthread_barrier_wait(&gate);
	copy(c, 3);
	pthread_barrier_wait(&gate);
	pthread_barrier_wait(&gate);
	return arg;
}

/* Something that can't be done here is not a failure of ours. */
static void cannot(const char *what)
{
	printf("%s is not possible here\n", what);
	exit(77);
}

static int count(void)
{
	DIR *d = opendir("/proc/self/fd");
	int n = -1; /* d's own */

	CHECK(d);
	for (struct dirent *e; (e = readdir(d));)
		n += e->d_name[0] != '.';
	closedir(d);
	return n;
}

/* The directory holds what looks like the nodes of a DSA, and is a file. */
static void to_chroot(void)
{
	char own[] = "rootXXXXXX";
	int fd;

	CHECK(!chdir(directory) && mkdtemp(own) && !chdir(own));
	CHECK(!mkdir("dev", 0755) && !mkdir("dev/dsa", 0755));
	fd = open("dev/dsa/wq0.0", O_WRONLY | O_CREAT | O_EXCL, 0600);
	CHECK(fd >= 0 && write(fd, "mine\n", 5) == 5 && !close(fd));
	if (chroot("."))
		cannot("chroot");
	CHECK(!chdir("/"));
}

static void check_decoy(void)
{
	char text[6] = "";
	int fd = open("/dev/dsa/wq0.0", O_RDONLY);

	CHECK(fd >= 0 && read(fd, text, sizeof(text)) == 5);
	CHECK(!memcmp(text, "mine\n", 5) && !close(fd));
}

static void to_nobody(void)
{
	if (setgroups(0, NULL) || setgid(NOBODY) || setuid(NOBODY))
		cannot("setuid");
	CHECK(geteuid() == NOBODY);
}

static void to_no_capabilities(void)
{
	struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct none[2] = {{0, 0, 0}, {0, 0, 0}};

	for (int cap = 0; cap < 64; cap++)
		prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
	CHECK(!syscall(SYS_capset, &head, none));
}

/* KILL where a library would call the kernel behind the host's back. */
static void to_filter(void)
{
#define KILLS(nr)                                      \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 1), \
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS)
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		KILLS(SYS_open),
		KILLS(SYS_openat),
		KILLS(SYS_openat2),
		KILLS(SYS_creat),
		KILLS(SYS_ioctl),
		KILLS(SYS_madvise),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {sizeof(code) / sizeof(*code), code};

	CHECK(!prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0))
		cannot("seccomp");
}

static unsigned long locked_kib(void)
{
	char line[128];
	unsigned long n = 0;
	FILE *f = fopen("/proc/self/status", "re");

	CHECK(f);
	while (fgets(line, sizeof(line), f) &&
	       sscanf(line, "VmLck: %lu", &n) != 1)
		;
	fclose(f);
	return n;
}

/* Real memory from now on: a library may have reserved only so much. */
static void to_locked(void)
{
	if (mlockall(MCL_CURRENT | MCL_FUTURE))
		cannot("mlockall");
	CHECK(locked_kib() > 0 && locked_kib() < 128 * 1024);
}

/* The same, and not a page may be locked any more: no mmap goes well. */
static void to_locked_out(void)
{
	struct rlimit none = {0, 0};

	to_locked();
	CHECK(!setrlimit(RLIMIT_MEMLOCK, &none));
	to_nobody();
	CHECK(mmap(NULL, 1, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
	      MAP_FAILED);
}

/* Not a page more, and none to lock. */
static void to_no_memory(void)
{
	struct rlimit none = {0, 0};

	CHECK(!setrlimit(RLIMIT_AS, &none));
	CHECK(!setrlimit(RLIMIT_DATA, &none));
	CHECK(!setrlimit(RLIMIT_MEMLOCK, &none));
	CHECK(mmap(NULL, 1, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
	      MAP_FAILED);
}

static void to_no_files(void)
{
	struct rlimit none = {0, 0};

	CHECK(!setrlimit(RLIMIT_NOFILE, &none));
	CHECK(open("/dev/null", O_RDONLY) < 0);
}

static void to_no_privileges(void)
{
	CHECK(!prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
}

static void nothing(void)
{
}

static const struct {
	const char *how;
	void (*change)(void), (*check)(void);
} hows[] = {
	{"chroot", to_chroot, check_decoy},
	{"setuid", to_nobody, nothing},
	{"capabilities", to_no_capabilities, nothing},
	{"no_new_privs", to_no_privileges, nothing},
	{"seccomp", to_filter, nothing},
	{"mlockall", to_locked, nothing},
	{"locked_out", to_locked_out, nothing},
	{"memory", to_no_memory, nothing},
	{"files", to_no_files, nothing},
};

static void child(void)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		copy(b, 3);
		fflush(stdout);
		exit(31);
	}
	CHECK(pid > 0 && waitpid(pid, &status, 0) == pid);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 31);
}

static void live(void (*change)(void), void (*check)(void))
{
	pthread_t t;

	CHECK(!pthread_barrier_init(&gate, NULL, 2));
	CHECK(!pthread_create(&t, NULL, thread, NULL));
	change();
	copy(b, 3);
	check();
	pthread_barrier_wait(&gate);
	pthread_barrier_wait(&gate);
	child();
	check();
	copy(b, 3);
	puts("here, in a thread, in a child: right");
	fflush(stdout);
	pthread_barrier_wait(&gate);
	/* It ends after the filter: its stack is not given back, by madvise. */
	if (change != to_filter)
		CHECK(!pthread_join(t, NULL));
}

int main(int argc, char **argv)
{
	const char *how = argc > 1 ? argv[1] : "";

	directory = argc > 2 ? argv[2] : "";
	setvbuf(stdout, NULL, _IOFBF, 4096);
	pattern(a, BIG, 8);
	copy(b, 3);
	if (!strcmp(how, "count")) {
		printf("%d files\n", count());
		return 32;
	}
	for (size_t i = 0; i < sizeof(hows) / sizeof(*hows); i++)
		if (!strcmp(how, hows[i].how)) {
			live(hows[i].change, hows[i].check);
			/* exit, for a report, but not through this stack */
			return 33;
		}
	return 2;
}
