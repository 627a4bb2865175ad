// SPDX-License-Identifier: MIT
/* Globs (libc's fnmatch is the oracle), version suffixes, C++ names. */
#include "suite.h"

#include "caller_name.h"
#include "random.h"

#include <fnmatch.h>
#include <string.h>

START_TEST(globs)
{
	static const struct {
		const char *glob, *name;
		bool matches;
	} t[] = {
		{"", "", true},
		{"", "a", false},
		{"*", "", true},
		{"*", "abc", true},
		{"a*c", "abbbc", true},
		{"a*c", "abbbd", false},
		{"*a*b*c*", "xxaxxbxxcxx", true},
		{"?", "?", true},
		{"?", "x", true},
		{"\\?", "?", true},
		{"\\?", "x", false},
		{"[a-c]x", "bx", true},
		{"[!a-c]x", "bx", false},
		{"[!a-c]x", "dx", true},
		{"[]]", "]", true},
		{"[\\]]", "]", true},
		{"x[ab]*y", "xbzzy", true},
		{"x[ab]*y", "xczzy", false},
	};

	for (size_t i = 0; i < sizeof(t) / sizeof(*t); i++)
		ck_assert_msg(dsam_name_glob(t[i].glob, t[i].name) ==
				      t[i].matches,
			      "%s %s", t[i].glob, t[i].name);
}
END_TEST

START_TEST(what_is_a_glob)
{
	ck_assert(dsam_name_is_glob("a*"));
	ck_assert(dsam_name_is_glob("?"));
	ck_assert(dsam_name_is_glob("\\a[b]"));
	ck_assert(dsam_name_is_glob("\\\\*"));
	ck_assert(!dsam_name_is_glob("Top::operator\\[\\](int)"));
	ck_assert(!dsam_name_is_glob("lib\\*.so\\"));
	ck_assert(!dsam_name_is_glob(""));
}
END_TEST

START_TEST(globs_as_fnmatch)
{
	struct random r = {7};
	unsigned matched = 0;

	for (int i = 0; i < 300000; i++) {
		char glob[9] = "", name[9] = "";

		for (uint64_t n = random_below(&r, 8), k = 0; k < n; k++)
			glob[k] = "aab*?b"[random_below(&r, 6)];
		for (uint64_t n = random_below(&r, 8), k = 0; k < n; k++)
			name[k] = "ab"[random_below(&r, 2)];
		ck_assert_msg(dsam_name_glob(glob, name) ==
				      !fnmatch(glob, name, 0),
			      "'%s' '%s'", glob, name);
		matched += dsam_name_glob(glob, name);
	}
	ck_assert_uint_gt(matched, 1000);
}
END_TEST

START_TEST(modules)
{
	static const char *const is[] = {"libfoo",      "libfoo.so",
					 "libfoo.so.1", "libfoo.so.1.2",
					 "lib*",        "*.so.1"};

	for (size_t i = 0; i < sizeof(is) / sizeof(*is); i++)
		ck_assert(dsam_name_module(is[i], "libfoo.so.1.2"));
	ck_assert(!dsam_name_module("libfo", "libfoo.so.1.2"));
	ck_assert(!dsam_name_module("libfoo.so.2", "libfoo.so.1.2"));
	ck_assert(!dsam_name_module("libfoo.so.1.2", "libfoo.so.1"));
	ck_assert(dsam_name_module("python3", "python3.11"));
	ck_assert(dsam_name_module("python3.11", "python3.11"));
	ck_assert(!dsam_name_module("python", "python3.11"));
	ck_assert(dsam_name_module("prog", "prog"));
	ck_assert(!dsam_name_module("prog", "prog.bin"));
	ck_assert(dsam_name_module("_x.cpython-311", "_x.cpython-311.so"));
	ck_assert(!dsam_name_module("", ".so"));
	ck_assert_str_eq(dsam_name_base("/usr/lib/a.so"), "a.so");
	ck_assert_str_eq(dsam_name_base("a.so"), "a.so");
}
END_TEST

START_TEST(cxx_names)
{
	static const struct {
		const char *symbol, *name;
	} t[] = {
		{"_Z3foov", "foo"},
		{"_ZL3foov", "foo"},
		{"_ZN2ns3fooEi", "ns::foo"},
		{"_ZNK2ns1C3getEv", "ns::C::get"},
		{"_ZN2ns1CC1Ev", "ns::C::C"},
		{"_ZN2ns1CD2Ev", "ns::C::~C"},
		{"_ZNSt3foo3barEv", "std::foo::bar"},
		{"foo", NULL},
		{"_Z", NULL},
		{"_Z3fo", NULL},
		{"_ZN", NULL},
		{"_ZNE", NULL},
		{"_ZN2ns", NULL},
		{"_ZN9999ns", NULL},
		{"_Z3fooIiEvT_", NULL},
		{"_ZN2nsplERKS_", NULL},
		{"_ZN3foo3barIiEEvv", NULL},
	};
	char out[64];

	for (size_t i = 0; i < sizeof(t) / sizeof(*t); i++) {
		bool is_plain =
			dsam_name_demangle(t[i].symbol, out, sizeof(out));

		ck_assert_msg(is_plain == !!t[i].name, "%s", t[i].symbol);
		if (is_plain)
			ck_assert_str_eq(out, t[i].name);
	}
	ck_assert(!dsam_name_demangle("_Z3foov", out, 3));
	ck_assert(dsam_name_demangle("_Z3foov", out, 4));
}
END_TEST

START_TEST(names_that_nobody_demangled)
{
	static const struct {
		const char *glob, *symbol;
		bool may_be;
	} cases[] = {
		{"ns::*", "_ZN2ns3BoxIiE4copyEi", true},
		{"ns::*", "_ZN3abc3BoxIiE4copyEi", false},
		{"*", "_ZN3abc3BoxIiE4copyEi", true},
		{"ns::f", "_ZN2ns1fIiEvv", false},
		{"ns::*", "copy_ns", false},
		{"std::*", "_ZNSt6vectorIcSaIcEE6resizeEm", true},
		{"st*", "_ZNSs6appendEPKc", true},
		{"operator*", "_ZlsRK1CS1_", true},
		{"operator new*", "_Znwm", true},
		{"C::operator\\[\\](int)", "_ZN1C3fooIiEEvv", false},
		{"C::operator\\[\\]*", "_ZN1CixEi", true},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		ck_assert_msg(
			dsam_name_may_be(cases[i].glob, cases[i].symbol) ==
				cases[i].may_be,
			"%s %s", cases[i].glob, cases[i].symbol);
}
END_TEST

RUN_SUITE("caller_name", globs, what_is_a_glob, globs_as_fnmatch, modules,
	  cxx_names, names_that_nobody_demangled)
