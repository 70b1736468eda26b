#!/usr/bin/env bash
# llama.cpp beside Qingmo: builds llama-server, llama-bench and llama-quantize from the sources that llama-cpp-python's
# source package carries, and makes Q8_0 and Q4_0 files of a checkpoint with its own converter.
#
#   benchmarks/peers/llama_cpp.sh CHECKPOINT
#   build/peers/llama.cpp/build/bin/llama-server -m build/peers/NAME-q8_0.gguf -t 2 -np 50 -c 25600 --port 8081
#
# AVX2=1 also builds a llama-bench for AVX2 and nothing newer, in build-avx2.
# NAME is that of the checkpoint's folder; -c is shared out between the -np slots. JOBS: compilers at once (2).
# CONVERT_PYTHON: a Python with torch, transformers and sentencepiece; where it is not set, one is made in build/peers.
# Needs a C++ compiler; cmake and ninja come from .venv. What is there already is not made again.
set -euo pipefail
checkpoint=$(cd "${1:?usage: llama_cpp.sh CHECKPOINT}" && pwd)
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

version=0.3.36 # of llama-cpp-python
python=$PWD/.venv/bin/python
peers=$PWD/build/peers
source=$peers/llama.cpp
model=$peers/$(basename "$checkpoint")
export PATH=$PWD/.venv/bin:$PATH

fetch() {
  mkdir -p "$peers"
  "$python" -m pip download --quiet --no-deps --no-build-isolation --no-binary llama-cpp-python \
    --dest "$peers" "llama-cpp-python==$version"
  tar -xzf "$peers/llama_cpp_python-$version.tar.gz" -C "$peers" "llama_cpp_python-$version/vendor/llama.cpp"
  # GCC 12 believes that loading a tile configuration reads 8 of its 64 bytes and drops the others: an illegal
  # instruction on every CPU with AMX. A barrier keeps them.
  sed -i 's/^    _tile_loadconfig(&tc);/    asm volatile("" ::"r"(\&tc) : "memory");\n&/' \
    "$peers/llama_cpp_python-$version/vendor/llama.cpp/ggml/src/ggml-cpu/amx/mmq.cpp"
  mv "$peers/llama_cpp_python-$version/vendor/llama.cpp" "$source"
  rm -r "$peers/llama_cpp_python-$version"
}

build() { # FOLDER "TARGETS" FLAG...
  local folder=$source/$1 targets=$2
  shift 2
  # The page that llama-server shows is fetched while building; no measurement needs it.
  nice -n 10 cmake -S "$source" -B "$folder" -G Ninja -DCMAKE_BUILD_TYPE=Release "$@" \
    -DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_EXAMPLES=OFF -DLLAMA_BUILD_APP=OFF -DLLAMA_USE_PREBUILT_UI=OFF \
    -DLLAMA_OPENSSL=OFF
  # shellcheck disable=SC2086
  nice -n 10 cmake --build "$folder" --parallel "${JOBS:-2}" --target $targets
}

converter_python() {
  local environment=$peers/convert-venv
  if [[ ! -e $environment/ready ]]; then
    "$python" -m venv "$environment"
    "$environment/bin/pip" install --quiet torch==2.13.0 'transformers>=4.57' sentencepiece
    touch "$environment/ready"
  fi
  echo "$environment/bin/python"
}

convert() { # TYPE...
  PYTHONPATH=$source/gguf-py nice -n 10 "${CONVERT_PYTHON:-$(converter_python)}" "$source/convert_hf_to_gguf.py" \
    "$checkpoint" --outtype bf16 --outfile "$model-bf16.gguf"
  for type in "$@"; do
    nice -n 10 "$source/build/bin/llama-quantize" "$model-bf16.gguf" "$model-${type,,}.gguf" "$type" 2
  done
  rm "$model-bf16.gguf"
}

[[ -d $source ]] || fetch
[[ -x $source/build/bin/llama-server ]] || build build "llama-server llama-bench llama-quantize" -DGGML_NATIVE=ON
[[ -z ${AVX2:-} || -x $source/build-avx2/bin/llama-bench ]] ||
  build build-avx2 llama-bench -DGGML_NATIVE=OFF -DGGML_AVX2=ON -DGGML_FMA=ON -DGGML_F16C=ON -DGGML_BMI2=ON
[[ -s $model-q8_0.gguf && -s $model-q4_0.gguf ]] || convert Q8_0 Q4_0
echo "$source/build/bin/llama-server"
echo "$model-q8_0.gguf"
echo "$model-q4_0.gguf"
