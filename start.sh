#!/usr/bin/env bash
# The one command: sets Qingmo up in .venv beside this file, once, and runs it.
#   ./start.sh                 serve the chat page and the API; PORT=8081 ./start.sh on another port
#   ./start.sh --host 0.0.0.0  flags alone are those of serve
#   ./start.sh chat            talk to the model in this terminal
#   ./start.sh chat --help     anything else after start.sh is handed to qingmo
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
case ${1:-} in
  -h | --help | --version) ;;
  "" | -*) set -- serve "$@" ;;
esac
exec "$here/.venv/bin/qingmo" "$@"
