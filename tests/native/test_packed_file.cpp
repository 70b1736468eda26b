// The packed file: tensors found by name, and every refusal names file and tensor.
#include "check.h"
#include "numbers.h"
#include "packed_file.h"
#include "temporary_file.h"

using namespace qingmo;

namespace {

using Tensors = std::unordered_map<std::string, PackedTensor>;

constexpr uint64_t kInt8Tile = 64 + 64 * 16;  // 16 outputs of 64 inputs with one scale
constexpr uint64_t kInt4Tile = 128 + 128 * 8;  // of 128 inputs: four scales a column

const std::vector<uint8_t> kBytes(64 * 1024, 1);

// One tensor "w" with this description.
Tensors one(const char* kind, uint32_t outputs, uint32_t inputs, uint32_t group, uint64_t offset, uint64_t size) {
    return {{"w", {kind, outputs, inputs, group, offset, size}}};
}

std::string refusal(const TemporaryFile& file, const char* why) { return file.path() + ": tensor w " + why; }

}  // namespace

TEST(packed_file_finds_matrices_of_every_kind) {
    const TemporaryFile bytes(kBytes);
    const PackedFile file(bytes.path(), {{"whole", {"int8", 40, 64, 0, 128, 3 * kInt8Tile}},
                                         {"grouped", {"int8", 16, 100, 64, 0, 2 * (64 + 64 * 16)}},
                                         {"four", {"int4", 17, 50, 0, 64, 2 * (64 + 64 * 8)}},
                                         {"six", {"int6", 17, 50, 0, 64, 2 * (32 + 64 * 12)}},
                                         {"filled", {"int4", 16, 96, 0, 64, kInt4Tile}},
                                         {"f32", {"float32", 17, 10, 0, 64, 2 * 10 * 64}},
                                         {"f16", {"float16", 16, 10, 0, 64, 10 * 32}},
                                         {"bf16", {"bfloat16", 16, 10, 0, 64, 10 * 32}}});
    const uint8_t* data = file.mapping().data();
    const Matrix whole = file.matrix("whole", 40, 64);
    CHECK(whole.tiles == data + 128 && whole.type == ElementType::int8 && whole.outputs == 40);
    CHECK(whole.inputs == 64 && whole.weight_group == 64 && whole.tile_bytes == kInt8Tile);
    const Matrix grouped = file.matrix("grouped", 16, 100);
    CHECK(grouped.inputs == 128 && grouped.weight_group == 64 && grouped.tile_bytes == 2 * (64 + 64 * 16));
    const Matrix four = file.matrix("four", 17, 50);
    CHECK(four.type == ElementType::int4 && four.outputs == 17 && four.inputs == 64 && four.tile_bytes == 64 + 64 * 8);
    const Matrix six = file.matrix("six", 17, 50);
    CHECK(six.type == ElementType::int6 && six.outputs == 17 && six.inputs == 64 && six.tile_bytes == 32 + 64 * 12);
    CHECK(file.matrix("filled", 16, 96).inputs == 128 && file.matrix("filled", 16, 96).tile_bytes == kInt4Tile);
    const Matrix f32 = file.matrix("f32", 17, 10);
    CHECK(f32.type == ElementType::float32 && f32.inputs == 10 && f32.tile_bytes == 640);
    CHECK(file.matrix("f16", 16, 10).type == ElementType::float16 && file.matrix("f16", 16, 10).tile_bytes == 320);
    CHECK(file.matrix("bf16", 16, 10).type == ElementType::bfloat16);
    CHECK(file.has("f16") && !file.has("f17"));
    CHECK_EQUAL(file.mapping().size(), kBytes.size());
}

TEST(packed_file_finds_vectors) {
    const TemporaryFile bytes(kBytes);
    const PackedFile file(bytes.path(), {{"v", {"vector", 10, 0, 0, 192, 40}}});
    CHECK(reinterpret_cast<const uint8_t*>(file.vector("v", 10)) == file.mapping().data() + 192);
}

TEST(packed_file_refuses_tensors_outside_the_file) {
    const TemporaryFile bytes(kBytes);
    const uint64_t end = kBytes.size();
    const std::pair<uint64_t, uint64_t> offsets_and_sizes[] = {
        {end, 1}, {end + 64, 0}, {end - 64, 65}, {0, end + 1}, {uint64_t(0) - 64, 128}, {64, uint64_t(0) - 1}, {32, 64}, {1, 64}};
    for (const auto& [offset, size] : offsets_and_sizes)
        CHECK_THROWS(std::runtime_error, refusal(bytes, "lies outside the file"),
                     PackedFile(bytes.path(), one("vector", 16, 0, 0, offset, size)));
    PackedFile(bytes.path(), one("vector", 16, 0, 0, end - 64, 64));
}

