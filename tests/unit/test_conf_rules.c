// SPDX-License-Identifier: MIT
/*
 * The form of caller rules: what is taken, what is refused and how it is
 * told, in the environment and in lines of a file longer than inih takes.
 */
#include "suite.h"

#include "conf.h"

#include <errno.h>
#include <string.h>

static struct dsam_conf conf;
static struct dsam_conf_error err;

static int from_env(const char *value)
{
	static char text[200000];
	char *env[] = {text, NULL};

	snprintf(text, sizeof(text), "DSAMOVE_CALLERS_DENY=%s", value);
	dsam_conf_defaults(&conf);
	return dsam_conf_apply_env(&conf, env, &err);
}

static int from_file(const char *text)
{
	dsam_conf_defaults(&conf);
	return dsam_conf_apply_text(&conf, "f", text, strlen(text), &err);
}

/* The rules of a list, with a '|' after each. */
static const char *split(const char *list)
{
	static char out[4000];
	char rule[1024];

	out[0] = 0;
	while (dsam_conf_rule_next(&list, rule, sizeof(rule))) {
		strcat(out, rule);
		strcat(out, "|");
	}
	return out;
}

START_TEST(good_ones)
{
	static const char *const good[] = {
		"libfoo",
		"libfoo.so.1.2",
		"*",
		"lib*:*",
		"a:f,b:g c:h",
		"a:ns::f",
		"a:ns::C::~C",
		"a:f(int, char const*)",
		"a:f<int, ns::x>(long)",
		"a:[!x]*",
		"a:[]]b",
		"a:[a-a]",
		"a\\*b:f\\?",
		"a:f\\[\\]\\[",
		"a:C::operator\\[\\](int) const",
		"a:C::operator()(int),b",
		"a:std::operator<<(std::ostream&, int)",
		"a:C::operator-><int>(), b:operator>=(C, C)",
		"a:operator new(unsigned long) b:operator delete(void*)",
		"a:_ZN2ns1fEv",
		"a,",
	};

	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		ck_assert_msg(!from_env(good[i]), "%s: %s", good[i], err.text);
		ck_assert_str_eq(conf.callers_deny, good[i]);
	}
}
END_TEST

START_TEST(bad_ones)
{
	static const struct {
		const char *rules, *says;
	} bad[] = {
		{",", "has an empty rule"},
		{"a:f(int) why<int>(long)", "a module's name"},
		{",a", "has an empty rule"},
		{"a,,b", "has an empty rule"},
		{"a, ,b", "has an empty rule"},
		{":", "rule ':' names no module"},
		{":f", "rule ':f' names no module"},
		{"a:", "rule 'a:' names no symbol"},
		{"a:b:c", "rule 'a:b:c' has colons"},
		{"a::b", "rule 'a::b' has colons"},
		{"a:b::", "rule 'a:b::' has colons"},
		{"a:b:::c", "rule 'a:b:::c' has colons"},
		{"ok, a/b:f", "rule 'a/b:f' has a '/'"},
		{"a[", "rule 'a[' has a [ ] that matches nothing"},
		{"a:[b-a]", "rule 'a:[b-a]' has a [ ] that matches nothing"},
		{"a:b\\", "rule 'a:b\\' ends in a '\\'"},
		{"a:f(int", "rule 'a:f(int' has a '(' or a ')' without"},
		{"a:)", "rule 'a:)' has a '(' or a ')' without"},
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		ck_assert_int_eq(from_env(bad[i].rules), -EINVAL);
		ck_assert_msg(strstr(err.text, bad[i].says), "%s: %s",
			      bad[i].rules, err.text);
		ck_assert_ptr_nonnull(strstr(err.text, ", expected MODULE or "
						       "MODULE:SYMBOL"));
		ck_assert_ptr_nonnull(strstr(
			err.text, "environment: DSAMOVE_CALLERS_DENY: "));
	}
	ck_assert_int_eq(from_env("a\001b"), -EINVAL);
	ck_assert_str_eq(err.text,
			 "environment: DSAMOVE_CALLERS_DENY: holds a control "
			 "character, expected text");
	ck_assert_int_eq(from_env("a\nb"), -EINVAL);
	ck_assert_int_eq(from_env("a,\tb"), 0);
}
END_TEST

