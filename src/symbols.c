// SPDX-License-Identifier: MIT
/*
 * Room: COLD (birth, report; a module that comes later).  Reads symbol tables
 * of files.
 * May: raw system calls; what it maps it gives back.
 * Must not: allocate from the heap, compare by our own memcmp, call what a
 * signal handler may not, trust what the file says of itself.
 */
#include "symbols.h"

#include "dsamove.h"
#include "libc_mem.h"
#include "sandbox.h"
#include "syscall.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

#define MOST_BYTES (1UL << 30)
#define MOST_SECTIONS 65536U
/* So much of a file tells it from others; its notes are there, too. */
#define HEAD_BYTES 1024U

static bool read_at(long fd, void *to, size_t n, uint64_t at)
{
	while (n) {
		long got = dsam_syscall6(SYS_pread64, fd, (long)to, (long)n,
					 (long)at, 0, 0);

		if (got == -EINTR)
			continue;
		if (got <= 0)
			return false;
		to = (char *)to + got;
		at += (uint64_t)got;
		n -= (size_t)got;
	}
	return true;
}

static void *map_room(size_t n)
{
	long p = dsam_syscall6(SYS_mmap, 0, (long)n, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1,
			       0);

	return p < 0 && p > -(long)DSAM_PAGE ? NULL : (void *)p;
}

/* The section headers of .symtab and of its strings. */
static bool find_table(long fd, const ElfW(Ehdr) * e, ElfW(Shdr) * symtab,
		       ElfW(Shdr) * strtab)
{
	if (e->e_shentsize != sizeof(ElfW(Shdr)))
		return false;
	for (unsigned i = 0; i < e->e_shnum && i < MOST_SECTIONS; i++) {
		if (!read_at(fd, symtab, sizeof(*symtab),
			     e->e_shoff + i * sizeof(*symtab)))
			return false;
		if (symtab->sh_type == SHT_SYMTAB)
			return read_at(fd, strtab, sizeof(*strtab),
				       e->e_shoff + symtab->sh_link *
							    sizeof(*strtab));
	}
	return false;
}

static bool read_table(struct dsam_symbols *s, long fd, const ElfW(Ehdr) * e)
{
	ElfW(Shdr) symtab, strtab;
	size_t n;

	if (!find_table(fd, e, &symtab, &strtab) ||
	    symtab.sh_size > MOST_BYTES || strtab.sh_size > MOST_BYTES)
		return false;
	n = (symtab.sh_size + DSAM_LINE) & -DSAM_LINE;
	s->room_bytes = n + strtab.sh_size + 1;
	s->room = map_room(s->room_bytes);
	if (!s->room)
		return false;
	s->symbol = s->room;
	s->count = symtab.sh_size / sizeof(*s->symbol);
	s->strings = (char *)s->room + n;
	s->strings_bytes = strtab.sh_size;
	if (read_at(fd, s->room, symtab.sh_size, symtab.sh_offset) &&
	    read_at(fd, (char *)s->room + n, strtab.sh_size, strtab.sh_offset))
		return true;
	dsam_symbols_drop(s);
	return false;
}

/* The file's table, if it begins as what is in memory does. */
static bool read_file(struct dsam_symbols *s, const char *path,
		      const char *start)
{
	char page[HEAD_BYTES];
	ElfW(Ehdr) e;
	long fd;
	bool ok;

	if (dsam_sandbox_is_shut())
		return false;
	fd = dsam_syscall6(SYS_openat, AT_FDCWD, (long)path,
			   O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0, 0,
			   0);
	if (fd < 0)
		return false;
	ok = read_at(fd, page, sizeof(page), 0) &&
	     (!start || !dsam_libc.memcmp(page, start, sizeof(page)));
	memcpy(&e, page, sizeof(e));
	ok = ok && !memcmp(e.e_ident, ELFMAG, SELFMAG) && read_table(s, fd, &e);
	dsam_syscall3(SYS_close, fd, 0, 0);
	return ok;
}

#define ID_BYTES 20U
#define DEBUG_PATH "/usr/lib/debug/.build-id/"

/* /usr/lib/debug/.build-id/ab/cdef....debug, from the notes at start. */
static bool debug_path(const char *start, char *out)
{
	const unsigned char *p = (const unsigned char *)start;
	/* Type 3, owner GNU, 20 bytes: as all linkers of today write it. */
	static const char note[] = "\4\0\0\0\24\0\0\0\3\0\0\0GNU";

	for (size_t i = 0; i + sizeof(note) + ID_BYTES < HEAD_BYTES; i += 4) {
		const unsigned char *id = p + i + sizeof(note);

		if (dsam_libc.memcmp(p + i, note, sizeof(note)) != 0)
			continue;
		out = stpcpy(out, DEBUG_PATH);
		for (unsigned k = 0; k < ID_BYTES; k++) {
			*out++ = "0123456789abcdef"[id[k] >> 4];
			*out++ = "0123456789abcdef"[id[k] & 15];
			if (!k)
				*out++ = '/';
		}
		stpcpy(out, ".debug");
		return true;
	}
	return false;
}

bool dsam_symbols_read(struct dsam_symbols *s, const char *path,
		       const char *start)
{
	char debug[sizeof(DEBUG_PATH) + 2UL * ID_BYTES + sizeof("/.debug")];

	memset(s, 0, sizeof(*s));
	if (read_file(s, path, start))
		return true;
	return debug_path(start, debug) && read_file(s, debug, NULL);
}

void dsam_symbols_drop(struct dsam_symbols *s)
{
	if (s->room)
		dsam_syscall3(SYS_munmap, (long)s->room, (long)s->room_bytes,
			      0);
	s->room = NULL;
	s->count = 0;
}

const char *dsam_symbols_function(const struct dsam_symbols *s, size_t i)
{
	const ElfW(Sym) *y = &s->symbol[i];

	if (ELF64_ST_TYPE(y->st_info) != STT_FUNC || !y->st_shndx ||
	    y->st_name >= s->strings_bytes)
		return NULL;
	return s->strings + y->st_name;
}
