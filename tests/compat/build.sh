#!/bin/bash
# SPDX-License-Identifier: MIT
# Programs with every copy offloaded: gcc, make and what they call.
. tests/lib.sh "$1"
. tests/compat/lib.sh

same gcc 'gcc and make, some files of this project' gcc 'selection device heavy' <<'END'
mkdir p; cp -r "$root"/src "$root"/config p; cd p
cat >Makefile <<'MAKE'
OBJS := $(patsubst %.c,%.o,src/text.c src/descriptor_crc.c src/caller_name.c)
lib.a: $(OBJS); ar rcD $@ $^
%.o: %.c; gcc -std=c11 -D_GNU_SOURCE -O2 -g -fPIC -Isrc -Iconfig -c -o $@ $<
MAKE
make -s -j2 lib.a 2>&1; sha256sum lib.a src/*.o; nm lib.a | md5sum
END

same build 'gcc and make, building this project' gcc heavy 1800 <<'END'
mkdir p; cp -r "$root"/{Makefile,src,config,preload} p; cd p
make -s -j2 2>&1 | grep -v '^  '; sha256sum build/release/libdsapreload.so
objdump -d build/release/libdsapreload.so | sha256sum
END
