# SPDX-License-Identifier: MIT
# dsamove: one flat makefile; `make help` lists what it can do.

VERSION := 0.1.0
BUILD ?= release
PREFIX ?= /usr/local
BINDIR ?= $(PREFIX)/bin
LIBDIR ?= $(PREFIX)/lib
DATADIR ?= $(PREFIX)/share
MANDIR ?= $(DATADIR)/man
UNITDIR ?= $(PREFIX)/lib/systemd/system
UDEVDIR ?= $(PREFIX)/lib/udev/rules.d
SYSUSERSDIR ?= $(PREFIX)/lib/sysusers.d
COMPLETIONDIR ?= $(DATADIR)/bash-completion/completions
DESTDIR ?=
CC := $(if $(filter default undefined,$(origin CC)),gcc,$(CC))
V ?= 0
WERROR ?= 0
-include config.mak

# ---- files: a .c is HOT (runs on calls) or COLD (birth, death, report) ----
HOT := preload/interpose.c src/libc_mem.c src/offload.c src/pieces.c src/pieces_touch.c src/compare.c src/node.c \
	src/share.c src/share_part.c src/shot.c src/policy.c src/tuner.c src/tuner_shot.c src/peers.c src/submit.c src/batch.c src/wait.c src/queue.c \
	src/device_dsa.c src/device_software.c src/device_engines.c src/software_memory.c \
	src/descriptor_exec.c src/descriptor_check.c src/descriptor_walk.c \
	src/descriptor_step.c src/descriptor_crc.c src/stats.c \
	src/caller.c src/caller_step.c src/caller_cfi.c src/caller_module.c src/caller_identity.c \
	src/caller_name.c src/profile.c
COLD := preload/lifecycle.c preload/jump.c preload/libraries.c src/libc_resolve.c src/clock.c src/sandbox.c src/slot.c src/slot_batch.c src/slot_left.c \
	src/queue_open.c src/queue_close.c src/open_device.c src/discover.c src/discover_sysfs.c \
	src/software_open.c src/stats_sum.c src/about.c src/live.c src/report.c src/report_gather.c src/report_gain.c src/report_text.c src/report_verdict.c \
	src/report_json.c src/log.c src/text.c src/caller_rules.c src/caller_learn.c src/caller_late.c src/caller_stack.c src/caller_startup.c \
	src/caller_birth.c src/symbols.c src/profile_birth.c \
	src/report_callers.c src/report_names.c src/report_who.c config/conf.c config/conf_file.c \
	config/conf_rules.c config/conf_value.c config/conf_load.c

