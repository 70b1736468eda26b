#!/usr/bin/env bash
# Write src/qingmo/_native.pyi, the types of the compiled core, from the installed package. Run it after a change to
# native/bindings.cpp; a test fails while the two differ.
set -eu
cd "$(dirname "$0")/.."
out=${1:-src/qingmo/_native.pyi}
.venv/bin/python -m nanobind.stubgen -q -m qingmo._native -o "$out"
