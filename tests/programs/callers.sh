#!/bin/bash
# SPDX-License-Identifier: MIT
# Caller rules on programs that know nothing of them: functions and modules,
# what comes by dlopen and goes, code of C++, of a JIT and of other malloc's.
. tests/lib.sh "$1"
shared=$PWD/tests/programs/shared
cd "$tmp" || exit 2

# counts SETTINGS... COMMAND: sets $denied and $moved, in calls of memcpy.
counts() {
	rm -f report
	run with device=software software_engines=0 report_format=json \
		report_file="$tmp/report" "$@"
	read -r denied moved <<<"$(python3 -I -S - report <<'END'
import json, sys
denied = moved = 0
for line in open(sys.argv[1]):
    r = json.loads(line)
    o = r['total']['ops'].get('memcpy')
    if o:
        denied += o['cpu_reasons'].get('caller', {'calls': 0})['calls']
        moved += o['routes']['device']['calls'] + o['routes']['shared']['calls']
print(denied, moved)
END
)"
}

# expect NAME DENIED MOVED SETTINGS... COMMAND
expect() {
	local name=$1 want="$2 denied, $3 moved"
	shift 3
	counts "$@"
	is "$name" "$want" "$denied denied, $moved moved"
}

# ---- functions of a program ----

cat >prog.cc <<'END'
#include <cstring>
static char a[1 << 20], b[1 << 20];
#define FUNCTION __attribute__((noinline))
#define END_OF_FUNCTION __asm__ volatile("" ::: "memory")
extern "C" {
FUNCTION void good(void) { memcpy(a, b, 1 << 17); END_OF_FUNCTION; }
static FUNCTION void bad(void) { memcpy(a, b, 1 << 18); END_OF_FUNCTION; }
FUNCTION void outer(void) { bad(); END_OF_FUNCTION; }
}
namespace ns {
struct C { FUNCTION void copy(int, char) { memcpy(a, b, 1 << 19); END_OF_FUNCTION; } };
template <class T> FUNCTION void any(T) { memcpy(a, b, 1 << 16); END_OF_FUNCTION; }
}
int main() {
	for (int i = 0; i < 5; i++) {
		good(); outer(); ns::C().copy(1, 'x'); ns::any(2L);
	}
}
END
g++ -O1 -fno-builtin -o prog.2 prog.cc
strip -o stripped prog.2
g++ -O1 -fno-builtin -rdynamic -s -o dynamic prog.cc
expect 'no rules' 0 20 ./prog.2
expect 'deny the program' 20 0 callers_deny=prog ./prog.2
expect 'deny it with its suffix' 20 0 callers_deny=prog.2 ./prog.2
expect 'deny another program' 0 20 callers_deny=prog.3,libnone ./prog.2
expect 'allow a function' 15 5 callers_allow=prog:good ./prog.2
expect 'allow two by a glob' 10 10 'callers_allow=pr*:[gb]*d' ./prog.2
expect 'deny a static function' 5 15 callers_deny=prog:bad ./prog.2
expect 'deny wins' 15 5 callers_allow='prog:good,prog:bad' callers_deny=*:bad \
	./prog.2
expect 'depth 1 sees the caller alone' 0 20 callers_deny=prog:outer ./prog.2
expect 'depth 2 sees its caller' 5 15 callers_deny=prog:outer caller_depth=2 \
	./prog.2
expect 'depth 2 does not see main of three' 5 15 callers_allow=prog:main \
	caller_depth=2 ./prog.2
expect 'depth 16 sees all' 0 20 callers_allow=prog:main caller_depth=16 ./prog.2
expect 'allow by a caller, deny by the callee' 5 15 callers_allow=prog:main \
	callers_deny=prog:bad caller_depth=8 ./prog.2
expect 'C++: a mangled name' 5 15 callers_deny=prog:_ZN2ns1C4copyEic ./prog.2
expect 'C++: a qualified name' 5 15 callers_deny=prog:ns::C::copy ./prog.2
expect 'C++: with parameters' 5 15 'callers_deny=prog:ns::C::copy(int, char)' \
	./prog.2
expect 'C++: a template' 5 15 'callers_deny=prog:*ns::any<long>(long)' \
	./prog.2
# As c++filt prints them; and globs, for what is no plain name.
cat >names.cc <<'END'
#include <cstring>
#include <string>
static char a[1 << 20], b[1 << 20];
#define FUNCTION __attribute__((noinline))
#define COPY { memcpy(a, b, 1 << 19); __asm__ volatile("" ::: "memory"); }
namespace ns {
template <class T> struct Box { FUNCTION void copy(T) COPY };
struct S { FUNCTION void str(std::string const &) COPY };
template <class T> FUNCTION void any(T) COPY
}
struct Top {
	FUNCTION void method(int) const COPY
	FUNCTION void operator[](int) COPY
	FUNCTION void operator<<(int) COPY
	FUNCTION void operator()(int, int) COPY
};
static void all()
{
	ns::Box<int>().copy(1); ns::S().str("x"); ns::any(2L);
	Top().method(1); Top()[1]; Top() << 1; Top()(1, 2);
}
#ifdef PLUGIN
extern "C" { void (*plugin_entry)(void *, const void *, size_t) =
	[](void *, const void *, size_t) { all(); }; }