CLI := $(wildcard src/cli/*.c)

O := build/$(BUILD)
SO := $(O)/libdsapreload.so
DSAMOVE := $(O)/dsamove
MAN := $(patsubst man/%.in,$(O)/man/%,$(wildcard man/*.in))
ENGINE := $(patsubst %.c,$(O)/%.o,$(filter-out preload/%,$(HOT) $(COLD)))
OBJS := $(patsubst %.c,$(O)/%.o,$(HOT) $(COLD))
UNIT := $(patsubst tests/unit/%.c,$(O)/tests/unit/%,\
	$(wildcard tests/unit/test_*.c))
GUESTS := $(patsubst tests/programs/%.c,$(O)/tests/programs/%,\
	$(wildcard tests/programs/*.c)) \
	$(patsubst tests/programs/%.cc,$(O)/tests/programs/%,\
	$(wildcard tests/programs/*.cc)) \
	$(patsubst tests/hostile/%.c,$(O)/tests/hostile/%,\
	$(wildcard tests/hostile/*.c))
# Those with the timing-only device are the engine themselves.
BENCH_TIMED := $(addprefix $(O)/bench/,offload sharing devices change model overhead)
BENCH_GUESTS := $(addprefix $(O)/bench/,small cost threads callers testdevice)
BENCH := $(BENCH_GUESTS) $(BENCH_TIMED)
TB_OBJS := $(patsubst %.c,$(O)/%.o,$(wildcard tests/device/*.c))
TB_CPU_OBJS := $(patsubst %.c,$(O)/%.o,$(wildcard tests/device/cpu/*.c)) \
	$(O)/tests/device/cpu/slots.o
TB_GUEST_OBJS := $(patsubst %.c,$(O)/%.o,$(wildcard tests/device/guest/*.c))
TESTBED := $(O)/dsa-testbed $(O)/dsa-testbed-cpu.so $(O)/dsa-guest

# ---- flags ----
WARN := -Wall -Wextra -Wshadow -Wundef -Wcast-qual -Wwrite-strings \
	-Wmissing-prototypes -Wstrict-prototypes -Wvla
ifneq ($(shell $(CC) --version 2>/dev/null | grep -c clang),0)
WARN += -Wunreachable-code -Wextra-semi-stmt -Wshorten-64-to-32
NO_LOOP_CALLS :=
else
NO_LOOP_CALLS := -fno-tree-loop-distribute-patterns
endif
ifeq ($(WERROR),1)
WARN += -Werror
endif
OPT := $(if $(filter debug,$(BUILD)),-O1 -DDSAM_DEBUG,-O2)
SAN_asan := -fsanitize=address
SAN_ubsan := -fsanitize=undefined -fno-sanitize-recover=undefined
# gcc's tsan does not model fences; the ones there order us and the device.
SAN_tsan := -fsanitize=thread $(if $(filter gcc%,$(CC)),-Wno-tsan)
SAN_fuzz := -fsanitize=fuzzer-no-link,address,undefined \
	-fno-sanitize-recover=undefined
SAN_coverage := --coverage -fprofile-update=atomic
# Atomics that tell helgrind what they order, and engines that it can see.
SAN_helgrind := -include tests/helgrind.h
SAN := $(SAN_$(BUILD))
BASE := -std=c11 -D_GNU_SOURCE -DDSAM_VERSION='"$(VERSION)"' -Isrc -Iconfig \
	-g -fPIC -fvisibility=hidden -fno-plt -fno-semantic-interposition \
	-ftls-model=initial-exec -fno-omit-frame-pointer -pthread $(WARN) $(SAN)
CFLAGS_HOT := $(BASE) $(OPT) -U_FORTIFY_SOURCE -fno-builtin $(NO_LOOP_CALLS) \
	-fno-stack-protector -fcf-protection
CFLAGS_COLD := $(BASE) $(OPT) $(if $(SAN),,-U_FORTIFY_SOURCE \
	-D_FORTIFY_SOURCE=2) -fstack-protector-strong \
	-fstack-clash-protection -fcf-protection
CFLAGS_TEST := $(BASE) $(OPT)
LDFLAGS_SO := -shared -Wl,--version-script=preload/libdsapreload.map \
	-Wl,-z,defs,-z,relro,-z,now,-z,text,-z,nodelete,-z,nodlopen \
	-Wl,--as-needed -Wl,--exclude-libs,ALL -Wl,-soname,libdsapreload.so
ifeq ($(BUILD),coverage)
LDFLAGS_SO += --coverage
endif
ifeq ($(BUILD),helgrind)
LDFLAGS_UNIT := -Wl,--wrap=dsam_software_remote
endif
LIBS := -l:libinih.a -ldl
LIBS_CLI := $(LIBS) -ljson-c -lelf -lm

Q := $(if $(filter 1,$(V)),,@)
say = $(if $(filter 1,$(V)),,@printf '  %-7s %s\n' '$(1)' '$(2)';)

# With -j, `make deps check` must install before it compiles.
FIRST := $(filter deps deps-lint deps-package deps-programs deps-bench,\
	$(MAKECMDGOALS))

.PHONY: all help deps deps-lint deps-package deps-programs deps-bench check unit \
	programs device hostile soak helgrind-tests check-programs check-hw contract fuzz \
	coverage coverage-run analyze valgrind cli testbed lint format asan \
	ubsan tsan demo bench bench-report install uninstall deb dist clean
.DEFAULT_GOAL := all

all: $(SO) $(DSAMOVE) $(MAN) ## build all that is installed (BUILD=release or debug, V=1, WERROR=1)

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(firstword $(MAKEFILE_LIST)) | \
		awk -F':.*## ' '{printf "make %-10s %s\n", $$1, $$2}'

deps: ## install what building, testing and the demo need (apt-get)
	@tests/deps.sh build

deps-package: ## install what `make deb` needs
	@tests/deps.sh package

deps-lint: ## install what `make lint` and clang builds need
	@tests/deps.sh lint

deps-bench: ## install what `make bench-report` needs
	@tests/deps.sh bench

$(SO): $(OBJS) preload/libdsapreload.map
	$(call say,LINK,$@)$(CC) $(LDFLAGS_SO) -o $@ $(OBJS) $(LIBS)

$(O)/src/cli/page.o: src/cli/page.html

$(DSAMOVE): $(patsubst %.c,$(O)/%.o,$(CLI)) $(O)/libengine.a
	$(call say,LINK,$@)$(CC) $(SAN) -pthread -pie -Wl,-z,relro,-z,now \
		-Wl,--as-needed -o $@ $^ $(LIBS_CLI)

$(O)/libengine.a: $(ENGINE)
	$(call say,AR,$@)rm -f $@ && $(AR) rcs $@ $^

# Dates are that of the version, so that a build can be repeated.
DATE = $(shell sed -nE 's/^\#\# .* ([0-9-]+)$$/\1/p' CHANGELOG.md | head -n 1)
$(O)/man/keys: $(O)/man/keys.o $(O)/libengine.a
	$(call say,LINK,$@)$(CC) $(SAN) -pthread -o $@ $^ $(LIBS)

$(O)/man/%: man/%.in $(O)/man/keys $(O)/dirs Makefile CHANGELOG.md
	$(call say,MAN,$@)$(O)/man/keys >$@.keys
	$(Q)sed -e 's|@VERSION@|$(VERSION)|; s|@DATE@|$(DATE)|; s|@LIBDIR@|$(LIBDIR)|' \
		-e 's|@DATADIR@|$(DATADIR)|' -e '/^@KEYS@$$/{r $@.keys' -e 'd;}' \
		$< >$@ && rm $@.keys

# A change of flags or compiler rebuilds everything.
FLAGS_NOW := $(CC) $(CFLAGS_HOT) $(CFLAGS_COLD)
$(O)/flags: FORCE | $(FIRST)
	@mkdir -p $(@D); echo '$(FLAGS_NOW)' | cmp -s - $@ || \
		echo '$(FLAGS_NOW)' >$@
.PHONY: FORCE # .SECONDARY would take it for done

$(patsubst %.c,$(O)/%.o,$(HOT)): KIND := HOT
$(patsubst %.c,$(O)/%.o,$(COLD) $(CLI)): KIND := COLD
# Each way in begins a line of the instruction cache.
$(O)/preload/interpose.o: CFLAGS_HOT += -falign-functions=64 -fcf-protection=none
$(O)/%.o: %.c $(O)/flags | $(FIRST)
	@mkdir -p $(@D)
	$(call say,CC,$<)$(CC) $(CFLAGS_$(or $(KIND),TEST)) -MMD -MP -c -o $@ $<

$(UNIT): $(O)/tests/unit/%: $(O)/tests/unit/%.o $(O)/libengine.a
	$(call say,LINK,$@)$(CC) $(SAN) -pthread $(LDFLAGS_UNIT) -o $@ $< $(O)/libengine.a \
		$(LIBS) -lcheck_pic -lsubunit -lm -lrt

# Guests are programs that know nothing of us: their own plain flags.
$(O)/tests/programs/% $(O)/tests/hostile/%: GUEST_CC = gcc -std=gnu11 -O2 \
	-Wall -Wextra -fno-builtin -Itests/programs -pthread -o $@ $< -ldl
$(O)/tests/programs/%: tests/programs/%.c tests/programs/guest.h $(O)/flags \
		| $(FIRST)
	@mkdir -p $(@D)
	$(call say,GUEST,$@)$(GUEST_CC)
$(O)/tests/hostile/%: tests/hostile/%.c tests/hostile/counted.h \
		tests/programs/guest.h $(O)/flags | $(FIRST)
	@mkdir -p $(@D)
	$(call say,GUEST,$@)$(GUEST_CC)
$(O)/tests/programs/%: tests/programs/%.cc tests/programs/guest.h $(O)/flags \
		| $(FIRST)
	@mkdir -p $(@D)
	$(call say,GUEST,$@)g++ -O2 -Wall -Wextra -fno-builtin -pthread \
		-o $@ $<

$(BENCH_GUESTS): $(O)/bench/%: bench/%.c bench/worker.c bench/bench.h \
		$(O)/flags | $(FIRST)
	@mkdir -p $(@D)
	$(call say,BENCH,$@)gcc -std=gnu11 -O2 -Wall -Wextra -fno-builtin \
		-pthread -o $@ $< bench/worker.c -ldl

$(O)/bench/callers: $(O)/bench/late.so $(O)/bench/late-no-id.so
$(O)/bench/late.so: BUILD_ID := sha1
$(O)/bench/late-no-id.so: BUILD_ID := none
$(O)/bench/late.so $(O)/bench/late-no-id.so: bench/late.c $(O)/flags | $(FIRST)
	@mkdir -p $(@D)
	$(call say,BENCH,$@)gcc -std=gnu11 -O2 -Wall -Wextra -fno-builtin \
		-shared -fPIC -Wl,--build-id=$(BUILD_ID) -o $@ $<

$(BENCH_TIMED): $(O)/bench/%: $(O)/bench/%.o $(O)/bench/timing.o \
		$(O)/bench/crew.o $(O)/bench/worker.o $(O)/libengine.a
	$(call say,LINK,$@)$(CC) $(SAN) -pthread -o $@ $^ $(LIBS)

# The command looks for what is installed, and names it.
DIRS := -DDSAM_LIBDIR='"$(LIBDIR)"' -DDSAM_DATADIR='"$(DATADIR)"'
$(patsubst %.c,$(O)/%.o,$(CLI)): CFLAGS_COLD += $(DIRS)
$(patsubst %.c,$(O)/%.o,$(CLI)): $(O)/dirs
$(O)/dirs: FORCE
	@mkdir -p $(@D); echo "$(DIRS)" | cmp -s - $@ || echo "$(DIRS)" >$@

# The test device.  Its processor preload runs before libc, on any register
# that the program may be using.
$(TB_OBJS): CFLAGS_TEST += $(shell pkg-config --cflags fuse3 json-c 2>/dev/null)
TB_CPU_CFLAGS := $(filter-out $(SAN),$(BASE)) -O2 -U_FORTIFY_SOURCE \
	-ffreestanding -fno-builtin -mgeneral-regs-only -fno-stack-protector
$(TB_CPU_OBJS): CFLAGS_TEST = $(TB_CPU_CFLAGS)
$(O)/tests/device/cpu/slots.o: tests/device/slots.c $(O)/flags | $(FIRST)
	@mkdir -p $(@D)
	$(call say,CC,$< (cpu))$(CC) $(TB_CPU_CFLAGS) -MMD -MP -c -o $@ $<

$(O)/dsa-testbed: $(TB_OBJS) $(filter $(O)/src/descriptor_%,$(ENGINE))
	$(call say,LINK,$@)$(CC) $(SAN) -pthread -o $@ $^ -lfuse3 -ljson-c

$(O)/dsa-testbed-cpu.so: $(TB_CPU_OBJS)
	$(call say,LINK,$@)$(CC) -shared -Wl,-z,initfirst,-z,now,-z,defs \
		-Wl,-soname,dsa-testbed-cpu.so -o $@ $^

$(O)/dsa-guest: $(TB_GUEST_OBJS)
	$(call say,LINK,$@)$(CC) $(SAN) -pthread -o $@ $^

testbed: $(TESTBED) | $(FIRST) ## build the test device, see tests/device/README.md

unit: $(UNIT) | $(FIRST) ## build and run the unit tests alone
	@tests/run.sh $(O) unit

check: all $(UNIT) $(GUESTS) $(TESTBED) | $(FIRST) ## every test
	@tests/run.sh $(O) contract unit programs cli compat + device hostile

programs: $(SO) $(GUESTS) | $(FIRST) ## tests on unmodified programs alone
	@tests/run.sh $(O) programs

hostile: $(SO) $(GUESTS) $(TESTBED) | $(FIRST) ## tests with difficult hosts alone
	@tests/run.sh $(O) hostile

cli: all $(GUESTS) $(TESTBED) | $(FIRST) ## tests on the command dsamove alone
	@tests/run.sh $(O) cli

device: $(SO) $(GUESTS) $(TESTBED) | $(FIRST) ## tests on the test device alone
	@tests/run.sh $(O) device

SOAK_SECONDS ?= 600
soak: $(SO) $(GUESTS) $(TESTBED) | $(FIRST) ## random trouble for SOAK_SECONDS, from SEED
	@tests/hostile/soak.py $(O) $(SOAK_SECONDS) $(SEED)

deps-programs: deps ## install the programs that check-programs runs
	@tests/deps.sh programs

check-programs: $(SO) $(TESTBED) | $(FIRST) ## many programs, every copy offloaded (an hour); docs/compatibility.md
	@tests/compat/run.sh $(O)

check-hw: $(SO) $(GUESTS) | $(FIRST) ## tests on the DSA of this machine, each byte verified
	@tests/run.sh $(O) hardware

contract: $(SO) ## layering, symbols of hot objects, exports, DT_NEEDED
	@tests/run.sh $(O) contract

asan ubsan tsan: ## the unit tests under a sanitizer
	@$(MAKE) --no-print-directory BUILD=$@ unit

# Below: `make fuzz` calls make again with clang and BUILD=fuzz.
FUZZ := $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/*.c))
FUZZ_SECONDS ?= 60
fuzz: ## fuzz settings, records, JSON, names and symbol tables, FUZZ_SECONDS each (clang)
	@$(MAKE) --no-print-directory CC=clang BUILD=fuzz $(FUZZ:%=fuzz-%)

$(FUZZ:%=$(O)/fuzz-%): $(O)/fuzz-%: $(O)/tests/fuzz/%.o $(O)/libengine.a
	$(call say,LINK,$@)$(CC) -fsanitize=fuzzer,address,undefined -pthread \
		-o $@ $< $(O)/libengine.a $(LIBS)

fuzz-%: $(O)/fuzz-%
	@mkdir -p $(O)/corpus-$*
	@$< -max_total_time=$(FUZZ_SECONDS) -print_final_stats=1 -verbosity=0 \
		$(O)/corpus-$* tests/fuzz/corpus/$*

coverage: | $(FIRST) ## lines of src/ and config/ that tests run, at least 90 %
	@$(MAKE) --no-print-directory BUILD=coverage coverage-run

coverage-run: $(SO) $(UNIT) $(GUESTS) $(TESTBED)
	@find $(O) -name '*.gcda' -delete
	@tests/run.sh $(O) unit | tail -n 1
	@for t in programs/report programs/callers hostile/descriptors \
		device/discovery.test; do tests/$$t.sh $(O) | \
		awk '/^ok/ { n++ } END { print n + 0, "passed" }'; done
	@tests/coverage.py $(O) 90

analyze: | $(FIRST) ## gcc -fanalyzer over src/, config/ and preload/
	@tests/analyze.sh

valgrind: $(SO) $(GUESTS) | $(FIRST) ## memcheck and helgrind on the software DSA
	@$(MAKE) --no-print-directory CC=gcc BUILD=helgrind helgrind-tests
	@tests/valgrind.sh $(O)

HELGRIND := oracle queue submit_settle
helgrind-tests: $(HELGRIND:%=$(O)/tests/unit/test_%)

lint: | $(FIRST) ## clang-format 14, clang-tidy, cppcheck, shellcheck, tokens
	@tests/lint.sh

format: ## lay the code out as `make lint` wants it
	$(Q)clang-format-14 -i $$(git ls-files '*.c' '*.h' '*.cc')

demo: $(SO) $(TESTBED) | $(FIRST) ## real programs, with and without the preload, compared
	@tests/demo.sh $(SO)

bench: $(SO) $(BENCH) | $(FIRST) ## cost of small calls, start-up, one offload
	@bench/run.sh $(O)

bench-report: $(SO) $(BENCH) | $(FIRST) ## offload and sharing: CSV and plots, some eight minutes
	@bench/report.sh $(O)

install: all ## into $(DESTDIR)$(PREFIX)
	install -d $(addprefix $(DESTDIR),$(BINDIR) $(LIBDIR) $(MANDIR)/man1 \
		$(MANDIR)/man5 $(MANDIR)/man7 $(DATADIR)/dsamove $(UNITDIR) \
		$(UDEVDIR) $(SYSUSERSDIR) $(COMPLETIONDIR))
	install -m 755 $(DSAMOVE) $(DESTDIR)$(BINDIR)/dsamove
	install -m 755 $(SO) $(DESTDIR)$(LIBDIR)/libdsapreload.so
	install -m 644 dsamove.conf.example config/accel-config/*.conf \
		$(DESTDIR)$(DATADIR)/dsamove
	for page in $(MAN); do install -m 644 $$page \
		$(DESTDIR)$(MANDIR)/man$${page##*.}/ || exit; done
	install -m 644 share/dsamove-queues.service $(DESTDIR)$(UNITDIR)
	install -m 644 share/60-dsamove.rules $(DESTDIR)$(UDEVDIR)
	install -m 644 share/dsamove.sysusers \
		$(DESTDIR)$(SYSUSERSDIR)/dsamove.conf
	install -m 644 share/dsamove.bash $(DESTDIR)$(COMPLETIONDIR)/dsamove

uninstall: ## what install put there
	rm -f $(addprefix $(DESTDIR),$(BINDIR)/dsamove \
		$(LIBDIR)/libdsapreload.so $(UNITDIR)/dsamove-queues.service \
		$(UDEVDIR)/60-dsamove.rules $(SYSUSERSDIR)/dsamove.conf \
		$(COMPLETIONDIR)/dsamove $(foreach page,$(notdir $(MAN)), \
		$(MANDIR)/man$(subst .,,$(suffix $(page)))/$(page)))
	rm -rf $(DESTDIR)$(DATADIR)/dsamove

deb: | $(FIRST) ## build/dsamove_VERSION_amd64.deb, read by lintian, tried out
	@tests/package.sh build
	@tests/package.sh test

dist: ## build/dsamove-VERSION.tar.gz of this commit, the same every time
	@mkdir -p build
	git archive --format=tar --prefix=dsamove-$(VERSION)/ HEAD | \
		gzip -9 -n >build/dsamove-$(VERSION).tar.gz

clean: ## remove build/
	rm -rf build

-include $(patsubst %.c,$(O)/%.d,$(HOT) $(COLD) $(CLI)) $(UNIT:=.d) \
	$(O)/man/keys.d $(wildcard $(O)/bench/*.d) \
	$(patsubst %.o,%.d,$(TB_OBJS) $(TB_CPU_OBJS) $(TB_GUEST_OBJS))
.SECONDARY:
