// SPDX-License-Identifier: MIT
/*
 * Room: COLD (the command).  The doctor on one program: does LD_PRELOAD reach
 * it, and does it call what we take?
 * May: read its file and its libraries', have its dynamic loader list them.
 * Must not: run it, print.
 */
#include "doctor.h"

#include "elf.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

static void obstacle(struct doctor *d, const char *text, const char *mend)
{
	doctor_say(d, DOCTOR_OBSTACLE, "program", "%s", text);
	doctor_mend(d, "%s", mend);
	d->program_is_served = false;
}

/* As execvp finds it. */
static bool find(const char *name, char *out, size_t room)
{
	const char *path = getenv("PATH"), *at;

	if (strchr(name, '/')) {
		snprintf(out, room, "%s", name);
		return !access(name, X_OK);
	}
	for (at = path ? path : "/usr/bin:/bin"; *at;) {
		size_t n = strcspn(at, ":");
		struct stat st;

		snprintf(out, room, "%.*s/%s", (int)n, at, name);
		if (!access(out, X_OK) && !stat(out, &st) &&
		    S_ISREG(st.st_mode))
			return true;
		at += n + (at[n] == ':');
	}
	return false;
}

/*
 * The interpreter of a script: the word after "#!", or, for env, the next
 * one that is a name.
 */
static bool interpreter(const char *path, char *out, size_t room)
{
	char line[256], *word, *save = NULL;

	if (!doctor_line(path, line, sizeof(line)) ||
	    strncmp(line, "#!", 2) != 0)
		return false;
	word = strtok_r(line + 2, " \t", &save);
	if (word && strlen(word) >= 4 &&
	    !strcmp(word + strlen(word) - 4, "/env"))
		do
			word = strtok_r(NULL, " \t", &save);
		while (word && (*word == '-' || strchr(word, '=')));
	return word && find(word, out, room);
}

static bool is_secure(const char *path)
{
	struct stat st;

	if (stat(path, &st))
		return false;
	if ((st.st_mode & S_ISUID) && st.st_uid != geteuid())
		return true;
	if ((st.st_mode & S_ISGID) && (st.st_mode & S_IXGRP) &&
	    st.st_gid != getegid())
		return true;
	return geteuid() && getxattr(path, "security.capability", NULL, 0) > 0;
}

/* Libraries that the loader would map, as lines of "NAME => PATH (0x...)". */
static FILE *list_libraries(const char *loader, const char *path, pid_t *pid)
{
	char *argv[] = {strdup(loader), (char[]){"--list"}, strdup(path), NULL};
	posix_spawn_file_actions_t to;
	int ends[2];
	FILE *f = NULL;

	if (!argv[0] || !argv[2] || pipe2(ends, O_CLOEXEC)) {
		free(argv[0]);
		free(argv[2]);
		return NULL;
	}
	posix_spawn_file_actions_init(&to);
	posix_spawn_file_actions_adddup2(&to, ends[1], STDOUT_FILENO);
	posix_spawn_file_actions_addopen(&to, STDERR_FILENO, "/dev/null",
					 O_WRONLY, 0);
	if (!posix_spawn(pid, loader, &to, NULL, argv, environ))
		f = fdopen(ends[0], "r");
	if (!f)
		close(ends[0]);
	close(ends[1]);
	posix_spawn_file_actions_destroy(&to);
	free(argv[0]);
	free(argv[2]);
	return f;
}

struct libraries {
	unsigned count, importing;
	bool is_sanitized;
	char allocator[32];
	bool defines;
	char definer[64];
};

static void take_library(struct libraries *l, const char *path)
{
	const char *base = strrchr(path, '/');
	struct cli_elf elf;

	base = base ? base + 1 : path;
	/* libc defines them for all, and calls its own directly. */
	if (!strncmp(base, "libc.so", 7) || !strncmp(base, "ld-", 3) ||
	    !strcmp(base, "libdsapreload.so") || !cli_elf_look(path, &elf))
		return;
	l->count++;
	l->importing += elf.imports > 0;
	if (!strncmp(base, "libasan", 7) || !strncmp(base, "libtsan", 7))
		l->is_sanitized = true;
	if (!strncmp(base, "libjemalloc", 11) ||
	    !strncmp(base, "libtcmalloc", 11) ||
	    !strncmp(base, "libmimalloc", 11))
		snprintf(l->allocator, sizeof(l->allocator), "%.*s",
			 (int)strcspn(base, "."), base);
	if (elf.defines) {
		l->defines = true;
		snprintf(l->definer, sizeof(l->definer), "%.60s", base);
	}
}

