/* SPDX-License-Identifier: MIT */
/* What an ELF file says of itself that matters to a preload. */
#ifndef DSAM_CLI_ELF_H
#define DSAM_CLI_ELF_H

#include <stdbool.h>

struct cli_elf {
	bool is_x86_64;
	char interpreter[128]; /* the dynamic loader; empty: static */
	bool is_shared; /* a library or position independent */
	unsigned imports; /* of the functions that we take */
	char imported[128]; /* their names, with blanks */
	bool defines; /* has functions of these names itself */
	bool has_sanitizer;
	char allocator[32]; /* a library of that kind that it needs */
};

/* False: path is no ELF file that could be read. */
bool cli_elf_look(const char *path, struct cli_elf *out);

#endif
