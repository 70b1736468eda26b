#!/usr/bin/env bash
# Builds the tests of the C++ core and runs them: on this CPU, and on others under qemu, where it and a cross compiler are
# installed (Debian: qemu-user-static, g++-aarch64-linux-gnu).
#   scripts/native_tests.sh [part of a test's name] [--sanitize=address,undefined | --sanitize=thread | --sanitize]
# With --sanitize alone both, one after the other. With QINGMO_FORBID_SKIPS=1 a missing tool is a failure.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

sanitize='' filter=''
for argument in "$@"; do
  case $argument in
    --sanitize) sanitize=all ;;
    --sanitize=*) sanitize=${argument#--sanitize=} ;;
    *) filter=$argument ;;
  esac
done
readonly sanitize filter build=build/native-tests${sanitize:+-${sanitize//,/-}}
readonly tests=$build/tests/native/native_tests

main() {
  if [ "$sanitize" = all ]; then
    "$0" --sanitize=address,undefined ${filter:+"$filter"}
    exec "$0" --sanitize=thread ${filter:+"$filter"}
  fi
  configure_and_build "$build" ${sanitize:+"-DCMAKE_CXX_FLAGS=-g1 -fsanitize=$sanitize -fno-sanitize-recover=all -fno-omit-frame-pointer"}
  if [ -n "$sanitize" ]; then
    run_sanitized
    return
  fi
  check_instruction_sets_stay_apart
  "$tests" ${filter:+"$filter"} | tee "$build/host.log"
  "$tests" --digest >"$build/host.digest"
  run_on_other_x86
  run_on_arm
  compile_for_macos
  tail -n 1 "$build/host.log"
}

configure_and_build() { # FOLDER CMAKE_OPTION...
  local to=$1 cmake=cmake ninja=ninja
  shift
  [ ! -x .venv/bin/cmake ] || cmake=$PWD/.venv/bin/cmake
  [ ! -x .venv/bin/ninja ] || ninja=$PWD/.venv/bin/ninja
  mkdir -p "$to"
  {
    "$cmake" -S . -B "$to" -G Ninja -DCMAKE_MAKE_PROGRAM="$ninja" -DQINGMO_NATIVE_TESTS=ON "$@" && "$cmake" --build "$to"
  } >"$to/build.log" 2>&1 || {
    cat "$to/build.log"
    fail "The native tests do not build in $to, see above."
  }
}

# Address randomization of newer kernels moves memory to where the thread sanitizer of older compilers cannot follow.
run_sanitized() {
  local percent=30
  [ "$sanitize" != thread ] || percent=10
  setarch "$(uname -m)" --addr-no-randomize "$tests" --percent=$percent ${filter:+"$filter"}
}

# A file compiled for one instruction set may bring no code that the linker could pick for the rest of the program, and
# the rest may hold none of its instructions.
check_instruction_sets_stay_apart() {
  [ "$(uname -m)" = x86_64 ] || return 0
  local object isa leaks
  for object in "$build"/CMakeFiles/qingmo_core.dir/native/*.o; do
    isa=$(basename "$object" .cpp.o)
    if [[ $isa == isa_* && $isa != isa_scalar ]]; then
      leaks=$(nm --demangle --defined-only "$object" | awk '$2 ~ /^[WwVvu]$/' | grep -v "qingmo::${isa#isa_}::" || true)
      [ -z "$leaks" ] || fail "$object defines for all what is compiled for one instruction set:" "$leaks"
    else
      leaks=$(objdump --disassemble --no-show-raw-insn "$object" | grep -m 5 -E '%(ymm|zmm|k[0-7])' || true)
      [ -z "$leaks" ] || fail "$object contains AVX instructions:" "$leaks"
    fi
  done
}

# --- Other CPUs ---------------------------------------------------------------------------------------------------

# Percents: of the random cases, as emulated float arithmetic is a hundred times slower, that of AVX2 most of all.
run_on_other_x86() {
  [ "$(uname -m)" = x86_64 ] || return 0
  local qemu
  qemu=$(command -v qemu-x86_64-static || command -v qemu-x86_64) ||
    { skip "the tests on other x86 CPUs" "qemu is missing (Debian: qemu-user-static)"; return; }
  run_emulated "a CPU of 2008, without AVX" "$tests" scalar 4 "$qemu" -cpu Nehalem
  # What qemu does not know of it would be a warning each.
  run_emulated "a CPU of 2013, with AVX2" "$tests" "avx2 scalar" 1 \
    "$qemu" -cpu Haswell,-pcid,-x2apic,-tsc-deadline,-hle,-rtm,-invpcid
}

run_on_arm() {
  [ "$(uname -m)" = x86_64 ] || return 0
  local qemu compiler
  qemu=$(command -v qemu-aarch64-static || command -v qemu-aarch64) ||
    { skip "the tests on ARM" "qemu is missing (Debian: qemu-user-static)"; return; }
  compiler=$(command -v aarch64-linux-gnu-g++) ||
    { skip "the tests on ARM" "its compiler is missing (Debian: g++-aarch64-linux-gnu)"; return; }
  configure_and_build "$build-arm" -DCMAKE_SYSTEM_NAME=Linux -DCMAKE_SYSTEM_PROCESSOR=aarch64 \
    -DCMAKE_CXX_COMPILER="$compiler" -DCMAKE_EXE_LINKER_FLAGS=-static
  run_emulated "a Raspberry Pi 5" "$build-arm/tests/native/native_tests" "neon scalar" 10 "$qemu" -cpu cortex-a76
}

run_emulated() { # NAME TESTS INSTRUCTION_SETS PERCENT QEMU...
  local name=$1 program=$2 sets=$3 percent=$4
  shift 4
  echo "as $name, under qemu:"
  "$@" "$program" --percent="$percent" ${filter:+"$filter"} | tee "$build/emulated.log"
  grep -qx "instruction sets: $sets" "$build/emulated.log" || fail "It must run these instruction sets and no others: $sets."
  "$@" "$program" --digest >"$build/emulated.digest"
  diff "$build/host.digest" "$build/emulated.digest" || fail "Its logits (>) are not those of this CPU (<)."
  echo "logits of $(wc -l <"$build/host.digest") models are the same bits on both"
}

# Not linked and not run: only that nothing here is Linux's alone.
compile_for_macos() {
  local zig=(.venv/bin/python -m ziglang) file options
  "${zig[@]}" version >/dev/null 2>&1 || { skip "compiling for macOS" "ziglang is missing (requirements/dev.txt)"; return; }
  mkdir -p "$build-macos"
  for file in native/*.cpp; do
    options=()
    case $file in
      native/bindings.cpp | native/isa_a*) continue ;; # needs Python; x86
      native/isa_neon.cpp) options=(-mcpu=generic+dotprod) ;;
    esac
    "${zig[@]}" c++ -target aarch64-macos -std=c++17 -Wall -Wextra -Werror -ffp-contract=off "${options[@]}" -c "$file" \
      -o "$build-macos/$(basename "$file" .cpp).o" || fail "$file does not compile for macOS, see above."
  done
  echo "compiles for macOS"
}

skip() { # WHAT WHY
  [ "${QINGMO_FORBID_SKIPS:-}" != 1 ] || fail "$2, and QINGMO_FORBID_SKIPS=1 forbids skipping $1."
  echo "skipped: $1, because $2"
}

fail() {
  printf '%s\n' "$@"
  exit 1
}

main
