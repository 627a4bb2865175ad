/* SPDX-License-Identifier: MIT */
/* The functions that an ELF file's own symbol table names (.symtab). */
#ifndef DSAM_SYMBOLS_H
#define DSAM_SYMBOLS_H

#include <elf.h>
#include <link.h>
#include <stdbool.h>
#include <stddef.h>

struct dsam_symbols {
	const ElfW(Sym) * symbol;
	size_t count;
	const char *strings; /* ends in NUL */
	size_t strings_bytes;
	void *room; /* mapped */
	size_t room_bytes;
};

/*
 * Read .symtab of the file (or of what /usr/lib/debug has by its build ID),
 * if that is the file which was loaded with its first page at start.  By
 * raw system calls.  False: there is none, and .dynsym has to do.
 */
bool dsam_symbols_read(struct dsam_symbols *s, const char *path,
		       const char *start);

void dsam_symbols_drop(struct dsam_symbols *s);

/* Name of function i, or NULL if it is none that is defined here. */
const char *dsam_symbols_function(const struct dsam_symbols *s, size_t i);

#endif