#else
int main() { for (int i = 0; i < 5; i++) all(); }
#endif
END
g++ -O1 -fno-builtin -o names names.cc
g++ -O1 -fno-builtin -DPLUGIN -shared -fPIC -o libnames.so names.cc
cxx() { # RULE DENIED: of 7 functions, 5 copies each
	expect "C++: $1" $(($2 * 5)) $(((7 - $2) * 5)) "callers_deny=$1" ./names
}
cxx 'names:Top::method(int) const' 1
cxx 'names:Top::method(int)' 0
cxx 'names:Top::method' 1
cxx 'names:Top::operator\[\](int)' 1
cxx 'names:Top::operator<<(int)' 1
cxx 'names:Top::operator()(int, int),names:Top::method' 2
cxx 'names:ns::Box<int>::copy' 1
cxx 'names:ns::Box<int>::copy(int)' 1
cxx 'names:ns::any<long>(long)' 1
cxx 'names:ns::any<long>' 1
cxx 'names:ns::*' 3
cxx 'names:ns::Box*' 1
cxx 'names:Top::*' 4
cxx 'names:Top::*(*)' 3
expect 'C++: an allow glob has templates, too' 20 15 'callers_allow=names:ns::*' \
	./names
cat >pointers.cc <<'END'
#include <cstring>
static char a[1 << 20], b[1 << 20];
#define FUNCTION __attribute__((noinline))
#define COPY { memcpy(a, b, 1 << 19); __asm__ volatile("" ::: "memory"); }
FUNCTION void g(char *) COPY
FUNCTION void g(char *, int *) COPY
int main() { for (int i = 0; i < 5; i++) { g(a); g(a, nullptr); } }
END
g++ -O1 -fno-builtin -o pointers pointers.cc
expect 'C++: a pointer is no glob' 5 5 'callers_allow=pointers:g(char*)' ./pointers
expect 'C++: with parameters that nobody has' 0 10 \
	'callers_deny=pointers:g(char*, long*)' ./pointers
like 'C++: with parameters that nobody has, one line' \
	"DENY: rule 'pointers:g.char\*, long\*.' matches nothing" "$stderr"
# With libstdc++, which parameters ask for, as at the start.
expect 'loaded later, C++: with parameters' 5 30 \
	'callers_deny=libnames:ns::Box<int>::copy(int)' \
	"$guests/plugins" 5 ./libnames.so
expect 'loaded later, C++: an operator' 30 5 \
	'callers_allow=libnames:Top::operator()(int, int)' \
	"$guests/plugins" 5 ./libnames.so
# Nobody demangles these: a deny glob has them, an allow glob has not.
expect 'loaded later, C++: a deny glob' 15 20 'callers_deny=libnames:ns::*' \
	"$guests/plugins" 5 ./libnames.so
expect 'loaded later, C++: an allow glob' 30 5 'callers_allow=libnames:ns::*' \
	"$guests/plugins" 5 ./libnames.so

expect 'a stripped program: by name of module' 20 0 callers_deny=stripped \
	./stripped
expect 'stripped, dynamic symbols serve' 15 5 callers_allow=dynamic:good \
	./dynamic

# glibc finds the segments of a program with holes between them one by one.
for pie in -pie -no-pie; do
	g++ -O1 -fno-builtin $pie -rdynamic -o holes \
		-Wl,-z,max-page-size=0x200000,-z,separate-code prog.cc
	expect "holes between segments: deny the program ($pie)" 20 0 \
		callers_deny=holes ./holes
	expect "holes between segments: a static function ($pie)" 5 15 \
		callers_deny=holes:bad ./holes
	expect "holes between segments: depth 2 ($pie)" 15 5 \
		callers_allow=holes:outer caller_depth=2 ./holes
	run with device=none stats=callers ./holes
	like "holes between segments: names ($pie)" 'holes:bad +5 ' "$stderr"
done

# ---- rules that find nothing ----

line='^dsamove: environment: DSAMOVE_CALLERS_'
expect 'allow what is not there' 20 0 callers_allow=stripped:good ./stripped
like 'a symbol that is not there: one line' \
	"${line}ALLOW: rule 'stripped:good' matches nothing: " "$stderr"
is 'a symbol that is not there: only one' 1 "$(wc -l <<<"$stderr")"
run with device=software callers_deny='prog:no*such' ./prog.2
like 'a glob that matches nothing: offload off' \
	"${line}DENY: rule 'prog:no\*such' matches no function.*; nothing is offloaded$" \
	"$stderr"
