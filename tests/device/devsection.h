/* SPDX-License-Identifier: MIT */
/* Which object the settings that are being read are about. */
#ifndef TB_DEVSECTION_H
#define TB_DEVSECTION_H

#include "devkeys.h"

/* What a "[section]" line has chosen; object NULL: nothing yet. */
struct tb_chosen {
	enum tb_section kind;
	void *object;
	char name[16];
};

/*
 * Choose by name; devices come into being when named, if may_add.  0, or -1
 * after a complaint.
 */
int tb_section_choose(const char *name, struct tb_chosen *section,
		      bool may_add);

/* A queue that serves: shared, user, enabled. */
void tb_section_wq_defaults(struct tb_wq *wq);

/* What complaints begin with: a file (with a line) or the command line. */
extern const char *tb_complain_where;
extern int tb_complain_line; /* 0: no line */

/* "WHERE:LINE: KEY: WHAT, not TEXT"; text may be NULL.  Always -1. */
int tb_complain(const char *key, const char *what, const char *text);

#endif