TEST(packed_file_refuses_missing_tensors) {
    const TemporaryFile bytes(kBytes);
    const PackedFile file(bytes.path(), {});
    CHECK_THROWS(std::runtime_error, refusal(bytes, "is missing"), file.matrix("w", 16, 64));
    CHECK_THROWS(std::runtime_error, refusal(bytes, "is missing"), file.vector("w", 16));
}

TEST(packed_file_refuses_vectors_of_another_length_or_kind) {
    const TemporaryFile bytes(kBytes);
    CHECK_THROWS(std::runtime_error, refusal(bytes, "is not a vector of 17"),
                 PackedFile(bytes.path(), one("vector", 16, 0, 0, 0, 64)).vector("w", 17));
    CHECK_THROWS(std::runtime_error, refusal(bytes, "is not a vector of 16"),
                 PackedFile(bytes.path(), one("float32", 16, 1, 0, 0, 64)).vector("w", 16));
}

TEST(packed_file_refuses_matrices_of_another_shape) {
    const TemporaryFile bytes(kBytes);
    const PackedFile file(bytes.path(), one("int8", 16, 64, 0, 0, kInt8Tile));
    file.matrix("w", 16, 64);
    CHECK_THROWS(std::runtime_error, refusal(bytes, "is not a matrix of 17 by 64"), file.matrix("w", 17, 64));
    CHECK_THROWS(std::runtime_error, refusal(bytes, "is not a matrix of 16 by 32"), file.matrix("w", 16, 32));
}

TEST(packed_file_refuses_matrices_of_the_wrong_length) {
    const TemporaryFile bytes(kBytes);
    for (uint64_t size : {uint64_t(0), kInt8Tile - 1, kInt8Tile + 1, 2 * kInt8Tile})
        CHECK_THROWS(std::runtime_error, refusal(bytes, "has the wrong length"),
                     PackedFile(bytes.path(), one("int8", 16, 64, 0, 0, size)).matrix("w", 16, 64));
    for (uint64_t size : {uint64_t(0), kInt4Tile - 32, kInt4Tile - 1, kInt4Tile + 1, 2 * kInt4Tile})
        CHECK_THROWS(std::runtime_error, refusal(bytes, "has the wrong length"),
                     PackedFile(bytes.path(), one("int4", 16, 96, 0, 0, size)).matrix("w", 16, 96));
    CHECK_THROWS(std::runtime_error, refusal(bytes, "has the wrong length"),
                 PackedFile(bytes.path(), one("float16", 16, 64, 0, 0, 64 * 64)).matrix("w", 16, 64));
}

TEST(packed_file_refuses_weight_groups_that_do_not_divide_the_row) {
    const TemporaryFile bytes(kBytes);
    for (uint32_t group : {16u, 32u, 65u, 96u, 128u, 4294967232u})
        CHECK_THROWS(std::runtime_error, refusal(bytes, "has a weight group that does not divide it"),
                     PackedFile(bytes.path(), one("int8", 16, 64, group, 0, kInt8Tile)).matrix("w", 16, 64));
}

TEST(packed_file_refuses_matrices_whose_size_overflows_or_is_nothing) {
    const TemporaryFile bytes(kBytes);
    const std::pair<uint32_t, uint32_t> shapes[] = {{0, 64}, {16, 0}, {16, 4294967295u}, {1u << 28, 1u << 30}, {(1u << 24) + 1, 64}};
    for (const auto& [outputs, inputs] : shapes)
        for (const char* kind : {"int8", "int4", "float32"})
            CHECK_THROWS(std::runtime_error, refusal(bytes, "is empty or too large"),
                         PackedFile(bytes.path(), one(kind, outputs, inputs, 0, 0, 0)).matrix("w", outputs, inputs));
}

TEST(packed_file_refuses_unknown_kinds) {
    const TemporaryFile bytes(kBytes);
    for (const char* kind : {"int3", "", "vector"})
        CHECK_THROWS(std::runtime_error, refusal(bytes, "is of the unknown kind ") + kind,
                     PackedFile(bytes.path(), one(kind, 16, 64, 0, 0, kInt8Tile)).matrix("w", 16, 64));
}

TEST(packed_file_that_cannot_be_mapped_is_named) {
    CHECK_THROWS(std::runtime_error, "/no/such/file: cannot be opened: No such file", PackedFile("/no/such/file", {}));
    CHECK_THROWS(std::runtime_error, "/dev: cannot be mapped", PackedFile("/dev", {}));
    const TemporaryFile empty({});
    CHECK_THROWS(std::runtime_error, empty.path() + ": ", PackedFile(empty.path(), {}));
}