is 'a glob that matches nothing: no report' 1 "$(wc -l <<<"$stderr")"
waits='matches nothing that is loaded, expected a glob that does; nothing is offloaded until a library comes that it matches$'
for rule in 'prog*' 'prog.[3-9]' '*:no*such' 'libnone*:f'; do
	case $rule in 'prog*') denied=0 ;; *) denied=20 ;; esac
	expect "a glob of modules: $rule" $denied $((20 - denied)) \
		"callers_allow=prog:*,$rule" ./prog.2
	[ "$denied" = 0 ] && continue
	is "a glob of modules that matches nothing: $rule, one line" 1 \
		"$(grep -cF "ALLOW: rule '$rule' matches" <<<"$stderr")"
	like "a glob of modules that matches nothing: $rule" "$waits" "$stderr"
done
expect 'a glob of modules to deny that matches nothing' 20 0 \
	'callers_deny=libnone*' ./prog.2
like 'a glob of modules to deny that matches nothing: one line' \
	"^dsamove: environment: DSAMOVE_CALLERS_DENY: rule 'libnone\*' $waits" \
	"$stderr"
printf 'callers_allow = prog,\n\n  libnone*\ncallers_deny = libz,\n  prog:no_such\n' \
	>lines.conf
run with device=software DSAMOVE_CONF="$tmp/lines.conf" ./prog.2
like 'a glob that matches nothing: its line' \
	"^dsamove: $tmp/lines.conf:3: callers_allow: rule 'libnone\*' $waits" \
	"$stderr"
like 'a function that is not there: its line' \
	"^dsamove: $tmp/lines.conf:5: callers_deny: rule 'prog:no_such' " "$stderr"
# A module that is named may come later; it is only told who asks.
run with device=software log=info callers_deny='libnone:f*' ./prog.2
like 'a module that is not there' \
	"^dsamove: .*caller rule 'libnone:f\*' names no module" "$stderr"
mkdir empty
echo 'no library' >empty/libunwind.so.8
run with device=software callers_deny=prog caller_depth=2 \
	LD_LIBRARY_PATH="$tmp/empty" ./prog.2
is 'no libunwind: one line, offload off' \
	'dsamove: environment: DSAMOVE_CALLER_DEPTH: more than 1 needs libunwind.so.8 (package libunwind8), which is not there; nothing is offloaded' \
	"$stderr"

mkdir other
gcc -shared -fPIC -O1 -o other/libunwind.so.8 -x c - <<'END'
int unw_backtrace(void **to, int most)
{
	for (int i = 0; i < most; i++)
		to[i] = (void *)64;
	return most;
}
END
run with device=software callers_deny=prog caller_depth=2 \
	LD_LIBRARY_PATH="$tmp/other" ./prog.2
is 'frames that are not as libunwind sees them: one line, offload off' \
	'dsamove: environment: DSAMOVE_CALLER_DEPTH: more than 1 needs frames as libunwind sees them, which is not so here; nothing is offloaded' \
	"$stderr"

# ---- libraries that come and go ----

