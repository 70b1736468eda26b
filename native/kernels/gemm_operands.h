// Where the operands of a quantized product stand, from one activation group to the next.
#pragma once

#include "quantize.h"

namespace qingmo::QINGMO_ISA {

// Activation groups to work on at once: as many as panel_bytes hold, in blocks of like size.
inline uint32_t groups_at_once(uint32_t groups, uint32_t panel_bytes, uint32_t bytes_a_group) {
    const uint32_t most = panel_bytes / bytes_a_group, blocks = (groups + most - 1) / most;
    return (groups + blocks - 1) / blocks;
}

// Few rows wait for weights that come from memory. The hardware fetches ahead within a page of 4 KB alone, so lines are asked
// for that are so much further: in four streams together 64, where a core has some 48 under way, for 200 ns each.
constexpr size_t kFetchAhead = 1024;

// Some rows of one tile of activations, at the first of the activation groups to be worked on.
struct RowsAt {
    const int8_t* values;
    const float* scales;
    const int32_t* corrections;  // two a row
    uint32_t width;  // rows of the tile: from a group to the next it is so many rows' values

    RowsAt(const Activations& acts, uint32_t rows, uint32_t row, uint32_t group) {
        const GroupPlace place = group_place(rows, acts.groups, row, group);
        values = acts.values + place.at * kActivationGroup;
        scales = acts.scales + place.at;
        corrections = acts.corrections + 2 * place.at;
        width = place.width;
    }
    void next_group() {
        values += width * kActivationGroup;
        scales += width;
        corrections += 2 * width;
    }
};

// Quantized weights from a tile and an activation group on, and those of the tiles behind it at the same place. A group
// goes by steps of kStep inputs, whose products are summed as integers. Sums are kept so that `enter_step` has made them
// ready for the step's products, which `scaled` brings into their unit. at(t) is where the step's weights in tile t stand,
// bytes_in_front what of a tile stands before the first of them.

// A weight group begins with a head of 64 bytes: the scale before over the scale from now on. So sums are in units of the
// weight scale at hand, and whoever reads them at the end multiplies by the last.
class Int8Weights {
   public:
    static constexpr int kStep = kActivationGroup;
    static constexpr int kZero = 128;  // stored for a weight of 0
    static constexpr int kStepBytes = kStep * kLanes;
    static constexpr uint32_t kGroupBytes = kActivationGroup * kLanes;

    Int8Weights(const Matrix& matrix, uint32_t tile, uint32_t group)
        : tile_bytes_(matrix.tile_bytes), groups_a_head_(matrix.weight_group / kActivationGroup) {
        const uint32_t inside = group % groups_a_head_, heads = group / groups_a_head_ + (inside || !group);
        bytes_ = matrix.tiles + tile * tile_bytes_ + group * kGroupBytes + heads * 64;
        left_ = inside || !group ? groups_a_head_ - inside : 0;
    }
    template <int R, int T>
    void enter_step(Float (&sum)[R][T]) {
        if (left_ > 0) return;
        for (int t = 0; t < T; ++t) {
            Float ratio = load(reinterpret_cast<const float*>(bytes_ + t * tile_bytes_));
            for (int r = 0; r < R; ++r) sum[r][t] = mul(sum[r][t], ratio);
        }
        pass_head();
    }
    void skip_head() {
        if (left_ == 0) pass_head();
    }
    void next_step() {
        bytes_ += kGroupBytes;
        --left_;
    }

    // The same place in the tile that is t further.
    Int8Weights in_tile(int t) const {
        Int8Weights there = *this;
        there.bytes_ += t * tile_bytes_;
        return there;
    }
    const uint8_t* at(int t) const { return bytes_ + t * tile_bytes_; }
    static size_t bytes_in_front(const Matrix&) { return 0; }
    // The `turn`th four inputs of the step to be read, and their weights.
    static constexpr int four(int turn) { return turn; }
    static Bytes weights(const uint8_t* at, int four) { return load_bytes(at + four * 64); }
    Float scaled(Float product, int) const { return product; }
    // What a step's integer sums of dot() begin with, from the two corrections of a row's group.
    static int32_t correction(const int32_t* of_128, int) { return kDotZero == kZero ? 0 : of_128[0]; }

