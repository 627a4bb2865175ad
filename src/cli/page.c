// SPDX-License-Identifier: MIT
/*
 * Room: COLD (the command).  dsamove report --html.
 * May: print.  Must not: put a byte of its input into the page that could end
 * the element which holds it.
 */
#include "page.h"

#include "cli.h"
#include "report.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* page.html, which the Makefile knows of; NUL-terminated. */
__asm__(".section .rodata\n"
	"cli_page_text: .incbin \"src/cli/page.html\"\n"
	".byte 0\n"
	".previous\n");
extern const char cli_page_text[] __attribute__((visibility("hidden")));

#define MARK "@DATA@"

static void add_words(json_object *all)
{
	json_object *words = json_object_new_object();

	for (int w = DSAM_WHY_NONE + 1; w < DSAM_WHYS; w++)
		json_object_object_add(words, dsam_why_key((enum dsam_why)w),
				       json_object_new_string(dsam_why_words(
					       (enum dsam_why)w)));
	json_object_object_add(all, "words", words);
}

/* A '<' stands in strings only, where it may be written otherwise. */
static void print_safely(const char *json)
{
	for (; *json; json++) {
		if (*json == '<')
			fputs("\\u003c", stdout);
		else
			putchar(*json);
	}
}

static void print_page(json_object *lines)
{
	json_object *all = json_object_new_object();
	const char *mark = strstr(cli_page_text, MARK);

	add_words(all);
	json_object_object_add(all, "lines", lines);
	fwrite(cli_page_text, 1, (size_t)(mark - cli_page_text), stdout);
	print_safely(
		json_object_to_json_string_ext(all, JSON_C_TO_STRING_PLAIN));
	fputs(mark + strlen(MARK), stdout);
	json_object_put(all);
}

static bool add_line(json_object *lines, const char *line)
{
	json_object *o = json_tokener_parse(line);
	bool is_known = json_object_is_type(o, json_type_object) &&
			(json_object_object_get_ex(o, "dsamove_report", NULL) ||
			 json_object_object_get_ex(o, "dsamove_top", NULL));

	if (is_known)
		json_object_array_add(lines, o);
	else
		json_object_put(o);
	return is_known;
}

bool cli_page_of_text(const char *json)
{
	json_object *lines = json_object_new_array();
	bool is_known = add_line(lines, json);

	if (is_known)
		print_page(lines);
	else
		json_object_put(lines);
	return is_known;
}

static bool add_file(json_object *lines, const char *path)
{
	FILE *f = fopen(path, "re");
	char *line = NULL;
	size_t room = 0;
	unsigned at = 0;
	ssize_t n;

	if (!f) {
		cli_complain("%s: %s", path, strerror(errno));
		return false;
	}
	while ((n = getline(&line, &room, f)) > 0) {
		at++;
		if (strlen(line) == (size_t)n && add_line(lines, line))
			continue;
		cli_complain("%s:%u: expected a line of report_format=json or "
			     "of dsamove top --json",
			     path, at);
		at = 0;
		break;
	}
	if (n < 0 && !at)
		cli_complain("%s: there is nothing in it", path);
	free(line);
	fclose(f);
	return at;
}

bool cli_page_of_file(const char *path)
{
	json_object *lines = json_object_new_array();

	if (!add_file(lines, path)) {
		json_object_put(lines);
		return false;
	}
	print_page(lines);
	return true;
}
