#!/usr/bin/env bash
# Fuzzes the core's check of packed files with Clang's libFuzzer under ASan and UBSan (Debian: clang, libclang-rt-14-dev).
#   scripts/native_fuzz.sh [SECONDS]    600 where none are given; what it found worth keeping is kept for the next time
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
readonly build=build/native-fuzz

command -v clang++ >/dev/null || { echo "clang++ is missing (Debian: clang, libclang-rt-14-dev)" >&2 && exit 1; }
mkdir -p $build/corpus
clang++ -std=c++17 -g1 -O1 -Wall -Wextra -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all -Inative -Itests/native \
  tests/native/fuzz_packed_file.cpp native/packed_file.cpp native/platform.cpp -o $build/packed_file
exec $build/packed_file -max_total_time="${1:-600}" -max_len=512 -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
  -artifact_prefix=$build/ $build/corpus
