// The memory of the KV cache. Which block holds what is the engine's business; here they are numbers.
#pragma once

#include "dispatch.h"
#include "platform.h"

namespace qingmo {

// A block is 16 tokens of every layer: [layer][key/value head]{ keys [head_dim][16], values [16][head_dim] }, or what
// kernels/attention_int16.h says where they are int16.
class KvPool {
   public:
    KvPool(uint32_t blocks, uint32_t layers, uint32_t kv_heads, uint32_t head_dim, CacheType type)
        : blocks_(blocks),
          type_(type),
          head_bytes_(kv_head_bytes(head_dim, type)),
          layer_bytes_(head_bytes_ * kv_heads),
          block_bytes_(layer_bytes_ * layers),
          memory_(block_bytes_ * blocks) {}

    uint32_t blocks() const { return blocks_; }
    CacheType type() const { return type_; }
    size_t block_bytes() const { return block_bytes_; }
    uint8_t* block(uint32_t id) { return memory_.data() + id * block_bytes_; }
    // Block 0 at one layer and head; block i is i * block_bytes further.
    uint8_t* at(uint32_t layer, uint32_t kv_head) { return memory_.data() + layer * layer_bytes_ + kv_head * head_bytes_; }

   private:
    uint32_t blocks_;
    CacheType type_;
    size_t head_bytes_, layer_bytes_, block_bytes_;
    LazyMemory memory_;
};

}  // namespace qingmo
