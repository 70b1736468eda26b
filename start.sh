#!/usr/bin/env bash
# The one command: sets Qingmo up in .venv beside this file, once, and runs it.
#   ./start.sh                 talk to the model
#   ./start.sh chat --help     anything after start.sh is handed to qingmo
# PYTHON=/path/to/python3 chooses the Python that .venv is made from.
set -euo pipefail

script=${BASH_SOURCE[0]}
while [ -L "$script" ]; do
  folder=$(cd -P "$(dirname "$script")" && pwd)
  script=$(readlink "$script")
  [[ $script == /* ]] || script=$folder/$script
done
here=$(cd -P "$(dirname "$script")" && pwd)

"$here/scripts/setup.sh"
[ $# -gt 0 ] || set -- chat
exec "$here/.venv/bin/qingmo" "$@"
