"""``python -m train.bench``: our training step beside a plain loop written like diffusers' own Kontext script, in one run."""