START_TEST(too_many_and_too_long)
{
	static char text[100000];

	for (int i = 0; i < 10000; i++)
		snprintf(text + strlen(text), 10, "m%d,", i);
	ck_assert_int_eq(from_env(text), -EINVAL);
	ck_assert_str_eq(err.text,
			 "environment: DSAMOVE_CALLERS_DENY: rule 'm128' is "
			 "one too many, expected at most 128 rules");
	memset(text, 'x', 4096);
	memcpy(text, "lib:", 4);
	text[4096] = 0;
	ck_assert_int_eq(from_env(text), -EINVAL);
	ck_assert_ptr_nonnull(
		strstr(err.text, "...' has 4096 bytes, expected at most 1023"));
	text[1023] = 0;
	ck_assert(!from_env(text));
}
END_TEST

static const char *pattern(const char *symbol)
{
	static char out[200];

	dsam_conf_rule_pattern(symbol, out);
	return out;
}

START_TEST(pointers_are_no_globs)
{
	ck_assert_str_eq(pattern("copy_*"), "copy_*");
	ck_assert_str_eq(pattern("f(char*)"), "f(char\\*)");
	ck_assert_str_eq(pattern("f(char const*, int**)"),
			 "f(char const\\*, int\\*\\*)");
	ck_assert_str_eq(pattern("f(void *, x<int>*)"),
			 "f(void \\*, x<int>\\*)");
	ck_assert_str_eq(pattern("f*(*)"), "f*(*)");
	ck_assert_str_eq(pattern("f*(int, *)"), "f*(int, *)");
	ck_assert_str_eq(pattern("f(ns::*, **)"), "f(ns::*, **)");
	ck_assert_str_eq(pattern("any<T*>::f*"), "any<T\\*>::f*");
	ck_assert_str_eq(pattern("f(a\\*, [a*]) const*"),
			 "f(a\\*, [a\\*]) const*");
	ck_assert_str_eq(pattern("operator<<(x*)"), "operator<<(x\\*)");
	ck_assert_str_eq(pattern("operator()(x*)*"), "operator()(x\\*)*");
	ck_assert_str_eq(pattern("C::operator n::x const*() y*"),
			 "C::operator n::x const*() y*");
	ck_assert_str_eq(pattern("f)*\\"), "f)*\\");
}
END_TEST

START_TEST(commas_of_parameters_do_not_separate)
{
	ck_assert_str_eq(split("a,b:c  d"), "a|b:c|d|");
	ck_assert_str_eq(split("a:f(int, long),b"), "a:f(int, long)|b|");
	ck_assert_str_eq(split("a:f<x, y>(z) ,b"), "a:f<x, y>(z)|b|");
	ck_assert_str_eq(split("a:f(int) const,b:g(int) constant"),
			 "a:f(int) const|b:g(int)|constant|");
	ck_assert_str_eq(split("a:operator<<(x&, y) b:operator new(size_t) c"),
			 "a:operator<<(x&, y)|b:operator new(size_t)|c|");
	ck_assert_str_eq(split("a:operator newer, my_operator new"),
			 "a:operator|newer|my_operator|new|");
	ck_assert_str_eq(split("a:C::operator bool() const b"),
			 "a:C::operator bool() const|b|");
	ck_assert_str_eq(split("a:C::operator n::x const*(), b"),
			 "a:C::operator n::x const*()|b|");
	ck_assert_str_eq(split("a:f(int) const &,b:g() volatile && c"),
			 "a:f(int) const &|b:g() volatile &&|c|");
	ck_assert_str_eq(split("a:std::operator<< <x<y> >(x<y>&, char) b"),
			 "a:std::operator<< <x<y> >(x<y>&, char)|b|");
	ck_assert_str_eq(split("a:operator x b:f(int)"),
			 "a:operator|x|b:f(int)|");
	ck_assert_str_eq(split("a:C::operator()(int, int) const b"),
			 "a:C::operator()(int, int) const|b|");
	/* Nothing closes it. */
	ck_assert_str_eq(split("a:f(int, b"), "a:f(int|b|");
	ck_assert_str_eq(split(" ,, "), "");
}
END_TEST

