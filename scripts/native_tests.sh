#!/usr/bin/env bash
# Builds the tests of the C++ core and runs them: on this CPU, and as an old CPU under qemu where it is installed.
#   scripts/native_tests.sh [part of a test's name] [--sanitize=address,undefined | --sanitize=thread]
# With QINGMO_FORBID_SKIPS=1 a missing qemu is a failure.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

sanitize='' filter=''
for argument in "$@"; do
  case $argument in
    --sanitize=*) sanitize=${argument#--sanitize=} ;;
    *) filter=$argument ;;
  esac
done
readonly sanitize filter build=build/native-tests${sanitize:+-${sanitize//,/-}}
readonly tests=$build/tests/native/native_tests
readonly old_cpu=Nehalem   # 2008: SSE4.2, nothing of AVX
readonly emulated_percent=4 # of the random cases: emulated float arithmetic is a hundred times slower

main() {
  configure_and_build
  if [ -n "$sanitize" ]; then
    run_sanitized
    return
  fi
  check_instruction_sets_stay_apart
  "$tests" ${filter:+"$filter"} | tee "$build/host.log"
  run_as_old_cpu
  tail -n 1 "$build/host.log"
}

configure_and_build() {
  local cmake=cmake ninja=ninja
  [ ! -x .venv/bin/cmake ] || cmake=$PWD/.venv/bin/cmake
  [ ! -x .venv/bin/ninja ] || ninja=$PWD/.venv/bin/ninja
  mkdir -p "$build"
  {
    "$cmake" -S . -B "$build" -G Ninja -DCMAKE_MAKE_PROGRAM="$ninja" -DQINGMO_NATIVE_TESTS=ON \
      ${sanitize:+"-DCMAKE_CXX_FLAGS=-g1 -fsanitize=$sanitize -fno-sanitize-recover=all -fno-omit-frame-pointer"} &&
      "$cmake" --build "$build"
  } >"$build/build.log" 2>&1 || {
    cat "$build/build.log"
    echo "The native tests do not build, see above."
    exit 1
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

run_as_old_cpu() {
  [ "$(uname -m)" = x86_64 ] || return 0
  local qemu
  qemu=$(command -v qemu-x86_64-static || command -v qemu-x86_64 || true)
  if [ -z "$qemu" ]; then
    [ "${QINGMO_FORBID_SKIPS:-}" != 1 ] || fail "qemu is missing (Debian: qemu-user-static), and QINGMO_FORBID_SKIPS=1 forbids skipping the tests as an old CPU."
    echo "skipped: the tests as an old CPU, because qemu is missing (Debian: qemu-user-static)"
    return
  fi
  echo "as an old CPU ($old_cpu under qemu):"
  "$qemu" -cpu $old_cpu "$tests" --percent=$emulated_percent ${filter:+"$filter"} | tee "$build/old.log"
  grep -qx 'instruction sets: scalar' "$build/old.log" || fail "The old CPU must run the scalar kernels and no others."
  "$tests" --digest >"$build/host.digest"
  "$qemu" -cpu $old_cpu "$tests" --digest >"$build/old.digest"
  diff "$build/host.digest" "$build/old.digest" || fail "The old CPU's logits (>) are not those of this CPU (<)."
  echo "logits of $(wc -l <"$build/host.digest") models are the same bits on both"
}

fail() {
  printf '%s\n' "$@"
  exit 1
}

main
