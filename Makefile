# SPDX-License-Identifier: MIT
# dsamove: one flat makefile; `make help` lists what it can do.

VERSION := 0.1.0
BUILD ?= release
PREFIX ?= /usr/local
LIBDIR ?= $(PREFIX)/lib
DATADIR ?= $(PREFIX)/share
DESTDIR ?=
CC := $(if $(filter default undefined,$(origin CC)),gcc,$(CC))
V ?= 0
WERROR ?= 0
-include config.mak

# ---- files: a .c is HOT (runs on calls) or COLD (birth, death, report) ----
HOT := preload/interpose.c src/libc_mem.c src/offload.c src/pieces.c \
	src/share.c src/policy.c src/tuner.c src/submit.c src/wait.c src/queue.c \
	src/device_dsa.c src/device_software.c src/software_memory.c \
	src/descriptor_exec.c src/descriptor_check.c src/descriptor_walk.c \
	src/descriptor_step.c src/descriptor_crc.c src/stats.c \
	src/caller.c src/caller_module.c src/caller_name.c src/profile.c
COLD := preload/lifecycle.c src/libc_resolve.c src/clock.c src/slot.c \
	src/queue_open.c src/open_device.c src/discover.c src/discover_sysfs.c \
	src/software_open.c src/stats_sum.c src/report.c src/report_gain.c src/report_text.c \
	src/report_json.c src/log.c src/text.c src/caller_rules.c \
	src/caller_birth.c src/symbols.c src/profile_birth.c \
	src/report_callers.c src/report_names.c src/report_who.c config/conf.c config/conf_file.c \
	config/conf_rules.c config/conf_value.c config/conf_load.c

O := build/$(BUILD)
SO := $(O)/libdsapreload.so
ENGINE := $(patsubst %.c,$(O)/%.o,$(filter-out preload/%,$(HOT) $(COLD)))
OBJS := $(patsubst %.c,$(O)/%.o,$(HOT) $(COLD))
UNIT := $(patsubst tests/unit/%.c,$(O)/tests/unit/%,\
	$(wildcard tests/unit/test_*.c))
