#!/usr/bin/env bash
# Checks the chat page's types and runs its tests of pure logic (web/test). Those in a browser are tests/page.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../web"

# Where setup.sh has put PyPI's Node into .venv, it comes after the system's own.
export PATH="$PATH:$PWD/../.venv/bin"
[ -d node_modules/vitest ] && [ node_modules/.package-lock.json -nt package-lock.json ] || npm ci --ignore-scripts
exec npm run --silent check
