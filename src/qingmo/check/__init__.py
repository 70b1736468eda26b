"""Whether this installation answers as it should: three prompts judged by rule, and the weights' checksums."""
