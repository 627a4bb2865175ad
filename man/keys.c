// SPDX-License-Identifier: MIT
/* The keys of conf_keys.def for a manual page, in man(7). */
#include "conf_value.h"

#include <stdio.h>

/* In roff '-' is a hyphen, and a line's first dot or quote a request. */
static void print_escaped(const char *s)
{
	for (; *s; s++)
		if (*s == '-')
			fputs("\\-", stdout);
		else if (*s == '\\')
			fputs("\\e", stdout);
		else
			putchar(*s);
}

int main(void)
{
	char takes[160];

	for (int k = 0; k < DSAM_KEYS; k++) {
		const struct dsam_key_info *i = &dsam_key_table[k];

		dsam_conf_value_expected(i, takes, sizeof(takes));
		printf(".TP\n.BR %s \" (", i->name);
		print_escaped(*i->def ? i->def : "empty");
		fputs(")\"\n\\&", stdout);
		print_escaped(i->help);
		fputs(".\nTakes ", stdout);
		print_escaped(takes);
		puts(".");
	}
	return 0;
}
