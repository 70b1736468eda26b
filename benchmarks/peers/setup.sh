#!/usr/bin/env bash
# Makes every peer that benchmarks/report.py measures, each in an environment of its own in build/peers.
#
#   benchmarks/peers/setup.sh CHECKPOINT [PEER...]
#
# CHECKPOINT: a folder, such as benchmarks/make_checkpoint.py writes. PEERs: openvino onnxruntime transformers llama_cpp;
# all of them where none is named. What is there already is not made again. About 12 GB of disk for all.
set -euo pipefail
checkpoint=$(cd "${1:?usage: setup.sh CHECKPOINT [PEER...]}" && pwd)
shift
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

readonly peers=$PWD/build/peers name=$(basename "$checkpoint")
readonly torch='torch==2.13.0'

environment() { # NAME PACKAGE...: prints its Python
  local made=$peers/$1-venv
  shift
  if [[ ! -e $made/ready ]]; then
    .venv/bin/python -m venv "$made"
    "$made/bin/python" -m pip install --quiet "$@" >&2
    touch "$made/ready"
  fi
  echo "$made/bin/python"
}

openvino() {
  local python model=$peers/$name-openvino-int8
  python=$(environment openvino openvino-genai==2026.4.1.0 optimum-intel==2.2.0 nncf==3.4.0 torch==2.15.0 numpy)
  [[ -e $model/openvino_model.bin ]] || nice -n 10 "$(dirname "$python")/optimum-cli" export openvino \
    --model "$checkpoint" --task text-generation-with-past --weight-format int8 "$model" >&2
}

onnxruntime() {
  local python model=$peers/$name-onnx-int4
  python=$(environment onnxruntime onnxruntime-genai==0.18.0 onnx onnx-ir "$torch" transformers==5.5.4)
  [[ -e $model/genai_config.json ]] || nice -n 10 "$python" -m onnxruntime_genai.models.builder \
    -i "$checkpoint" -o "$model" -p int4 -e cpu -c "$peers/onnx-cache" >&2
}

transformers() {
  environment transformers "$torch" transformers==4.57.6 sentencepiece >/dev/null
}

llama_cpp() {
  transformers # its Python converts
  CONVERT_PYTHON=$peers/transformers-venv/bin/python benchmarks/peers/llama_cpp.sh "$checkpoint" >&2
}

mkdir -p "$peers"
[[ $# -gt 0 ]] || set -- openvino onnxruntime transformers llama_cpp
for peer in "$@"; do
  echo "== $peer"
  "$peer"
done