build() { # FILE NAME FLAGS...
	gcc -shared -fPIC -O1 -fno-builtin -DPLUGIN_NAME="copy_$2" \
		-DPLUGIN_INNER="inner_$2" -o "$1" "${@:3}" "$shared/plugin.c"
}
without_symbols() { # FILE NEW: its .symtab has no entry
	python3 -I -S - "$1" "$2" <<'END'
import struct, sys
elf = bytearray(open(sys.argv[1], 'rb').read())
at, = struct.unpack_from('<Q', elf, 40)
size, count = struct.unpack_from('<HH', elf, 58)
tables = [i for i in range(at, at + size * count, size)
          if struct.unpack_from('<I', elf, i + 4)[0] == 2]
struct.pack_into('<Q', elf, tables[0] + 32, 0)
open(sys.argv[2], 'wb').write(elf)
END
}
# A library is known when its first code runs, _init; one that has none, after
# its first copy, which is the CPU's.
for id in sha1 none bare; do
	first=0 flags=("-Wl,--build-id=$id")
	if [ $id = bare ]; then
		first=1 flags=('-Wl,--build-id=sha1' -nostartfiles)
	fi
	build "lib_aa_$id.so.1" aa "${flags[@]}"
	build "lib_bb_$id.so.1" bb "${flags[@]}"
	a=./lib_aa_$id.so.1 b=./lib_bb_$id.so.1
	# Of two libraries one has the device.
	half=($((5 + first)) $((5 - first)))
	run "$guests/plugins" 5 $a $b
	plain=$stdout
	like "a library in another's place ($id)" 'same place' "$plain"
	expect "loaded later: deny by module ($id)" "${half[@]}" \
		callers_deny=lib_aa_$id "$guests/plugins" 5 $a $b
	is "loaded later: the program ($id)" "$plain" "$stdout"
	expect "loaded later: allow by module ($id)" "${half[@]}" \
		callers_allow=lib_bb_$id "$guests/plugins" 5 $a $b
	expect "loaded later: allow the first ($id)" "${half[@]}" \
		callers_allow=lib_aa_$id "$guests/plugins" 5 $a $b
	expect "loaded later: allow by function ($id)" "${half[@]}" \
		callers_allow='lib*:copy_bb' caller_depth=2 \
		"$guests/plugins" 5 $a $b
	expect "loaded later: deny by function ($id)" "${half[@]}" \
		callers_deny='lib*:copy_aa' caller_depth=2 \
		"$guests/plugins" 5 $a $b
	# Of a static function the name is in the file alone.
	expect "loaded later: allow a static function ($id)" "${half[@]}" \
		callers_allow='lib*:inner_bb' "$guests/plugins" 5 $a $b
	expect "loaded later: deny a static function ($id)" "${half[@]}" \
		callers_deny='lib*:inner_aa' "$guests/plugins" 5 $a $b
	for x in aa bb; do
		strip -o lib_s${x}_$id.so.1 lib_${x}_$id.so.1
	done
	expect "stripped: a static function is not admitted ($id)" 10 0 \
		callers_allow='lib*:inner_bb' "$guests/plugins" 5 \
		./lib_saa_$id.so.1 ./lib_sbb_$id.so.1
	expect "stripped: what has no name may be denied ($id)" "${half[@]}" \
		callers_deny="lib_saa_$id:inner_aa" "$guests/plugins" 5 \
		./lib_saa_$id.so.1 ./lib_sbb_$id.so.1
	# Tables that are not whole: what either names is found.
	objcopy --strip-all --keep-symbol=plugin_entry lib_aa_$id.so.1 \
		lib_kept_$id.so.1
	expect "a table with one name: .dynsym has the other ($id)" 5 0 \
		callers_deny="lib_kept_$id:copy_aa,lib_kept_$id:zz*" \
		caller_depth=2 "$guests/plugins" 5 ./lib_kept_$id.so.1
	strip -x -o lib_locals_$id.so.1 lib_aa_$id.so.1
	expect "without local names: what has none may be denied ($id)" 5 0 \
		callers_deny="lib_locals_$id:inner_aa" "$guests/plugins" 5 \
		./lib_locals_$id.so.1
	expect "in a whole table it would be there ($id)" $first $((5 - first)) \
		callers_deny="lib_aa_$id:inner_zz" "$guests/plugins" 5 $a
	without_symbols lib_aa_$id.so.1 lib_empty_$id.so.1
	expect "an empty table: .dynsym has all ($id)" $first $((5 - first)) \
		callers_allow='lib_empty*:copy_*' caller_depth=2 \
		"$guests/plugins" 5 ./lib_empty_$id.so.1
	cp lib_aa_$id.so.1 lib_dd_$id.so.1
	expect "the same under another name ($id)" "${half[@]}" \
		callers_deny=lib_dd_$id "$guests/plugins" 5 $a \
		./lib_dd_$id.so.1
	build lib_ee_$id.so.1 ee "${flags[@]}" -DPLUGIN_LAST
	build lib_ff_$id.so.1 ff "${flags[@]}" -DPLUGIN_LAST
	expect "destructors copy, too ($id)" $((6 + first)) $((6 - first)) \
		callers_deny=lib_ee_$id "$guests/plugins" 5 \
		./lib_ee_$id.so.1 ./lib_ff_$id.so.1
	like "destructors copy, too: so it is ($id)" 'same place' "$stdout"
	# By names the second is the first; its frames are larger.
	mkdir -p small large
	build small/lib_cc_$id.so.1 cc "${flags[@]}" -DPLUGIN_FRAME=1024
	build large/lib_cc_$id.so.1 cc "${flags[@]}" -DPLUGIN_FRAME=4096
	expect "in its place, with other frames ($id)" 10 0 \
		callers_deny=plugins:main caller_depth=3 "$guests/plugins" 5 \
		./small/lib_cc_$id.so.1 ./large/lib_cc_$id.so.1
	like "in its place, with other frames: so it is ($id)" 'same place' \
		"$stdout"
	# What was to come has come: what other rules say holds from then on.
	expect "loaded later: a glob waits for it ($id)" "${half[@]}" \
		"callers_deny=lib_bb*,lib_b[b]_$id*:inner_*" \
		"$guests/plugins" 5 $b $a
	like "loaded later: what a glob waits for ($id)" "$waits" "$stderr"
	expect "loaded later: a glob of functions that are not there ($id)" 10 0 \
		'callers_deny=lib_b*:none*' "$guests/plugins" 5 $b $a
	# As of what is there at the start, if it tells that it comes.
	expect "loaded later: none of a module that is named ($id)" \
		$((5 - 4 * first)) $((4 * first)) "callers_deny=lib_bb_$id:none*" \
		"$guests/plugins" 5 $b
	if [ $first = 0 ]; then
		like "loaded later: none of a module, one line ($id)" \
			"^dsamove: callers_deny: rule 'lib_bb_$id:none\*' matches no function of lib_bb_$id.so.1, which was loaded now, expected a glob that does; nothing is offloaded$" \
			"$stderr"
	fi
	expect "loaded later: no such function ($id)" $((10 + first)) \
		$((5 - first)) \
		"callers_allow=lib_aa_$id:none,lib_bb_$id" \
		"$guests/plugins" 5 $a $b $a
	[ $first = 1 ] || is "loaded later: no such function, one line ($id)" 1 \
		"$(grep -c "rule 'lib_aa_$id:none' matches no.*now$" <<<"$stderr")"
	ln -sf lib_bb_$id.so.1 lib_link_$id.so
	expect "loaded later: by the name of its file ($id)" $((5 * first)) \
		$((5 - 5 * first)) callers_allow=lib_bb_$id \
		"$guests/plugins" 5 ./lib_link_$id.so
done

# Names are not looked up in a signal handler, which a library's first copies
# may be in; on a stack of its own, or not.
cat >handled.c <<'END'
#include <dlfcn.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
static char a[1 << 18], b[1 << 18];
static void (**entry)(void *, const void *, size_t);
static void handler(int s) { (void)s; (*entry)(a, b, sizeof(a)); }
int main(int argc, char **argv)
{
	struct sigaction act = {.sa_handler = handler, .sa_flags = SA_ONSTACK};
	stack_t other = {.ss_sp = malloc(1 << 16), .ss_size = 1 << 16};
	void *l = dlopen(argv[1], RTLD_NOW);
	entry = l ? dlsym(l, "plugin_entry") : NULL;
	if (!entry || (argc > 2 && sigaltstack(&other, NULL)) ||
	    sigaction(SIGUSR1, &act, NULL))
		return 1;
	for (int i = 0; i < 5; i++)
		raise(SIGUSR1);
	for (int i = 0; i < 5; i++)
		(*entry)(a, b, sizeof(a));
	for (int i = 0; i < 5; i++)
		raise(SIGUSR1);
	return 0;
}
END
gcc -O1 -o handled handled.c
for depth in 1 8; do
	for stack in '' other; do
		expect "loaded later: not learned in a handler, depth $depth $stack" \
			6 9 callers_allow=lib_bb_bare caller_depth=$depth \
			./handled ./lib_bb_bare.so.1 $stack
		expect "loaded later: known in a handler, depth $depth $stack" \
			0 15 callers_allow=lib_bb_sha1 caller_depth=$depth \
			./handled ./lib_bb_sha1.so.1 $stack
	done
done
run with device=software software_engines=0 stats=callers \
	callers_allow=lib_bb_bare ./handled ./lib_bb_bare.so.1
like 'loaded later: a handler, too, is in the table of callers' \
	'lib_bb_bare.so.1:inner_bb +15 ' "$stderr"

# Code that changes stacks in midst of a function: by its tables its frame ends
# beyond the new one, where nothing may be read.
cat >switch.c <<'END'
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
static char a[1 << 20], b[1 << 20];
static void (**copy)(void *, const void *, size_t);
static void entry(void) { (*copy)(a, b, sizeof(a)); }
static __attribute__((noinline)) void on(char *top, void (*f)(void))
{
	__asm__ volatile("mov %%rsp, %%rbx; mov %0, %%rsp; call *%1; mov %%rbx, %%rsp"
			 :: "r"(top), "r"(f) : "rax", "rbx", "rcx", "rdx",
			 "rsi", "rdi", "r8", "r9", "r10", "r11", "memory");
}
static void *body(void *library)
{
	size_t n = 1 << 16;
	char *p = mmap(0, n + 8192, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	void *l = dlopen(library, RTLD_NOW);
	copy = dlsym(l, "plugin_entry");
	mprotect(p + 4096, n, PROT_READ | PROT_WRITE);
	memset(b, 7, sizeof(b));
	for (int i = 0; i < 3; i++)
		on(p + 4096 + n, entry);
	puts(memcmp(a, b, sizeof(a)) ? "wrong" : "right");
	return NULL;
}
int main(int argc, char **argv)
{
	pthread_t t;
	if (argc < 3)
		return !!body(argv[1]);
	pthread_create(&t, NULL, body, argv[1]);
	pthread_join(t, NULL);
	return 0;
}
END
gcc -O1 -fno-builtin -o switch switch.c
for id in sha1 bare; do
	for depth in 1 16; do
		for thread in '' thread; do
			run with device=software software_engines=0 stats=off \
				callers_deny=libz:f caller_depth=$depth \
				./switch ./lib_aa_$id.so.1 $thread
			is "another stack in midst of a function ($id, $depth) $thread" \
				'0 right' "$status $stdout"
		done
	done
done

# What a report names can be a rule, for them as well.
cat >calls.py <<'END'
import ctypes
lib = ctypes.CDLL('./lib_bb_sha1.so.1')
entry = ctypes.c_void_p.in_dll(lib, 'plugin_entry').value
copy = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p,
                        ctypes.c_size_t)(entry)
to, of = (ctypes.create_string_buffer(1 << 20) for _ in 'ab')
for _ in range(9):
    copy(to, of, 1 << 20)
END
run with device=none stats=callers python3 -S -I calls.py
name=$(grep -o 'lib_bb_sha1[^ ]*' <<<"$stderr" | head -n 1)
is 'the report names a static function of a library that came later' \
	'lib_bb_sha1.so.1:inner_bb' "$name"
expect 'what it names is a rule that matches' 0 9 callers_allow="$name" \
	python3 -S -I calls.py

# Libraries tell by what starts a profiler, which a program may have.
gcc -O1 -pg -fno-builtin -o profiled handled.c
expect 'a program with -pg' 0 15 callers_allow=lib_bb_sha1 ./profiled \
	./lib_bb_sha1.so.1
is 'a program with -pg: its profile' yes "$([ -s gmon.out ] && echo yes)"

# Who has come under a filter since birth must not open a file to look.
cat >filtered.c <<'END'
#include <dlfcn.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
static char a[1 << 20], b[1 << 20];
int main(int argc, char **argv)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog filter = {4, code};
	void *l = dlopen(argv[argc - 1], RTLD_NOW);
	void (**entry)(void *, const void *, size_t) =
		l ? dlsym(l, "plugin_entry") : NULL;
	if (!entry || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0))
		return 9;
	for (int i = 0; i < 5; i++)
		(*entry)(a, b, sizeof(a));
	puts("done");
	return 0;
}
END
gcc -O1 -o filtered filtered.c
# As in a container that has a filter and no_new_privs of its own.
sed -e 's/, SYS_openat,/, 99999,/' -e 's/for (int i.*/execv(argv[1], argv + 1);/' \
	-e '1i #include <unistd.h>' \
	-e '/(\*entry)(a, b/d' filtered.c >contained.c
gcc -O1 -o contained contained.c
if ./filtered ./lib_bb_sha1.so.1 >/dev/null; then
	run with device=software software_engines=0 \
		callers_allow='lib*:inner_bb' ./filtered ./lib_bb_bare.so.1
	is 'loaded later, under a filter: no file is opened' '0 done' \
		"$status $stdout"
	like 'loaded later, under a filter: not admitted' \
		'caller rules do not admit the caller' "$stderr"
	run with device=software software_engines=0 mode=poll \
		callers_allow='lib*:inner_bb' ./filtered ./lib_bb_sha1.so.1
	like 'loaded before a filter: it has been read' \
		'the stand-in moved 100.0 % of the bytes' "$stderr"
	run with device=software software_engines=0 stats=off \
		callers_allow='lib*:inner_bb' ./contained ./filtered \
		./lib_bb_bare.so.1
	is 'loaded later, under a second filter: no file is opened' '0 done' \
		"$status $stdout"
else
	skip 'loaded later, under a filter' 'no seccomp here'
fi

# No system call but the program's own, no allocation, while libraries come,
# and when a thread copies in functions that have not copied before.
calls() { # PATTERN SETTINGS... COMMAND: its system calls from that one on
	local from=$1
	shift
	with device=software software_engines=0 stats=off "${@:1:2}" \
		strace -f -o trace "${@:3}" >/dev/null 2>&1
	sed -n "/$from/,\$p" trace | sed -E 's/^[0-9]+ +//; s/\(.*//' |
		grep -vE '^(futex|\+\+\+|<\.\.\.)' | sort | uniq -c
}
if command -v strace >/dev/null; then
	for depth in 1 16; do
		library=("caller_depth=$depth" "$guests/plugins" 50
			./lib_aa_bare.so.1)
		stacks=("caller_depth=$depth" "$guests/locked" 256)
		is "learning a library: no system call, depth $depth" \
			"$(calls 'openat.*lib_aa_bare' log=warn "${library[@]}")" \
			"$(calls 'openat.*lib_aa_bare' \
				'callers_deny=lib*:copy_aa' "${library[@]}")"
		is "copies from new stacks: no system call, depth $depth" \
			"$(calls 'clone3\{0,1\}(' log=warn "${stacks[@]}")" \
			"$(calls 'clone3\{0,1\}(' 'callers_deny=libz' \
				"${stacks[@]}")"
	done