GUESTS := $(patsubst tests/programs/%.c,$(O)/tests/programs/%,\
	$(wildcard tests/programs/*.c)) \
	$(patsubst tests/programs/%.cc,$(O)/tests/programs/%,\
	$(wildcard tests/programs/*.cc))
# Those with the timing-only device are the engine themselves.
BENCH_TIMED := $(addprefix $(O)/bench/,offload sharing devices change model)
BENCH_GUESTS := $(addprefix $(O)/bench/,small cost threads callers)
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
LIBS := -l:libinih.a -ldl

Q := $(if $(filter 1,$(V)),,@)
say = $(if $(filter 1,$(V)),,@printf '  %-7s %s\n' '$(1)' '$(2)';)

# With -j, `make deps check` must install before it compiles.
FIRST := $(filter deps deps-lint deps-bench,$(MAKECMDGOALS))

.PHONY: all help deps deps-lint deps-bench check unit programs device check-hw contract \
	testbed lint format asan ubsan tsan demo bench bench-report install uninstall clean
.DEFAULT_GOAL := all

all: $(SO) ## build libdsapreload.so (BUILD=release or debug, V=1, WERROR=1)

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(firstword $(MAKEFILE_LIST)) | \
		awk -F':.*## ' '{printf "make %-10s %s\n", $$1, $$2}'

deps: ## install what building, testing and the demo need (apt-get)
	@tests/deps.sh build

deps-lint: ## install what `make lint` and clang builds need
	@tests/deps.sh lint

deps-bench: ## install what `make bench-report` needs
	@tests/deps.sh bench

$(SO): $(OBJS) preload/libdsapreload.map
	$(call say,LINK,$@)$(CC) $(LDFLAGS_SO) -o $@ $(OBJS) $(LIBS)

$(O)/libengine.a: $(ENGINE)
	$(call say,AR,$@)rm -f $@ && $(AR) rcs $@ $^

# A change of flags or compiler rebuilds everything.
FLAGS_NOW := $(CC) $(CFLAGS_HOT) $(CFLAGS_COLD)
$(O)/flags: FORCE | $(FIRST)
	@mkdir -p $(@D); echo '$(FLAGS_NOW)' | cmp -s - $@ || \
		echo '$(FLAGS_NOW)' >$@
FORCE:

$(patsubst %.c,$(O)/%.o,$(HOT)): KIND := HOT
$(patsubst %.c,$(O)/%.o,$(COLD)): KIND := COLD
$(O)/%.o: %.c $(O)/flags | $(FIRST)
	@mkdir -p $(@D)
	$(call say,CC,$<)$(CC) $(CFLAGS_$(or $(KIND),TEST)) -MMD -MP -c -o $@ $<

$(UNIT): $(O)/tests/unit/%: $(O)/tests/unit/%.o $(O)/libengine.a
	$(call say,LINK,$@)$(CC) $(SAN) -pthread -o $@ $< $(O)/libengine.a \
		$(LIBS) -lcheck_pic -lsubunit -lm -lrt

# Guests are programs that know nothing of us: their own plain flags.
$(O)/tests/programs/%: tests/programs/%.c tests/programs/guest.h $(O)/flags \
		| $(FIRST)
	@mkdir -p $(@D)
	$(call say,GUEST,$@)gcc -std=gnu11 -O2 -Wall -Wextra -fno-builtin \
		-pthread -o $@ $< -ldl
$(O)/tests/programs/%: tests/programs/%.cc tests/programs/guest.h $(O)/flags \
		| $(FIRST)
	@mkdir -p $(@D)
	$(call say,GUEST,$@)g++ -O2 -Wall -Wextra -fno-builtin -pthread \
		-o $@ $<

$(BENCH_GUESTS): $(O)/bench/%: bench/%.c bench/worker.c bench/bench.h \
		$(O)/flags | $(FIRST)
	@mkdir -p $(@D)
	$(call say,BENCH,$@)gcc -std=gnu11 -O2 -Wall -Wextra -fno-builtin \
		-pthread -o $@ $< bench/worker.c

$(BENCH_TIMED): $(O)/bench/%: $(O)/bench/%.o $(O)/bench/timing.o \
		$(O)/bench/crew.o $(O)/bench/worker.o $(O)/libengine.a
	$(call say,LINK,$@)$(CC) $(SAN) -pthread -o $@ $^ $(LIBS)

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

check: $(SO) $(UNIT) $(GUESTS) $(TESTBED) | $(FIRST) ## every test
	@tests/run.sh $(O) contract unit programs device

programs: $(SO) $(GUESTS) | $(FIRST) ## tests on unmodified programs alone
	@tests/run.sh $(O) programs

device: $(SO) $(GUESTS) $(TESTBED) | $(FIRST) ## tests on the test device alone
	@tests/run.sh $(O) device

check-hw: $(SO) $(GUESTS) | $(FIRST) ## tests on the DSA of this machine, each byte verified
	@tests/run.sh $(O) hardware

contract: $(SO) ## layering, symbols of hot objects, exports, DT_NEEDED
	@tests/run.sh $(O) contract

asan ubsan tsan: ## the unit tests under a sanitizer
	@$(MAKE) --no-print-directory BUILD=$@ unit

lint: | $(FIRST) ## clang-format 14, clang-tidy, cppcheck, shellcheck, tokens
	@tests/lint.sh

format: ## lay the code out as `make lint` wants it
	$(Q)clang-format-14 -i $$(git ls-files '*.c' '*.h' '*.cc')

demo: $(SO) $(TESTBED) | $(FIRST) ## real programs, with and without the preload, compared
	@tests/demo.sh $(SO)

bench: $(SO) $(BENCH) | $(FIRST) ## cost of small calls, start-up, one offload
	@bench/run.sh $(O)

bench-report: $(SO) $(BENCH) | $(FIRST) ## offload and sharing: CSV and plots, some six minutes
	@bench/report.sh $(O)

install: $(SO) ## into $(DESTDIR)$(PREFIX)
	install -d $(DESTDIR)$(LIBDIR) $(DESTDIR)$(DATADIR)/dsamove
	install -m 755 $(SO) $(DESTDIR)$(LIBDIR)/libdsapreload.so
	install -m 644 dsamove.conf.example config/accel-config/*.conf \
		$(DESTDIR)$(DATADIR)/dsamove

uninstall: ## what install put there
	rm -f $(DESTDIR)$(LIBDIR)/libdsapreload.so
	rm -rf $(DESTDIR)$(DATADIR)/dsamove

clean: ## remove build/
	rm -rf build

-include $(patsubst %.c,$(O)/%.d,$(HOT) $(COLD)) $(UNIT:=.d) \
	$(wildcard $(O)/bench/*.d) \
	$(patsubst %.o,%.d,$(TB_OBJS) $(TB_CPU_OBJS) $(TB_GUEST_OBJS))
.SECONDARY:
