#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The page in a real browser: tests/web/page.mjs, when there is node, chromium and what `make deps-test` put beside it.
here=$(dirname "$0")
skip() { echo "1..0 # SKIP $*"; exit 0; }
command -v node >/dev/null || skip "node is not installed"
command -v chromium >/dev/null || skip "chromium is not installed"
[ "$(node -p 'process.versions.node.split(".")[0] >= 18')" = true ] || skip "node is older than 18"
[ -d "$here/node_modules/playwright-core" ] || skip "playwright-core is not there (npm ci --prefix tests/web)"
exec node "$here/page.mjs"
