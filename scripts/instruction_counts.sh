#!/usr/bin/env bash
# Counts the instructions of small fixed pieces of work (a prefill of 16 tokens, 8 decodes) under valgrind, and fails
# where one takes over 5 % more than tests/native/instruction_counts.txt says: unlike seconds, they are the same each time.
#   scripts/instruction_counts.sh [--update]
# --update writes that file anew; what changed it belongs in the same commit. Counts are a compiler's own: with another
# one than the file names, they are printed and not compared.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
readonly expected=tests/native/instruction_counts.txt build=build/native-tests
readonly program=$build/tests/native/count_instructions percent=5

main() {
  [ "$(uname -m)" = x86_64 ] || { echo "skipped: counting instructions, because they are those of x86-64"; return; }
  command -v valgrind >/dev/null || skip "valgrind is missing (Debian: valgrind)"
  [ -x "$program" ] || fail "$program is missing: run scripts/native_tests.sh first."
  local counted=$build/instruction_counts.txt
  { compiler; for work in "int8 prefill" "int8 decode" "int4 prefill" "int4 decode"; do echo "$work $(count $work)"; done; } >"$counted"
  cat "$counted"
  if [ "${1:-}" = --update ]; then
    cp "$counted" "$expected"
  elif [ "$(head -n 1 "$counted")" != "$(head -n 1 "$expected")" ]; then
    echo "not compared: $expected is of $(head -n 1 "$expected")"
  else
    compare "$counted"
  fi
}

compiler() { # name and major version
  sed -n 's/^set(CMAKE_CXX_COMPILER_ID "\(.*\)")/\1/p; s/^set(CMAKE_CXX_COMPILER_VERSION "\([0-9]*\)\..*")/\1/p' \
    "$build"/CMakeFiles/*/CMakeCXXCompiler.cmake | paste -sd ' '
}

count() { # ARGUMENT...: of the program
  valgrind --tool=callgrind --callgrind-out-file=/dev/null --toggle-collect=counted_work "$program" "$@" 2>&1 |
    sed -n 's/.*Collected : \([0-9]*\).*/\1/p'
}

compare() { # FILE
  local kind work now before worse=()
  while read -r kind work now; do
    before=$(sed -n "s/^$kind $work //p" "$expected")
    [ "$((now * 100))" -le "$((before * (100 + percent)))" ] || worse+=("$kind $work: $before instructions have become $now")
  done < <(tail -n +2 "$1")
  [ ${#worse[@]} -eq 0 ] || fail "${worse[@]}" "Where that is meant to be so: scripts/instruction_counts.sh --update"
}

skip() { # WHY
  [ "${QINGMO_FORBID_SKIPS:-}" != 1 ] || fail "$1, and QINGMO_FORBID_SKIPS=1 forbids skipping the count of instructions."
  echo "skipped: counting instructions, because $1"
  exit 0
}

fail() {
  printf '%s\n' "$@"
  exit 1
}

main "$@"