START_TEST(long_lines_of_a_file)
{
	static const int lines[] = {2, 2, 4, 6, 6, 7};
	char text[20000], symbol[901];

	memset(symbol, 's', 900);
	symbol[900] = 0;
	snprintf(text, sizeof(text),
		 "verify = 1\ncallers_allow = a:%s, b ; why\n\tc:%s\n"
		 "  ; a comment\n  d\ncallers_deny = e\n  f:%s\nverify_not = "
		 "1\n",
		 symbol, symbol, symbol);
	ck_assert_int_eq(from_file(text), -EINVAL);
	ck_assert_str_eq(err.text, "f:8: verify_not: unknown key, expected one "
				   "that dsamove.conf.example lists");
	*strstr(text, "verify_not") = '#';
	ck_assert_msg(!from_file(text), "%s", err.text);
	ck_assert_uint_eq(conf.verify, 1);
	ck_assert_ptr_nonnull(strstr(conf.callers_allow, ", b,c:sss"));
	ck_assert_str_eq(conf.callers_allow + strlen(conf.callers_allow) - 4,
			 "ss,d");
	ck_assert_uint_eq(strlen(conf.callers_deny), 2 + 2 + 900);

	/* Each rule is of its line, also of one that inih can't take. */
	ck_assert_int_eq(conf.rule_line[0][0], 2);
	snprintf(text, sizeof(text),
		 "\ncallers_deny = a, b,\n\n  c:%s,\n; no rule\n  d e,\n  f\n",
		 symbol);
	ck_assert_msg(!from_file(text), "%s", err.text);
	dsam_conf_complain_rule(&conf, DSAM_KEY_callers_deny, 3, &err, "is so");
	ck_assert_str_eq(err.text, "f:6: callers_deny: is so");
	for (unsigned i = 0; i < 6; i++)
		ck_assert_int_eq(conf.rule_line[1][i], lines[i]);
	snprintf(text, sizeof(text), "\ncallers_deny = a:%s, x:\n", symbol);
	ck_assert_int_eq(from_file(text), -EINVAL);
	ck_assert_ptr_nonnull(
		strstr(err.text, "f:2: callers_deny: rule 'x:' names no"));
	memset(text, 'x', sizeof(text) - 1);
	memcpy(text, "callers_deny = ", 15);
	text[sizeof(text) - 1] = 0;
	ck_assert_int_eq(from_file(text), -EINVAL);
	ck_assert_str_eq(err.text,
			 "f:1: callers_deny: the line has 19999 bytes, "
			 "expected at most 8190");
	/* Rather than of the line, of the rule, if that is near. */
	for (size_t i = 15; i < 15 + 1200; i += 4)
		memcpy(text + i, "a:b,", 4);
	ck_assert_int_eq(from_file(text), -EINVAL);
	ck_assert_str_eq(err.text,
			 "f:1: callers_deny: rule 'a:b' is one too many, "
			 "expected at most 128 rules");
	/* Never of half a rule. */
	for (size_t i = 15; i + 100 < sizeof(text); i += 100) {
		memset(text + i, 'x', 100);
		memcpy(text + i, "a:f(int, int, ", 14);
		memcpy(text + i + 97, "), ", 3);
	}
	ck_assert_int_eq(from_file(text), -EINVAL);
	ck_assert_ptr_nonnull(strstr(err.text, "f:1: callers_deny: the line"));
	memset(text + 15, 'x', sizeof(text) - 16);
	memcpy(text + 15, "a:b,a:b,a:b,a:b,a:b,", 20);
	memset(text + 15 + 20, 'x', 1180);
	ck_assert_int_eq(from_file(text), -EINVAL);
	ck_assert_ptr_nonnull(strstr(err.text, "f:1: callers_deny: the line"));
}
END_TEST

RUN_SUITE("conf_rules", good_ones, bad_ones, too_many_and_too_long,
	  pointers_are_no_globs, commas_of_parameters_do_not_separate,
	  long_lines_of_a_file)
