#include "plain_model.h"

#include <algorithm>
#include <cmath>

namespace {

using Row = std::vector<double>;

Row multiply(const ToyMatrix& matrix, const Row& x) {
    Row out(matrix.outputs);
    for (uint32_t o = 0; o < matrix.outputs; ++o)
        for (uint32_t i = 0; i < matrix.inputs; ++i) out[o] += matrix.at(o, i) * x[i];
    return out;
}

void add(Row& x, const Row& y) {
    for (size_t i = 0; i < x.size(); ++i) x[i] += y[i];
}

void normalize(double* x, const std::vector<float>& weight, double eps) {
    double squares = 0;
    for (size_t i = 0; i < weight.size(); ++i) squares += x[i] * x[i];
    const double rms = std::sqrt(squares / double(weight.size()) + eps);
    for (size_t i = 0; i < weight.size(); ++i) x[i] = x[i] / rms * weight[i];
}

Row normalized(Row x, const std::vector<float>& weight, double eps) {
    normalize(x.data(), weight, eps);
    return x;
}

void rotate(double* x, uint32_t head_dim, uint32_t position, double theta) {
    for (uint32_t i = 0; i < head_dim / 2; ++i) {
        const double angle = position / std::pow(theta, 2.0 * i / head_dim), a = x[i], b = x[i + head_dim / 2];
        x[i] = a * std::cos(angle) - b * std::sin(angle);
        x[i + head_dim / 2] = b * std::cos(angle) + a * std::sin(angle);
    }
}

// One token's [queries, keys, values] after bias, norm and rotation.
Row project(const ToyModel& model, const std::string& layer, const Row& x, uint32_t position) {
    const auto& s = model.shape;
    Row qkv = multiply(model.matrices.at(layer + "qkv"), x);
    for (size_t i = 0; s.qkv_bias && i < qkv.size(); ++i) qkv[i] += model.vectors.at(layer + "qkv_bias")[i];
    for (uint32_t head = 0; head < s.heads + s.kv_heads; ++head) {
        double* at = &qkv[head * s.head_dim];
        if (s.qk_norm) normalize(at, model.vectors.at(layer + (head < s.heads ? "q_norm" : "k_norm")), s.rms_norm_eps);
        rotate(at, s.head_dim, position, s.rope_theta);
    }
    return qkv;
}

// The last of the given tokens looks at all of them.
Row attend(const ToyModel& model, const std::vector<Row>& qkv) {
    const auto& s = model.shape;
    Row out(s.heads * s.head_dim);
    for (uint32_t head = 0; head < s.heads; ++head) {
        const uint32_t kv_head = head / (s.heads / s.kv_heads), key = (s.heads + kv_head) * s.head_dim, value = key + s.kv_heads * s.head_dim;
        Row p(qkv.size());
        for (size_t t = 0; t < qkv.size(); ++t) {
            for (uint32_t d = 0; d < s.head_dim; ++d) p[t] += qkv.back()[head * s.head_dim + d] * qkv[t][key + d];
            p[t] /= std::sqrt(double(s.head_dim));
        }
        const double top = *std::max_element(p.begin(), p.end());
        double sum = 0;
        for (double& x : p) sum += x = std::exp(x - top);
        for (size_t t = 0; t < qkv.size(); ++t)
            for (uint32_t d = 0; d < s.head_dim; ++d) out[head * s.head_dim + d] += p[t] / sum * qkv[t][value + d];
    }
    return out;
}

// Gate and up take turns, sixteen outputs each.
Row feed_forward(const ToyModel& model, const std::string& layer, const Row& x) {
    const Row gate_up = multiply(model.matrices.at(layer + "gate_up"), x);
    Row inner(model.shape.intermediate_size);
    for (uint32_t i = 0; i < inner.size(); ++i) {
        const double gate = gate_up[i / 16 * 32 + i % 16], up = gate_up[i / 16 * 32 + 16 + i % 16];
        inner[i] = gate / (1 + std::exp(-gate)) * up;
    }
    return multiply(model.matrices.at(layer + "down"), inner);
}

}  // namespace

std::vector<double> plain_logits(const ToyModel& model, const std::vector<int32_t>& token_ids) {
    const auto& s = model.shape;
    const ToyMatrix& embed = model.matrices.at("embed");
    std::vector<Row> x;
    for (int32_t id : token_ids) x.emplace_back(&embed.values[size_t(id) * s.hidden_size], &embed.values[size_t(id + 1) * s.hidden_size]);
    for (uint32_t i = 0; i < s.layers; ++i) {
        const std::string layer = "layers." + std::to_string(i) + ".";
        std::vector<Row> qkv;
        for (uint32_t t = 0; t < x.size(); ++t) {
            qkv.push_back(project(model, layer, normalized(x[t], model.vectors.at(layer + "attn_norm"), s.rms_norm_eps), t));
            add(x[t], multiply(model.matrices.at(layer + "o"), attend(model, qkv)));
            add(x[t], feed_forward(model, layer, normalized(x[t], model.vectors.at(layer + "mlp_norm"), s.rms_norm_eps)));
        }
    }
    std::vector<double> logits;
    for (const Row& row : x) {
        const Row out = multiply(s.tied_head ? embed : model.matrices.at("head"), normalized(row, model.vectors.at("norm"), s.rms_norm_eps));
        logits.insert(logits.end(), out.begin(), out.end());
    }
    return logits;
}
