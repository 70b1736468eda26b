// Where the operands of an int8 product stand, from one activation group to the next.
#pragma once

#include "quantize.h"

namespace qingmo::QINGMO_ISA {

// Some rows of one tile of activations, at the first of the activation groups to be worked on.
struct RowsAt {
    const int8_t* values;
    const float* scales;
    const int32_t* corrections;
    uint32_t width;  // rows of the tile: from a group to the next it is so many rows' values

    RowsAt(const Activations& acts, uint32_t rows, uint32_t row, uint32_t group) {
        const GroupPlace place = group_place(rows, acts.groups, row, group);
        values = acts.values + place.at * kActivationGroup;
        scales = acts.scales + place.at;
        corrections = acts.corrections + place.at;
        width = place.width;
    }
    void next_group() {
        values += width * kActivationGroup;
        scales += width;
        corrections += width;
    }
};

// The weights of a tile from an activation group on. A weight group begins with a head of 64 bytes.
struct WeightsAt {
    const uint8_t* bytes;
    uint32_t parts;  // activation groups in a weight group
    uint32_t left;   // of the weight group; 0: the head of the next one is at `bytes`

    WeightsAt(const Matrix& matrix, uint32_t tile, uint32_t group) {
        parts = matrix.weight_group / kActivationGroup;
        const uint32_t inside = group % parts, heads = group / parts + (inside || !group);
        bytes = matrix.tiles + tile * matrix.tile_bytes + group * (kActivationGroup * kLanes) + heads * 64;
        left = inside || !group ? parts - inside : 0;
    }
    // The same place in the tile that is `tiles` further.
    WeightsAt in_tile(uint32_t tiles, const Matrix& matrix) const {
        WeightsAt there = *this;
        there.bytes += tiles * matrix.tile_bytes;
        return there;
    }
    // What the sums so far are to be multiplied by in tile t, if anything: they are kept in units of the weight scale at
    // hand, and a head holds the scale before over the scale from now on.
    bool at_head() const { return left == 0; }
    const float* ratio(size_t tile_offset) const { return reinterpret_cast<const float*>(bytes + tile_offset); }
    void pass_head() {
        bytes += 64;
        left = parts;
    }
    void next_group() {
        bytes += kActivationGroup * kLanes;
        --left;
    }
};

}  // namespace qingmo::QINGMO_ISA
