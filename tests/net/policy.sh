# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# A policy in `weir run` under test: read this file after daemon.sh. POLICY and STATE are its files.

POLICY=$TMP/edge.policy STATE=$TMP/rules.policy
install -o nobody /dev/null "$STATE"
chown nobody "$TMP"

policy() {
	printf '%s\n' "$@" >"$POLICY"
}

# run_with HOOK [LINE...]: the daemon with $POLICY and that in its configuration.
run_with() {
	local hook=$1
	shift
	conf "interfaces = $IN" "hook = $hook" "$@" "[policy]" "file = $POLICY" "state = $STATE" \
		"[dump]" "rate = 20000"
	start
}

# ledger EXPRESSION: Python over rows of the ledger of this interface.
ledger() {
	raw ledger "$1"
}

add() {
	w rule add "$@"
}

del() {
	w rule del "$@"
}

rule() {
	w rule list --json | python3 -c '
import json, sys
rows = [json.loads(line) for line in sys.stdin]
r = [r for r in rows if r.get("rule_id") == sys.argv[1]]
print(eval(sys.argv[2], {"r": r[0], "all": rows}) if r else "none")' "$1" "$2" 2>&1 | tail -n 1
}
