#!/usr/bin/env bash
# Sets up what the tests need, once, and runs every check there is. Arguments go to pytest: ./test.sh -k scheduler
# Works without a network once it is set up. A test that lacks something of this machine is skipped and says why;
# with QINGMO_FORBID_SKIPS=1 that is a failure.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
readonly python=.venv/bin/python stamp=.venv/dev.stamp

main() {
  set_up
  check "ruff check" $python -m ruff check .
  check "ruff format" $python -m ruff format --check .
  check "mypy" $python -m mypy
  check "native tests" scripts/native_tests.sh
  check "instruction counts" scripts/instruction_counts.sh
  check "page tests" scripts/page_tests.sh
  check "pytest" $python -m pytest -p tests.no_skips "$@"
  summary
}

set_up() {
  scripts/setup.sh
  if [ "$(cksum <requirements/dev.txt)" != "$(cat $stamp 2>/dev/null)" ]; then
    echo "Installing what the tests need"
    $python -m pip install --quiet --require-hashes -r requirements/dev.txt
    cksum <requirements/dev.txt >$stamp
  fi
  # qemu runs the native tests as other CPUs, ARM among them; valgrind counts instructions; chromium runs the chat page, with Chinese letters; nginx
  # stands in front of the server. Where one cannot be had, its tests are skipped and say so.
  from_debian qemu-x86_64-static qemu-user-static
  from_debian aarch64-linux-gnu-g++ g++-aarch64-linux-gnu
  from_debian valgrind valgrind
  from_debian chromium chromium fonts-noto-cjk
  from_debian nginx nginx-light
}

from_debian() { # COMMAND PACKAGE...: installs the packages where the command is not there
  local command=$1
  shift
  if ! command -v "$command" >/dev/null && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "Installing $*"
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y "$@"; } \
      >>build/apt.log 2>&1 || echo "  not to be had here, see build/apt.log"
  fi
}

failed=()
check() { # NAME COMMAND...
  local name=$1
  shift
  echo "== $name"
  "$@" || failed+=("$name")
}

summary() {
  if [ ${#failed[@]} -gt 0 ]; then
    printf '== failed:'
    printf ' %s;' "${failed[@]}"
    echo
    exit 1
  fi
  echo "== everything passed"
}

main "$@"