static void take_libraries(struct libraries *l, const char *loader,
			   const char *path)
{
	char line[PATH_MAX + 200];
	pid_t pid;
	FILE *f = list_libraries(loader, path, &pid);

	while (f && fgets(line, sizeof(line), f)) {
		char *at = strstr(line, " => "), *end;

		if (!at)
			continue;
		at += 4;
		end = strstr(at, " (0x");
		if (!end)
			continue;
		*end = 0;
		take_library(l, at);
	}
	if (!f)
		return;
	fclose(f);
	waitpid(pid, NULL, 0);
}

static void say_copies(struct doctor *d, const struct cli_elf *elf,
		       const struct libraries *l)
{
	if (!elf->imports && !l->importing) {
		obstacle(d,
			 "neither it nor any of its libraries calls memcpy, "
			 "memmove or memset by name: its copies are inlined "
			 "or within libc",
			 "build it without -mmemcpy-strategy and with "
			 "-fno-builtin; what it loads later (dlopen) is not "
			 "looked at here");
		return;
	}
	doctor_say(d, DOCTOR_OK, "program",
		   "it imports %s; of its %u libraries %u import such "
		   "functions, too",
		   elf->imports ? elf->imported : "none of ours itself",
		   l->count, l->importing);
	if (elf->defines)
		doctor_say(d, DOCTOR_WARNING, "program",
			   "it defines functions of these names itself, which "
			   "go before a preload's");
}

static void say_memory(struct doctor *d, const struct cli_elf *elf,
		       const struct libraries *l)
{
	const char *allocator =
		elf->allocator[0] ? elf->allocator : l->allocator;

	if (elf->has_sanitizer || l->is_sanitized)
		doctor_say(d, DOCTOR_WARNING, "program",
			   "it is built with a sanitizer, whose own memcpy "
			   "goes before ours");
	if (allocator[0]) {
		doctor_say(d, DOCTOR_NOTE, "program",
			   "its memory is from %s, which gives pages back "
			   "after a while: where the report speaks of page "
			   "faults, let us touch them first",
			   allocator);
		doctor_mend(d, "dsamove run --touch=always -- ...");
	} else {
		doctor_say(d, DOCTOR_NOTE, "program",
			   "glibc's malloc maps each big buffer afresh: where "
			   "the report speaks of page faults, let it keep "
			   "them");
		doctor_mend(d, "GLIBC_TUNABLES=glibc.malloc.mmap_threshold="
			       "1073741824:glibc.malloc.trim_threshold="
			       "2147483648 dsamove run -- ...");
	}
}

static void look(struct doctor *d, const char *path)
{
	struct libraries l = {0};
	struct cli_elf elf;

	if (!cli_elf_look(path, &elf)) {
		obstacle(d, "it is no program that Linux runs by itself",
			 "name the program that is run in the end");
		return;
	}
	if (!elf.is_x86_64) {
		obstacle(d, "it is not for x86-64 with 64 bits, as we are",
			 "use a 64-bit build of it");
		return;
	}
	if (!elf.interpreter[0]) {
		obstacle(d,
			 "it is statically linked: no dynamic loader, so "
			 "LD_PRELOAD means nothing to it",
			 "use a dynamically linked build of it");
		return;
	}
	if (strstr(elf.interpreter, "ld-musl")) {
		obstacle(d, "it is linked with musl, and we are with glibc",
			 "use a build of it for glibc");
		return;
	}
	if (is_secure(path)) {
		obstacle(d,
			 "it is setuid, setgid or has capabilities: the "
			 "dynamic loader ignores LD_PRELOAD there",
			 "start it as the user that it becomes, or give a "
			 "service AmbientCapabilities= instead of setcap");
		return;
	}
	take_libraries(&l, elf.interpreter, path);
	say_copies(d, &elf, &l);
	say_memory(d, &elf, &l);
}

void doctor_program(struct doctor *d, const char *program)
{
	char path[PATH_MAX], other[PATH_MAX];
	const char *base;

	if (!find(program, path, sizeof(path))) {
		obstacle(d, "it was not found, or can't be run",
			 "give its path");
		return;
	}
	if (interpreter(path, other, sizeof(other))) {
		doctor_say(d, DOCTOR_OK, "program",
			   "%.200s is a script of %.200s", path, other);
		snprintf(path, sizeof(path), "%s", other);
	}
	base = strrchr(path, '/');
	base = base ? base + 1 : path;
	if (d->has_conf && !dsam_conf_list_admits(d->conf.programs, base))
		obstacle(d, "the setting programs leaves it out",
			 "add its name to programs");
	look(d, path);
}
