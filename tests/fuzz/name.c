// SPDX-License-Identifier: MIT
/*
 * Caller rules: a glob up to the first NUL, then a name that a stranger's
 * symbol table may hold, matched and demangled.
 */
#include "fuzz.h"

#include "caller_name.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char out[DSAM_NAME_ROOM], tiny[8];
	char *glob = malloc(size + 1), *name;

	/* A glob is tried against each tail: keep it quick. */
	if (!glob || size > 300) {
		free(glob);
		return 0;
	}
	if (size)
		memcpy(glob, data, size);
	glob[size] = 0;
	name = glob + strlen(glob);
	name += name < glob + size;
	(void)dsam_name_glob(glob, name);
	(void)dsam_name_module(glob, name);
	MUST(!strchr(dsam_name_base(name), '/'));
	MUST(dsam_name_glob("*", name));
	if (dsam_name_demangle(name, out, sizeof(out)))
		MUST(strlen(out) < sizeof(out) && out[0]);
	if (dsam_name_demangle(name, tiny, sizeof(tiny)))
		MUST(strlen(tiny) < sizeof(tiny));
	free(glob);
	return 0;
}
