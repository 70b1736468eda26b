// A libFuzzer target, run by scripts/native_fuzz.sh: any description of tensors over a file of any length is refused, or
// what it gives lies inside the mapping. The input is a sequence of numbers: see Numbers.
#include <cstdlib>
#include <cstring>
#include <stdexcept>

#include "packed_file.h"
#include "temporary_file.h"

using namespace qingmo;

namespace {

const char* const kKinds[] = {"vector", "int8", "int6", "int4", "float32", "float16", "bfloat16", "int3"};
const char* const kNames[] = {"a", "b", "c"};

// The input, a number at a time; zeros when it has ended. Small numbers are the likelier ones, or few tensors would fit.
class Numbers {
   public:
    Numbers(const uint8_t* data, size_t size) : data_(data), end_(data + size) {}

    uint64_t next() {
        const uint8_t width = byte() % 4;
        if (width == 0) return byte();
        if (width == 1) return byte() * 64u;
        uint64_t value = 0;
        for (int i = 0; i < (width == 2 ? 4 : 8); ++i) value = value << 8 | byte();
        return value;
    }
    bool ended() const { return data_ == end_; }

   private:
    uint8_t byte() { return data_ == end_ ? 0 : *data_++; }

    const uint8_t *data_, *end_;
};

void require_inside(const PackedFile& file, const void* at, uint64_t size) {
    const uint8_t *begin = file.mapping().data(), *from = static_cast<const uint8_t*>(at);
    if (from < begin || size > file.mapping().size() || uint64_t(from - begin) > file.mapping().size() - size) std::abort();
    if (size && (from[0] ^ from[size - 1])) std::abort();  // the file holds zeros alone
}

void ask(const PackedFile& file, const std::string& name, uint32_t outputs, uint32_t inputs) {
    try {
        const Matrix matrix = file.matrix(name, outputs, inputs);
        require_inside(file, matrix.tiles, (uint64_t(outputs) + kLanes - 1) / kLanes * matrix.tile_bytes);
    } catch (const std::runtime_error&) {}
    try {
        require_inside(file, file.vector(name, outputs), uint64_t(outputs) * 4);
    } catch (const std::runtime_error&) {}
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    Numbers numbers(data, size);
    static const TemporaryFile files[] = {TemporaryFile(std::vector<uint8_t>(1)), TemporaryFile(std::vector<uint8_t>(4096)),
                                          TemporaryFile(std::vector<uint8_t>(100'000))};
    const std::string& path = files[numbers.next() % 3].path();
    std::unordered_map<std::string, PackedTensor> tensors;
    for (const char* name : kNames)
        tensors[name] = {kKinds[numbers.next() % 7], uint32_t(numbers.next()), uint32_t(numbers.next()), uint32_t(numbers.next()),
                         numbers.next(), numbers.next()};
    try {
        const PackedFile file(path, tensors);
        for (const auto& [name, tensor] : tensors) ask(file, name, tensor.outputs, tensor.inputs);
        while (!numbers.ended()) ask(file, kNames[numbers.next() % 3], uint32_t(numbers.next()), uint32_t(numbers.next()));
    } catch (const std::runtime_error&) {}
    return 0;
}
