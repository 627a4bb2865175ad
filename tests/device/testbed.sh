# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034,SC2154
# What the tests of the test device share, after tests/lib.sh: $tb, $guest,
# and the end of the script where the test device can't run.
tb=$out/dsa-testbed
guest=$out/dsa-guest
cannot=$("$tb" --check 2>&1)
if [ $? -eq 77 ]; then
	# There it has to run: nobody else may ever see it.
	if [ "${CI-}" = true ]; then
		not_ok "$(basename "$0" .test.sh)" "in CI: $cannot"
		exit 1
	fi
	skip "$(basename "$0" .test.sh)" "${cannot#dsa-testbed: }"
	exit 0
fi

# under OPTIONS... -- COMMAND...: with a time limit; sets $status ... as run
under() {
	run timeout -k 5 60 "$tb" -a "$tmp/account" "$@"
}

# seen EXPRESSION: of the last account, a is all of it, t the total
seen() {
	python3 -I -S -c 'import json, sys
a = json.load(open(sys.argv[1]))
t = a["total"]
v = eval(sys.argv[2])
print(*v if isinstance(v, tuple) else [v])' "$tmp/account" "$1"
}

# figure NAME: of the last "dsa-guest ... load"
figure() {
	local words i
	read -ra words <<<"$stdout"
	for ((i = 0; i < ${#words[@]}; i += 2)); do
		[ "${words[i]}" = "$1" ] && echo "${words[i + 1]}" && return
	done
	echo 0
}

# near NAME WANT GOT PERCENT
near() {
	if awk -v w="$2" -v g="$3" -v p="$4" \
		'BEGIN { d = g - w; exit !(d * d <= (w * p / 100) ^ 2) }'; then
		ok "$1"
	else
		not_ok "$1" "expected $2 within $4 percent, got $3"
	fi
}

