#include "packed_file.h"

#include <stdexcept>

namespace qingmo {

namespace {

constexpr uint32_t kLargest = 1 << 24;  // rows or columns: far above real models, and no product of them overflows

size_t float_bytes(ElementType type) { return type == ElementType::float32 ? 4 : 2; }

}  // namespace

PackedFile::PackedFile(const std::string& path, std::unordered_map<std::string, PackedTensor> tensors)
    : path_(path), file_(path), tensors_(std::move(tensors)) {
    for (const auto& [name, tensor] : tensors_)
        if (tensor.offset % 64 || tensor.offset > file_.size() || tensor.size > file_.size() - tensor.offset)
            refuse(name, "lies outside the file");
}

void PackedFile::refuse(const std::string& name, const std::string& why) const {
    throw std::runtime_error(path_ + ": tensor " + name + " " + why);
}

const PackedTensor& PackedFile::find(const std::string& name) const {
    auto it = tensors_.find(name);
    if (it == tensors_.end()) refuse(name, "is missing");
    return it->second;
}

const float* PackedFile::vector(const std::string& name, uint32_t length) const {
    const PackedTensor& tensor = find(name);
    if (tensor.kind != "vector" || tensor.size != uint64_t(length) * 4) refuse(name, "is not a vector of " + std::to_string(length));
    return reinterpret_cast<const float*>(file_.data() + tensor.offset);
}

Matrix PackedFile::matrix(const std::string& name, uint32_t outputs, uint32_t inputs) const {
    const PackedTensor& tensor = find(name);
    if (tensor.outputs != outputs || tensor.inputs != inputs)
        refuse(name, "is not a matrix of " + std::to_string(outputs) + " by " + std::to_string(inputs));
    if (outputs == 0 || inputs == 0 || outputs > kLargest || inputs > kLargest) refuse(name, "is empty or too large");
    Matrix m{file_.data() + tensor.offset, 0, ElementType::int8, outputs, inputs, 0};
    if (tensor.kind == "int8") {
        m.inputs = (inputs + kActivationGroup - 1) / kActivationGroup * kActivationGroup;
        m.weight_group = tensor.weight_group ? tensor.weight_group : m.inputs;
        if (m.weight_group % kActivationGroup || m.inputs % m.weight_group) refuse(name, "has a weight group that does not divide it");
        m.tile_bytes = size_t(m.inputs) / m.weight_group * (64 + size_t(m.weight_group) * kLanes);
    } else if (tensor.kind == "int6" || tensor.kind == "int4") {
        const bool six = tensor.kind == "int6";
        m.type = six ? ElementType::int6 : ElementType::int4;
        m.inputs = (inputs + kActivationGroup - 1) / kActivationGroup * kActivationGroup;
        m.tile_bytes = half_scale_bytes(m.inputs, six ? kInt6Group : kInt4Group) + size_t(m.inputs) * kLanes * (six ? 6 : 4) / 8;
    } else {
        if (tensor.kind == "float32") m.type = ElementType::float32;
        else if (tensor.kind == "float16") m.type = ElementType::float16;
        else if (tensor.kind == "bfloat16") m.type = ElementType::bfloat16;
        else refuse(name, "is of the unknown kind " + tensor.kind);
        m.tile_bytes = size_t(inputs) * kLanes * float_bytes(m.type);
    }
    const uint64_t tiles = (uint64_t(outputs) + kLanes - 1) / kLanes;
    if (tensor.size != tiles * m.tile_bytes) refuse(name, "has the wrong length");
    return m;
}

}  // namespace qingmo
