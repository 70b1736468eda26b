#pragma once

// One line a toy model: its name and a digest of its logits over short and long contexts, on the best instruction set
// of this CPU. Equal on every CPU.
void print_digest();
