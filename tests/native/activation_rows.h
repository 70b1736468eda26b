// Rows of activations by the layout of Activations in dispatch.h, in memory whose every value is known before.
#pragma once

#include <algorithm>

#include "check.h"
#include "dispatch.h"

struct QuantizedRow {
    std::vector<int8_t> values;        // [inputs]
    std::vector<float> scales;         // [inputs / 64]
    std::vector<int32_t> corrections;  // [inputs / 64][2]: of all 64, of the first 32
};

class ActivationRows {
   public:
    ActivationRows(uint32_t rows, size_t stride)
        : floats(rows * stride + kRoom, kUntouched), rows_(rows), stride_(stride), values_(floats.size(), kUntouched),
          scales_(rows * groups() + kRoom, kUntouched), corrections_(2 * scales_.size(), kUntouched) {}

    qingmo::Activations in() const {
        return {values_.data(), scales_.data(), corrections_.data(), floats.data(), stride_, groups()};
    }
    qingmo::ActivationsOut out(bool quantized) {
        return {values_.data(), scales_.data(), corrections_.data(), floats.data(), stride_, groups(), rows_, quantized};
    }

    // What `from` holds becomes activation groups first_group and on of a row.
    void put(uint32_t row, const QuantizedRow& from, size_t first_group = 0) {
        for (size_t i = 0; i < from.values.size(); ++i) values_[value_at(row, first_group * kGroup + i)] = from.values[i];
        for (size_t g = 0; g < from.scales.size(); ++g) {
            scales_[scale_at(row, first_group + g)] = from.scales[g];
            for (size_t i : {0, 1}) corrections_[2 * scale_at(row, first_group + g) + i] = from.corrections[2 * g + i];
        }
    }
    QuantizedRow quantized(uint32_t row) const {
        QuantizedRow q;
        for (size_t i = 0; i < stride_; ++i) q.values.push_back(values_[value_at(row, i)]);
        for (size_t g = 0; g < groups(); ++g) {
            q.scales.push_back(scales_[scale_at(row, g)]);
            for (size_t i : {0, 1}) q.corrections.push_back(corrections_[2 * scale_at(row, g) + i]);
        }
        return q;
    }

    // All of both, whatever was or was not written.
    static void check_same(const std::string& what, const ActivationRows& a, const ActivationRows& b) {
        CHECK_SAME(what + " values", a.values_, b.values_);
        CHECK_EQUAL(a.scales_.size(), b.scales_.size());
        CHECK_SAME_BITS(what + " scales", a.scales_.data(), b.scales_.data(), b.scales_.size());
        CHECK_SAME(what + " corrections", a.corrections_, b.corrections_);
        CHECK_SAME_BITS(what + " floats", a.floats.data(), b.floats.data(), b.floats.size());
    }

    static constexpr int kUntouched = 77;
    std::vector<float> floats;  // [rows][stride]

   private:
    static constexpr size_t kGroup = qingmo::kActivationGroup;
    static constexpr size_t kRoom = 64;  // behind the rows, where nothing may be written

    size_t groups() const { return stride_ / kGroup; }
    uint32_t first_of_tile(uint32_t row) const { return row / qingmo::kRowTile * qingmo::kRowTile; }
    uint32_t tile_rows(uint32_t row) const { return std::min<uint32_t>(qingmo::kRowTile, rows_ - first_of_tile(row)); }
    size_t value_at(uint32_t row, size_t input) const {
        return scale_at(row, input / kGroup) * kGroup + input % kGroup;
    }
    size_t scale_at(uint32_t row, size_t group) const {
        const uint32_t first = first_of_tile(row);
        return first * groups() + group * tile_rows(row) + row - first;
    }

    uint32_t rows_;
    size_t stride_;
    std::vector<int8_t> values_;
    std::vector<float> scales_;
    std::vector<int32_t> corrections_;
};
