#!/usr/bin/env bash
# Fuzzes the core's checks of the files it maps with Clang's libFuzzer under ASan and UBSan (Debian: clang,
# libclang-rt-14-dev).
#   scripts/native_fuzz.sh [SECONDS]    for each of them, 600 where none are given; what it found worth keeping is kept
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
readonly build=build/native-fuzz seconds=${1:-600}

fuzz() { # TARGET SOURCE...
  local target=$1
  shift
  mkdir -p "$build/$target-corpus"
  clang++ -std=c++17 -g1 -O1 -Wall -Wextra -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all -Inative \
    -Itests/native "tests/native/fuzz_$target.cpp" "$@" native/platform.cpp -o "$build/$target"
  "$build/$target" -max_total_time="$seconds" -max_len=512 -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
    -artifact_prefix="$build/" "$build/$target-corpus"
}

command -v clang++ >/dev/null || { echo "clang++ is missing (Debian: clang, libclang-rt-14-dev)" >&2 && exit 1; }
fuzz packed_file native/packed_file.cpp
fuzz token_table native/token_table.cpp native/tokenizer.cpp native/split_pattern.cpp
