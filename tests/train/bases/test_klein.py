"""What is FLUX.2's own: positions, text layers, targets of LoRA, the distilled sister."""

from __future__ import annotations

import json
import math
import shutil
from pathlib import Path

import pytest
import torch
from diffusers.pipelines.flux2.pipeline_flux2_klein import compute_empirical_mu

from train.bases.folder import find_folder
from train.bases.frozen import TEXT_TOKENS, typical_rms
from train.bases.interface import Condition
from train.bases.klein import KleinBase


@pytest.fixture(scope="module")
def base(tiny_klein: Path) -> KleinBase:
    return KleinBase(find_folder(str(tiny_klein)), size=16)


def test_numbers_share_one_place_and_every_sentence_counts_from_zero(base: KleinBase) -> None:
    condition = Condition(tokens=torch.zeros(1, 3 + 2 * TEXT_TOKENS, 48), pooled=None, present=None, numeric=3)
    image, text = base._positions((2, 3), condition)
    assert text.tolist() == [[0, 0, 0, i] for i in [TEXT_TOKENS] * 3 + 2 * list(range(TEXT_TOKENS))]
    assert image.tolist() == [[t, y, x, 0] for t in (0, 10) for y in (0, 1) for x in (0, 1, 2)]


def test_the_schedule_depends_on_the_number_of_steps(base: KleinBase) -> None:
    assert base.time_shift(1024, 10) == pytest.approx(math.exp(compute_empirical_mu(1024, 10)))
    assert base.time_shift(1024) == base.time_shift(1024, base.steps) != base.time_shift(1024, 10)


def test_guidance_is_a_second_prediction_and_none_for_the_distilled_model(base: KleinBase, tiny_klein: Path, tmp_path: Path) -> None:
    assert base.classifier_free and base.guidance == 4.0 and base.training_guidance is None
    shutil.copytree(tiny_klein, tmp_path / "distilled")
    index = tmp_path / "distilled" / "model_index.json"
    index.write_text(json.dumps({**json.loads(index.read_text(encoding="utf-8")), "is_distilled": True}), encoding="utf-8")
    distilled = KleinBase(find_folder(str(tmp_path / "distilled")), size=16, encoders=False)
    assert (distilled.classifier_free, distilled.guidance, distilled.steps) == (False, None, 4)


def test_a_sentence_is_put_into_the_chat_template(base: KleinBase) -> None:
    layers = base.pipeline.text_encoder.config.num_hidden_layers
    said = base.pipeline.tokenizer("<|im_start|>user\nTurn<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n", return_tensors="pt")
    hidden = base.pipeline.text_encoder(**said, output_hidden_states=True).hidden_states
    expected = torch.cat([hidden[quarter * layers // 4][0] for quarter in (1, 2, 3)], dim=-1)
    torch.testing.assert_close(base.encode_text("Turn").tokens[: len(expected)], expected, atol=1e-6, rtol=1e-5)


def test_one_giant_token_does_not_set_the_scale_of_the_others() -> None:
    tokens = torch.ones(9, 4)
    tokens[0] = 1e4
    assert typical_rms(tokens) == 1.0