else
	skip 'learning: no system call' 'no strace here'
fi
run with device=software software_engines=0 stats=off callers_deny=libz:f \
	caller_depth=16 "$guests/locked" 256
is "copies from new stacks: the loader's lock is not taken" 'free, 256 right' \
	"$stdout"

# A template that may be what is denied does not stand for what is.
cat >alike.cc <<'END'
#include <cstring>
#define FUNCTION __attribute__((noinline))
#define END_OF_FUNCTION __asm__ volatile("" ::: "memory")
FUNCTION void fcopy(char *a, const char *b, size_t n) { memcpy(a, b, n); END_OF_FUNCTION; }
template <class T> FUNCTION void fcopy_t(T) { END_OF_FUNCTION; }
template void fcopy_t<int>(int);
static void entry(void *a, const void *b, size_t n) { fcopy((char *)a, (char *)b, n); END_OF_FUNCTION; }
extern "C" { void (*plugin_entry)(void *, const void *, size_t) = entry; }
END
g++ -shared -fPIC -O1 -fno-builtin -nostartfiles -o libalike.so alike.cc
for rule in 'fcopy(char*, char const*, unsigned long)' 'fcopy(*)' fcopy; do
	expect "learned after a copy, C++: deny $rule" 5 0 \
		"callers_deny=libalike:$rule" "$guests/plugins" 5 ./libalike.so
done

# A thread's stack may be too small to demangle long names.
cat >narrow.c <<'END'
#include <dlfcn.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
static void *body(void *file) { return dlopen(file, RTLD_NOW); }
int main(int argc, char **argv)
{
	pthread_attr_t a;
	pthread_t t;
	void *l;
	pthread_attr_init(&a);
	pthread_attr_setstacksize(&a, 1 << 16);
	if (pthread_create(&t, &a, body, argv[1]) || pthread_join(t, &l))
		return 1;
	puts(l ? "loaded" : dlerror());
	return 0;
}
END
gcc -O1 -o narrow narrow.c
python3 -I -S -c 'print("namespace N { template <class... T> struct S {};",
"template <class T> __attribute__((noinline)) void f(T) { __asm__ volatile(\"\"); }",
"template void f(S<" + ",".join(f"S<char,long[{i}]>" for i in range(1, 60)) + ">); }")' >long.cc
g++ -shared -fPIC -O1 -o liblong.so long.cc
run with device=software software_engines=0 stats=off \
	'callers_deny=liblong:N::f<*>*' ./narrow ./liblong.so
is 'loaded by a thread with a small stack' '0 loaded' "$status $stdout"

cat >overloads.cc <<'END'
#include <cstring>
#define FUNCTION __attribute__((noinline))
#define END_OF_FUNCTION __asm__ volatile("" ::: "memory")
namespace ns {
FUNCTION void copy(int) { END_OF_FUNCTION; }
__attribute__((visibility("hidden"))) FUNCTION void copy(void *a, const void *b, size_t n)
{
	memcpy(a, b, n); END_OF_FUNCTION;
}
}
static void entry(void *a, const void *b, size_t n) { ns::copy(1); ns::copy(a, b, n); END_OF_FUNCTION; }
extern "C" { void (*plugin_entry)(void *, const void *, size_t) = entry; }
END
g++ -shared -fPIC -O1 -fno-builtin -o liboverloads.so overloads.cc
expect 'loaded later, C++: an overload that the file alone names' 5 0 \
	callers_deny=liboverloads:ns::copy "$guests/plugins" 5 ./liboverloads.so
expect 'loaded later, C++: an overload, by its parameters' 5 0 \
	'callers_deny=liboverloads:ns::copy(void*, void const*, unsigned long)' \
	"$guests/plugins" 5 ./liboverloads.so
expect 'loaded later, C++: another overload' 0 5 \
	'callers_deny=liboverloads:ns::copy(int)' "$guests/plugins" 5 \
	./liboverloads.so
expect 'loaded later, C++: another function' 0 5 \
	callers_deny=liboverloads:ns::move "$guests/plugins" 5 ./liboverloads.so

