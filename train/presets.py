"""Presets: the choices of a publication, all at once, as flat keys that a configuration file or a flag still overrides.

Only what its source says is set. Steps, batch and whatever no source gives stay the base's own, so that models are compared at
equal training.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any

from cat_dataset.errors import UsageError


def preset(name: str) -> dict[str, Any]:
    """The flat keys of the preset ``name``; none for the empty name.

    Raises:
        UsageError: there is no such preset.
    """
    if not name:
        return {}
    if name not in PRESETS:
        near = get_close_matches(name, PRESETS, n=1)
        raise UsageError(f"preset {name!r} is unknown" + (f"; did you mean {near[0]!r}?" if near else f"; known are {', '.join(PRESETS)}"))
    return dict(PRESETS[name])


_EQUATION_4: dict[str, Any] = {
    "weighting": "velocity",  # NumeriKontrol, Eq. 4: the plain squared error of the velocity
    "density": "uniform",  # Eq. 4 with no other density named; what diffusers' Kontext script does too
    "text_dropout": 0.0,  # not in the paper: ours
    "zero_share": 0.0,  # as above
    "mirror": 0.0,  # as above
    "crop": 1.0,  # as above
    "source_noise": 0.0,  # as above
    "consistency": 0.0,  # as above
    "ema": 0.0,  # as above
}
"""How NumeriKontrol and its baselines are trained."""

PRESETS: dict[str, dict[str, Any]] = {
    # NumeriKontrol (arXiv 2511.23105).
    "paper": {
        **_EQUATION_4,
        "conditioning": "numeric",  # Eq. 1: a token for each number
        "scalar": "raw",  # Eq. 1: E sees the number itself
        "task_id": True,  # Eq. 1: z = D(E(n) + embedding(task))
        "source_token": False,  # Eq. 1 knows the change alone
        "match_rms": False,  # Eq. 1 ends with D
        "units": "plain",  # the change is the difference of natural values: f/2 to f/4 is 2, as is f/11 to f/13
        "wording": "numbers",  # its example sentences hold the number
        "mask": "blind",  # the prose of section 3.3; Eq. 6 to the letter would cut numbers off (--mask eq6)
        "rank": 128,  # LoRA on the attention of both streams
        "lora_feed_forward": False,
    },
    # The baseline of NumeriKontrol's comparison: FLUX.1 Kontext, fine-tuned on sentences with numbers.
    "plain-kontext": {
        **_EQUATION_4,
        "conditioning": "plain",
        "wording": "numbers",  # a number is known from the sentence alone
        "units": "plain",  # so that editing asks for no source value: the sentence speaks in natural units
        "rank": 128,  # as the model that it is compared with
    },
    # Kontinuous Kontext as NumeriKontrol re-implements it: 1536 → 256 → 128 → 6144.
    "kontinuous-paper": {
        **_EQUATION_4,
        "conditioning": "kontinuous-paper",
        "wording": "directions",  # the number is removed from the sentence
        "units": "plain",  # the difference of natural values, over the attribute's range, is the strength from 0 to 1
        "rank": 128,  # as the model that it is compared with
    },
    # Kontinuous Kontext (arXiv 2510.08532) as its authors published it: their training script and its defaults.
    "kontinuous": {
        "conditioning": "kontinuous",  # --slider_projector_n_layers 4 --slider_projector_out_dim 6144 --is_clip_input
        "wording": "directions",  # the strength is no part of the instruction
        "rank": 4,  # --rank
        "lora_feed_forward": True,  # its list of target modules
        "density": "uniform",  # --weighting_scheme none
        "weighting": "velocity",  # as above; --guidance_scale 1 is the default on FLUX.1 Kontext
        "text_dropout": 0.0,  # --drop_text_prob 0
        "zero_share": 1 / 7,  # one of the seven pictures of a row, drawn uniformly, is the source itself
        "mirror": 0.0,  # not in its data loader
        "crop": 1.0,  # as above
        "source_noise": 0.0,  # as above
        "consistency": 0.0,  # as above
        "optimiser": "adamw",  # its 8-bit form is --optimiser adamw8bit here
        "learning_rate": 2e-5,  # --learning_rate
        "schedule": "constant",  # --lr_scheduler constant, which has no warm-up whatever --lr_warmup_steps says
        "warmup": 1,
        "beta2": 0.999,  # --adam_beta2
        "weight_decay": 1e-4,  # --adam_weight_decay
        "clip": 1.0,  # --max_grad_norm
        "ema": 0.0,  # it has none
    },
}
