/* SPDX-License-Identifier: MIT */
/*
 * A loaded executable or library: who it is, and which of its functions the
 * caller rules name, as ranges of addresses.
 */
#ifndef DSAM_CALLER_MODULE_H
#define DSAM_CALLER_MODULE_H

#include "dsamove.h"

#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <stdatomic.h>

/* What a rule says of a caller; bits, as several may match. */
#define DSAM_RULE_ALLOW 1U
#define DSAM_RULE_DENY 2U

struct dsam_rule {
	const char *module; /* glob */
	const char *symbol; /* as written; NULL: any code of the module */
	const char *pattern; /* its glob, in which pointers are none */
	uint32_t bits;
	bool is_glob; /* module is: which one is open */
	bool has_module; /* matched one at birth */
	bool has_symbol; /* and a function of it */
	/* A glob that has matched nothing: see dsam_modules.awaited. */
	_Atomic bool is_awaited;
};

/* Offsets from the module's start. */
struct dsam_range {
	uint32_t start, end, bits;
};

/* Immutable once it is in the list, and never freed.  Begins on a line. */
struct dsam_module {
	struct dsam_module *next;
	const char *start, *end; /* as dsam_caller_find() has them */
	const void *map;
	const char *path; /* of the file, as the loader has it */
	uint64_t id[2]; /* build id, or a sum of the first segment */
	const char *build_id; /* where to read it; NULL: sum */
	size_t summed; /* bytes */
	bool is_late; /* came after birth */
	bool is_asked; /* the rules were; else it is here for its name alone */
	/* The program was started with it: nobody else comes to its place. */
	bool stays;
	uint32_t path_bytes;
	uint32_t bits; /* of all its code */
	/*
	 * Of code that no range covers: a function to deny may be there under
	 * a name that only the file's symbol table has.
	 */
	uint32_t missed;
	uint32_t ranges;
	struct dsam_range range[];
};

/* Modules and ranges: address space, of which what is used is touched. */
#define DSAM_MODULE_ROOM (16UL << 20)

struct dsam_modules {
	struct dsam_rule *rule; /* const after birth, but for is_awaited */
	unsigned rules;
	const char *program; /* path of the executable */
	const char *program_too; /* by its other name, if it has two */
	_Atomic(struct dsam_module *) first;
	char *room; /* for modules; by bytes, never given back */
	size_t room_bytes;
	_Atomic size_t used;
	_Atomic bool is_full; /* of the room: no more are made known */
	_Atomic unsigned awaited; /* such rules: nothing is offloaded */
	/* How many dlclose have begun, and have ended. */
	_Atomic uint64_t closing, closed;
};
extern struct dsam_modules dsam_modules DSAM_HIDDEN;

/*
 * What is found of a library now holds until another number has begun; false: a
 * dlclose is at work.
 */
static inline bool dsam_modules_hold(uint64_t *closing)
{
	uint64_t closed = atomic_load_explicit(&dsam_modules.closed,
					       memory_order_acquire);

	*closing = atomic_load_explicit(&dsam_modules.closing,
					memory_order_acquire);
	return *closing == closed;
}

#define DSAM_MAX_RULES 256U

/* __cxa_demangle of libstdc++. */
typedef char *dsam_demangle(const char *, char *, size_t *, int *);

/* A module while it is looked at. */
struct dsam_look {
	const struct dl_find_object *object;
	const char *name[2]; /* file name, and the file's own if a link */
	uint8_t rule[DSAM_MAX_RULES]; /* those that match the name */
	bool found[DSAM_MAX_RULES]; /* ... and a function */
	unsigned rules;
	struct dsam_module *module; /* NULL while counting */
	const char *path;
	/* If not NULL: told of each function, and the rules are not asked. */
	void (*each)(struct dsam_look *l, const char *symbol, uint64_t offset,
		     uint64_t size);
	void *user;
	dsam_demangle *demangle; /* if a rule needs it, and it may; or NULL */
	uint32_t ranges, counted, bits;
	bool stays, is_asked;
};

/* Of its file, as the loader has it. */
static inline const char *dsam_module_path(const struct dl_find_object *o)
{
	const char *path = o->dlfo_link_map->l_name;

	return path[0] ? path : dsam_modules.program;
}

/*
 * A pointer of a dynamic section.  glibc relocates them in place; not the
 * vdso's, which may be linked at the end of the address space.
 */
static inline const void *dsam_module_pointer(const struct dl_find_object *o,
					      uint64_t p)
{
	uint64_t start = (uintptr_t)o->dlfo_map_start;

	if (p - start < (uintptr_t)o->dlfo_map_end - start)
		return (const void *)p;
	return (const void *)(o->dlfo_link_map->l_addr + p);
}

/* Note who the module is: its build ID, or else a sum. */
void dsam_module_identify(struct dsam_module *m);

/* Is this the module that was looked at?  Reads its first page. */
bool dsam_module_is(const struct dsam_module *m,
		    const struct dl_find_object *o);

/* The module in the list that object is, or NULL. */
const struct dsam_module *dsam_module_find(const struct dl_find_object *o);

/*
 * Of the file, as it is in memory, the part that can be read and has p.  False:
 * there is none.
 */
bool dsam_module_segment(const struct dl_find_object *o, const void *p,
			 const uint8_t **start, const uint8_t **end);

/* A module that no rule is asked about. */
void dsam_module_look(struct dsam_look *l, const struct dl_find_object *o,
		      const char *file);

/* Which rules match the module's names; and its bits. */
void dsam_module_begin(struct dsam_look *l, const struct dl_find_object *o,
		       const char *file, const char *other);

/*
 * A function of the module: its range, if a rule names it.  also: its other
 * names, up to a NULL; or NULL, where nobody has demangled it.
 */
void dsam_module_function(struct dsam_look *l, const char *symbol,
			  uint64_t offset, uint64_t size,
			  const char *const *also);

/* All functions that .dynsym has, which is in memory. */
void dsam_module_dynsym(struct dsam_look *l);

/*
 * Room for what was counted; then the same functions again, then publish.
 * False: no room, and the module stays unknown.
 */
bool dsam_module_take(struct dsam_look *l);
void dsam_module_publish(struct dsam_look *l, bool is_late, uint32_t missed);

/*
 * COLD.  Make a module known that came after birth: for its name alone, or with
 * what the rules say of it, by what is in memory, or by its file if a rule
 * names functions that are not there.  The first is safe in a signal handler.
 * In dlopen allocation is fine, and the log; else (NULL) there is neither, nor
 * a lock.  Its code is running, so it stays.
 */
struct dsam_dlopen {
	const char *name; /* of the file, if a link leads to it; or NULL */
	dsam_demangle *demangle; /* or NULL */
};
void dsam_module_note(const struct dl_find_object *o);
void dsam_module_learn(const struct dl_find_object *o,
		       const struct dsam_dlopen *in);

#endif