# An exception thrown out of a copy, through our frames; and threads that are
# cancelled in one.
cat >throw.cc <<'END'
#include <csignal>
#include <cstdio>
#include <cstring>
#include <stdexcept>
#include <sys/mman.h>
#define MIB (1 << 20)
static void on_fault(int)
{
	sigset_t fault;
	sigemptyset(&fault);
	sigaddset(&fault, SIGSEGV);
	sigprocmask(SIG_UNBLOCK, &fault, nullptr);
	throw std::runtime_error("fault");
}
__attribute__((noinline)) static void copy(char *to, const char *from, size_t n)
{
	memcpy(to, from, n);
	__asm__ volatile("" ::: "memory");
}
int main()
{
	char *p = (char *)mmap(nullptr, 2 * MIB, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int caught = 0, right = 0;
	signal(SIGSEGV, on_fault);
	memset(p, 1, MIB);
	mprotect(p + MIB / 2, 4096, PROT_NONE);
	for (int i = 0; i < 50; i++) {
		try {
			copy(p + MIB, p, MIB);
		} catch (std::exception &) {
			caught++;
		}
		p[MIB + MIB / 2 - 1] = 0;
		copy(p + MIB, p, MIB / 2);
		right += p[MIB + MIB / 2 - 1];
	}
	printf("%d caught, %d right\n", caught, right);
	return 5;
}
END
g++ -O1 -fno-builtin -fnon-call-exceptions -o throw throw.cc
cat >cancel.c <<'END'
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
static void *body(void *room)
{
	pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
	for (;;)
		memcpy(room, (char *)room + (1 << 20), 1 << 20);
}
int main(void)
{
	static char room[2 << 20];
	int cancelled = 0;
	for (int i = 0; i < 100; i++) {
		pthread_t t;
		void *end;
		pthread_create(&t, NULL, body, room);
		usleep(300 + i * 7);
		pthread_cancel(t);
		pthread_join(t, &end);
		cancelled += end == PTHREAD_CANCELED;
	}
	printf("%d cancelled\n", cancelled);
	return 3;
}
END
gcc -O1 -fno-builtin -o cancel cancel.c
for depth in 1 8; do
	for engines in 0 1; do
		rules=(device=software "software_engines=$engines"
			"caller_depth=$depth" "callers_deny=libz,libnone:f")
		run with "${rules[@]}" ./throw
		is "exceptions out of a copy, depth $depth, $engines engines" \
			'5 50 caught, 50 right' "$status $stdout"
		run with "${rules[@]}" ./cancel
		is "threads cancelled in a copy, depth $depth, $engines engines" \
			'3 100 cancelled' "$status $stdout"
	done
done

# ---- exceptions, threads that end, other malloc's, code without names ----

same() { # NAME KEY=VALUE... COMMAND: as a plain run
	local name=$1 words=()
	shift
	while [[ $1 =~ ^[a-z_]+= ]]; do
		words+=("$1")
		shift
	done
	run "$@"
	local plain="$status $stdout"
	counts "${words[@]}" "${preload[@]}" "$@"
	is "$name" "$plain" "$status $stdout"
	is "$name: stderr" '' "$stderr"
}
mallocs() {
	echo libc
	for f in /usr/lib/x86_64-linux-gnu/{libjemalloc.so.2,libtcmalloc_minimal.so.4}; do
		[ -e "$f" ] && echo "$f"
	done
}
for malloc in $(mallocs); do
	name=$(basename "$malloc")
	preload=()
	[ "$malloc" = libc ] || preload=(LD_PRELOAD="$so $malloc")
	for depth in 1 8; do
		rules=("caller_depth=$depth" 'callers_deny=libz,libnone:f')
		same "C++ exceptions, depth $depth, $name" "${rules[@]}" \
			"$guests/throws"
		same "threads that end, depth $depth, $name" "${rules[@]}" \
			"$guests/threads" 8 20
		same "pthread_exit, depth $depth, $name" "${rules[@]}" \
			"$guests/ends" pthread_exit
		same "forks, depth $depth, $name" "${rules[@]}" "$guests/forks"
		same "signals, depth $depth, $name" "${rules[@]}" \
			"$guests/signals" storm
	done
done
preload=()
if command -v luajit >/dev/null; then
	cat >jit.lua <<'END'
local ffi = require 'ffi'
ffi.cdef 'void *memcpy(void *, const void *, size_t);'
local a, b = ffi.new('char[100000]'), ffi.new('char[100000]')
local C, sum = ffi.C, 0
for i = 1, 2000 do
	b[i] = i % 100
	C.memcpy(a, b, 100000)
	sum = sum + a[i]
end
print(sum)
END
	for depth in 1 8; do
		same "luajit: machine code, depth $depth" callers_deny=libz \
			caller_depth=$depth luajit jit.lua
		is "luajit: machine code is not denied, depth $depth" 0 "$denied"
		same "luajit: nothing but libz, depth $depth" \
			callers_allow=libz caller_depth=$depth luajit jit.lua
		is "luajit: machine code is not allowed, depth $depth" 0 "$moved"
	done
else
	skip 'luajit: machine code' 'no luajit here'
fi
if command -v node >/dev/null; then
	for depth in 1 8; do
		same "node, depth $depth" callers_deny=libz caller_depth=$depth \
			min_bytes=4K node -e 'let b = Buffer.alloc(1 << 20, "ab");
for (let i = 0; i < 200; i++) b.copy(b, 1 << 19, 0, 1 << 18);
console.log(b.toString("latin1").length, Buffer.concat([b, b]).length)'
	done
else
	skip 'node' 'no node here'
fi
