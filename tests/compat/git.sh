#!/bin/bash
# SPDX-License-Identifier: MIT
# Programs with every copy offloaded: git.
. tests/lib.sh "$1"
. tests/compat/lib.sh

same git 'git: commit, clone, gc, fsck' git 'selection device' <<'END'
export HOME=$PWD GIT_AUTHOR_DATE='1700000000 +0000' GIT_CONFIG_NOSYSTEM=1
export GIT_COMMITTER_DATE=$GIT_AUTHOR_DATE
git config --global user.name nobody
git config --global user.email nobody@localhost
git init -q -b main r; cd r
for i in 1 2 3 4 5 6; do
	head -c ${i}0000 "$data/text" >a; tail -c 5000${i} "$data/text" >b$i
	cp "$data/noise" c; git add -A; git commit -qm "number $i"
done
git log --stat | sha256sum
cd ..; git clone -q --no-local r s; cd s; git fsck --full 2>&1
git checkout -q -b x HEAD~3; echo more >>a; git commit -qam more
git merge -q main -m merged 2>&1 | md5sum; git status --short
git gc -q --aggressive --prune=now; git fsck --full 2>&1; git count-objects
git log --all --format='%H %s' | sort; git diff HEAD~2 | sha256sum
git archive --format=tar HEAD 2>&1 | sha256sum
END

same git-project 'git on this project: clone, gc, fsck, blame' git '' <<'END'
export HOME=$PWD GIT_CONFIG_NOSYSTEM=1
git config --global safe.directory '*'
git clone -q --no-local "$root" s && cd s || exit 1
git fsck --full 2>&1; git gc -q --prune=now; git fsck --full 2>&1
git log --format=%H | sha256sum; git blame README.md | sha256sum
git grep -c memcpy | sort | sha256sum
END
