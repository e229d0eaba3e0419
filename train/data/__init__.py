"""From pair numbers to the tensors of a step: pictures or cached latents, sentences, numbers."""
