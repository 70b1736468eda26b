#!/usr/bin/env bash
# Makes .venv, with pinned libraries and Qingmo built for this machine. Does nothing where that is already so.
# Used by start.sh and test.sh. All it prints goes to standard error: standard output belongs to qingmo.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/install_command.sh
exec >&2

readonly venv=.venv stamp=.venv/qingmo.stamp log=build/setup.log
readonly unfinished=build/setup.unfinished # there while a set-up runs; found at a start, the last one was cut off

main() {
  is_current && return
  mkdir -p build
  wait_for_other_setup
  is_current && return

  : >"$log"
  find_python
  require_build_tools
  say "Setting Qingmo up in $PWD/$venv (only once, a minute or two)"
  say "  Python $("$python" -c 'import platform; print(platform.python_version())') ($python)"
  rm -f "$stamp"
  [ ! -e "$unfinished" ] || rm -rf "$venv"
  touch "$unfinished"
  make_venv
  step "installing libraries" "$venv/bin/python" -m pip install --quiet --require-hashes \
    -r requirements/run.txt -r requirements/build.txt
  install_llguidance
  if "$venv/bin/python" scripts/build_page.py --lacks-node; then
    step "fetching Node for the chat page" "$venv/bin/python" -m pip install --quiet --require-hashes -r requirements/node.txt
  fi
  step "building the chat page" "$venv/bin/python" scripts/build_page.py
  has_compiler || step "fetching a compiler (this system has none)" "$venv/bin/python" -m pip install --quiet \
    --require-hashes -r requirements/zig.txt
  step "compiling the engine for this machine" "$venv/bin/python" -m pip install --quiet \
    --no-build-isolation --no-deps --force-reinstall .
  fingerprint >"$stamp"
  rm -f "$unfinished"
  say "  ready"
}

say() { printf '%s\n' "$*"; }

fail() {
  printf '\n' && printf '%s\n' "$@"
  exit 1
}

install_llguidance() { # there is none for musl and glibc below 2.31
  "$venv/bin/python" -m pip install --quiet --require-hashes --only-binary :all: -r requirements/schema.txt \
    >>"$log" 2>&1 9>&- || say "  llguidance cannot be installed here: there will be no JSON schemas and tools, but all else"
}

is_current() { [ -x "$venv/bin/qingmo" ] && [ -f "$stamp" ] && [ "$(fingerprint)" = "$(cat "$stamp")" ]; }

fingerprint() { # changes with whatever the installation was made from, where it lies, and which Python it uses
  printf '%s\n' "$PWD" "$(readlink -f "$venv/bin/python")"
  find requirements native src web scripts/build_backend.py scripts/build_page.py scripts/zig.py pyproject.toml CMakeLists.txt \
    \( -path src/qingmo/server/page -o -path web/node_modules -o -path web/test \) -prune \
    -o -type f ! -name '*.pyc' ! -name '*.so' -print | LC_ALL=C sort | tr '\n' '\0' | xargs -0 cksum | cksum
}

wait_for_other_setup() { # two starts at once: the second waits and then finds everything done
  command -v flock >/dev/null || return 0
  exec 9>build/setup.lock
  flock -n 9 && return
  say "Another start is setting Qingmo up; waiting for it"
  flock 9
}

step() { # TEXT COMMAND...
  local text=$1
  shift
  say "  $text ..."
  "$@" >>"$log" 2>&1 9>&- && return
  rm -f "$unfinished" # nothing was cut off: the next start goes on from here
  fail "This failed: $text. The last lines of $PWD/$log:" "" "$(tail -n 15 "$log")" "" \
    "Where a download failed, check the network (or the mirrors of pip and npm) and start again; what is done is kept."
}

# --- Python -------------------------------------------------------------------------------------------------------

find_python() { # sets $python to the first one that is new enough
  local candidate too_old=""
  if [ -n "${PYTHON:-}" ]; then
    new_enough "$PYTHON" || fail "PYTHON is $PYTHON, which is $(version_of "$PYTHON"). Qingmo needs Python 3.10 or newer."
    python=$(command -v "$PYTHON")
    return
  fi
  for candidate in python3 python3.14 python3.13 python3.12 python3.11 python3.10 python; do
    python=$(command -v "$candidate") || continue
    new_enough "$python" && return
    too_old=${too_old:-"$(version_of "$python") ($python)"}
  done
  fail "Qingmo needs Python 3.10 or newer; found ${too_old:-none}. Install one with:" "" "  $(newer_python_command)" "" \
    "and run ./start.sh again (PYTHON=/path/to/python3 ./start.sh where it lies in an unusual place)."
}

new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null; }

version_of() { "$1" -c 'import platform; print("Python", platform.python_version())' 2>/dev/null || echo "no working Python"; }

make_venv() {
  if [ -x "$venv/bin/python" ] && "$venv/bin/python" -m pip --version >>"$log" 2>&1 && new_enough "$venv/bin/python"; then
    return
  fi
  rm -rf "$venv"
  if "$python" -c 'import venv, ensurepip' 2>/dev/null; then
    step "making .venv" "$python" -m venv "$venv"
  elif "$python" -c 'import virtualenv' 2>/dev/null; then
    step "making .venv with virtualenv (this Python has no venv module)" "$python" -m virtualenv "$venv"
  elif "$python" -m pip --version >>"$log" 2>&1; then
    step "fetching virtualenv (this Python has no venv module)" "$python" -m pip install --quiet --upgrade \
      --require-hashes --target build/virtualenv -r requirements/virtualenv.txt
    step "making .venv" env PYTHONPATH=build/virtualenv "$python" -m virtualenv "$venv"
  elif command -v uv >/dev/null; then
    step "making .venv with uv (this Python has neither venv nor pip)" uv venv --quiet --seed --python "$python" "$venv"
  else
    rm -f "$unfinished"
    fail "This Python ($python) can make no virtual environment: it lacks venv and pip. Install them with:" "" \
      "  $(install_command venv)" "" "and run ./start.sh again."
  fi
}

# --- What the system must bring -----------------------------------------------------------------------------------

require_build_tools() {
  local missing=()
  has_headers && return
  has_compiler || missing+=(compiler) # PyPI's would do; but where a command is needed anyhow, its own is better
  missing+=(headers)
  can_make_venv || missing+=(venv)
  fail "Qingmo's engine is compiled for this machine, and something for that is missing: ${missing[*]}." \
    "Install it with:" "" "  $(install_command "${missing[@]}")" "" "and run ./start.sh again."
}

has_compiler() {
  local compiler
  for compiler in ${CXX:+"$CXX"} c++ g++ clang++; do
    command -v "${compiler%% *}" >/dev/null && return
  done
  return 1
}

has_headers() {
  "$python" -c 'import os, sys, sysconfig
sys.exit(not os.path.exists(os.path.join(sysconfig.get_path("include"), "Python.h")))'
}

can_make_venv() {
  "$python" -c 'import venv, ensurepip' 2>/dev/null || "$python" -m pip --version >/dev/null 2>&1 || command -v uv >/dev/null
}

main
