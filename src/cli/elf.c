// SPDX-License-Identifier: MIT
/*
 * Room: COLD (the command).  An ELF file's headers, by libelf.
 * May: read the file.  Must not: run or load it, print.
 */
#include "elf.h"

#include <fcntl.h>
#include <gelf.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *const ours[] = {
	"memcpy",       "memmove", "memset",    "__memcpy_chk", "__memmove_chk",
	"__memset_chk", "mempcpy", "__mempcpy", "__mempcpy_chk"};

static const char *const allocators[] = {"libjemalloc", "libtcmalloc",
					 "libmimalloc", "libhoard"};

static bool is_ours(const char *name)
{
	for (size_t i = 0; i < sizeof(ours) / sizeof(*ours); i++)
		if (!strcmp(name, ours[i]))
			return true;
	return false;
}

static void take_symbol(struct cli_elf *out, const char *name, bool is_defined)
{
	size_t used = strlen(out->imported);

	if (strstr(name, "__asan_init") || strstr(name, "__tsan_init") ||
	    strstr(name, "__msan_init"))
		out->has_sanitizer = true;
	if (!is_ours(name))
		return;
	if (is_defined) {
		out->defines = true;
		return;
	}
	out->imports++;
	snprintf(out->imported + used, sizeof(out->imported) - used, "%s%s",
		 used ? " " : "", name);
}

static void take_symbols(Elf *elf, Elf_Scn *section, const GElf_Shdr *header,
			 struct cli_elf *out)
{
	Elf_Data *data = elf_getdata(section, NULL);
	size_t count =
		header->sh_entsize ? header->sh_size / header->sh_entsize : 0;

	for (size_t i = 0; data && i < count; i++) {
		const char *name;
		GElf_Sym symbol;

		if (!gelf_getsym(data, (int)i, &symbol))
			break;
		name = elf_strptr(elf, header->sh_link, symbol.st_name);
		if (name)
			take_symbol(out, name, symbol.st_shndx != SHN_UNDEF);
	}
}

static void take_needed(Elf *elf, Elf_Scn *section, const GElf_Shdr *header,
			struct cli_elf *out)
{
	Elf_Data *data = elf_getdata(section, NULL);
	GElf_Dyn entry;

	for (int i = 0; data && gelf_getdyn(data, i, &entry); i++) {
		const char *name;

		if (entry.d_tag == DT_NULL)
			break;
		if (entry.d_tag != DT_NEEDED)
			continue;
		name = elf_strptr(elf, header->sh_link, entry.d_un.d_val);
		for (size_t a = 0;
		     name && a < sizeof(allocators) / sizeof(*allocators); a++)
			if (!strncmp(name, allocators[a],
				     strlen(allocators[a])))
				snprintf(out->allocator, sizeof(out->allocator),
					 "%s", allocators[a]);
	}
}

static void take_interpreter(Elf *elf, struct cli_elf *out)
{
	size_t count = 0, room;
	const char *raw = elf_rawfile(elf, &room);
	GElf_Phdr header;

	if (elf_getphdrnum(elf, &count))
		return;
	for (size_t i = 0; i < count; i++)
		if (gelf_getphdr(elf, (int)i, &header) &&
		    header.p_type == PT_INTERP && raw &&
		    header.p_offset < room &&
		    header.p_filesz <= room - header.p_offset)
			snprintf(out->interpreter, sizeof(out->interpreter),
				 "%.*s", (int)header.p_filesz,
				 raw + header.p_offset);
}

static bool look(Elf *elf, struct cli_elf *out)
{
	Elf_Scn *section = NULL;
	GElf_Ehdr file;

	if (elf_kind(elf) != ELF_K_ELF || !gelf_getehdr(elf, &file))
		return false;
	out->is_x86_64 =
		file.e_machine == EM_X86_64 && gelf_getclass(elf) == ELFCLASS64;
	out->is_shared = file.e_type == ET_DYN;
	take_interpreter(elf, out);
	while ((section = elf_nextscn(elf, section))) {
		GElf_Shdr header;

		if (!gelf_getshdr(section, &header))
			continue;
		if (header.sh_type == SHT_DYNSYM)
			take_symbols(elf, section, &header, out);
		else if (header.sh_type == SHT_DYNAMIC)
			take_needed(elf, section, &header, out);
	}
	return true;
}

bool cli_elf_look(const char *path, struct cli_elf *out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	bool ok = false;
	Elf *elf;

	memset(out, 0, sizeof(*out));
	if (fd < 0)
		return false;
	elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_READ, NULL);
	if (elf)
		ok = look(elf, out);
	elf_end(elf);
	close(fd);
	return ok;
}
