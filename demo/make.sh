#!/bin/sh
# Makes the demo model from nothing, into build/demo/model: about four hours on two cores. Begun again, it goes on where it
# was. Arguments go to python -m demo.
set -eu
cd "$(dirname "$0")/.."
if [ ! -x build/demo/venv/bin/python ]; then
    "${PYTHON:-python3}" -m venv build/demo/venv
    build/demo/venv/bin/python -m pip install -q -r demo/requirements.txt
fi
exec build/demo/venv/bin/python -m demo "$@"