   private:
    void pass_head() {
        bytes_ += 64;
        left_ = groups_a_head_;
    }
    const uint8_t* bytes_;
    size_t tile_bytes_;
    uint32_t groups_a_head_;
    uint32_t left_;  // activation groups of the weight group; 0: the head of the next one is at bytes_
};

// The lower four bits two a byte, the upper two four a byte.
struct Int6Steps {
    static constexpr int kStep = kInt6Group;
    static constexpr int kZero = 32;
    static constexpr int kStepBytes = kStep * kLanes * 6 / 8;

    // Those that share a line of upper bits are neighbours, and so use it while it is near.
    static constexpr int four(int turn) { return turn / 4 + turn % 4 * 4; }
    static Halves weights(const uint8_t* at, int four) {
        const Bytes both = load_bytes(at + four % 8 * 64);
        return with_upper_pair(four < 8 ? low_halves(both) : high_halves(both), load_bytes(at + (8 + four % 4) * 64), four / 4);
    }
    static int32_t correction(const int32_t* of_128, int) { return of_128[0] / (128 / kZero); }
};

// Two weights a byte.
struct Int4Steps {
    static constexpr int kStep = kInt4Group;
    static constexpr int kZero = 8;
    static constexpr int kStepBytes = kStep * kLanes / 2;

    // A byte's low half belongs to one of the first four fours, its high half to the one four further.
    static constexpr int four(int turn) { return turn / 2 + turn % 2 * 4; }
    static Halves weights(const uint8_t* at, int four) {
        const Bytes both = load_bytes(at + four % 4 * 64);
        return four < 4 ? low_halves(both) : high_halves(both);
    }
    static int32_t correction(const int32_t* of_128, int step) {
        return (step ? of_128[0] - of_128[1] : of_128[1]) / (128 / kZero);
    }
};

// Steps with a float16 scale each, all of a tile's in front.
template <class Steps>
class HalfScaledWeights : public Steps {
   public:
    using Steps::kStep, Steps::kStepBytes;
    static constexpr uint32_t kGroupBytes = kActivationGroup / kStep * kStepBytes;

    HalfScaledWeights(const Matrix& matrix, uint32_t tile, uint32_t group) : tile_bytes_(matrix.tile_bytes) {
        const uint8_t* start = matrix.tiles + tile * tile_bytes_;
        scales_ = reinterpret_cast<const uint16_t*>(start) + group * (kActivationGroup / kStep) * kLanes;
        bytes_ = start + bytes_in_front(matrix) + group * kGroupBytes;
    }
    template <int R, int T>
    void enter_step(Float (&)[R][T]) {}
    void skip_head() {}
    void next_step() {
        bytes_ += kStepBytes;
        scales_ += kLanes;
    }

    HalfScaledWeights in_tile(int t) const {
        HalfScaledWeights there = *this;
        there.bytes_ += t * tile_bytes_;
        there.scales_ += t * tile_bytes_ / sizeof(uint16_t);
        return there;
    }
    const uint8_t* at(int t) const { return bytes_ + t * tile_bytes_; }
    static size_t bytes_in_front(const Matrix& matrix) { return half_scale_bytes(matrix.inputs, kStep); }
    Float scaled(Float product, int t) const { return mul(product, load_half(scales_ + t * tile_bytes_ / sizeof(uint16_t))); }

   private:
    const uint8_t* bytes_;
    const uint16_t* scales_;
    size_t tile_bytes_;
};

using Int6Weights = HalfScaledWeights<Int6Steps>;
using Int4Weights = HalfScaledWeights<Int4Steps>;

}  // namespace qingmo::QINGMO_ISA
