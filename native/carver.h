#pragma once

#include <cstddef>
#include <cstdint>

namespace qingmo {

// Hands out 64-byte aligned parts of one piece of memory; a first pass with no memory finds how much is needed.
class Carver {
   public:
    explicit Carver(uint8_t* base) : base_(base) {}
    template <class T>
    void take(T*& pointer, size_t count) {
        pointer = reinterpret_cast<T*>(base_ ? base_ + used_ : nullptr);
        used_ += (count * sizeof(T) + 63) / 64 * 64;
    }
    size_t used() const { return used_; }

   private:
    uint8_t* base_;
    size_t used_ = 0;
};

}  // namespace qingmo
