#pragma once

#include <vector>

#include "toy_model.h"

// The model by its definition, in double, without cache, batch or blocks: logits of every token, [tokens][vocabulary].
// For models whose weights are floats.
std::vector<double> plain_logits(const ToyModel& model, const std::vector<int32_t>& token_ids);
