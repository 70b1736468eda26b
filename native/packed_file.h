// The mapped weights. The header is read by Python; here every tensor is found by name and checked against the file's
// length and the shape the model needs before anything points into the mapping.
#pragma once

#include <string>
#include <unordered_map>

#include "dispatch.h"
#include "platform.h"

namespace qingmo {

struct PackedTensor {
    std::string kind;  // "vector" (float32), or what a matrix is made of: "int8", "int6", "int4", "float32", "float16", "bfloat16"
    uint32_t outputs, inputs, weight_group;
    uint64_t offset, size;  // bytes
};

class PackedFile {
   public:
    PackedFile(const std::string& path, std::unordered_map<std::string, PackedTensor> tensors);

    // Throw std::runtime_error naming the file and the tensor where it is missing, of another shape or out of bounds.
    Matrix matrix(const std::string& name, uint32_t outputs, uint32_t inputs) const;
    const float* vector(const std::string& name, uint32_t length) const;

    bool has(const std::string& name) const { return tensors_.count(name) != 0; }
    const MappedFile& mapping() const { return file_; }

   private:
    const PackedTensor& find(const std::string& name) const;
    [[noreturn]] void refuse(const std::string& name, const std::string& why) const;

    std::string path_;
    MappedFile file_;
    std::unordered_map<std::string, PackedTensor> tensors_;
};

}  // namespace qingmo
