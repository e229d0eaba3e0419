"""FLUX.1 Kontext with random weights, of any size, in diffusers format: to time a step, no trained weights are needed.

Codec, text encoders and tokenizers are real classes, small but of the right widths, and written to disk. The transformer
is written too where it is small; the 12-billion-parameter one is made in memory, where it is used.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from train.bases.folder import BaseFolder
from train.bases.options import USUAL, BaseOptions
from train.bases.quiet import hush
from train.planning.known import KONTEXT_TRANSFORMER
from train.tensors import default_dtype

SMALL_TRANSFORMER: dict[str, Any] = {
    **KONTEXT_TRANSFORMER, "num_layers": 2, "num_single_layers": 4, "attention_head_dim": 32, "num_attention_heads": 8,
    "joint_attention_dim": 256, "pooled_projection_dim": 64, "axes_dims_rope": (8, 12, 12),
}  # fmt: skip
"""The same shape at a size for two CPU cores: about 14 million parameters."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sizes:
    """How large the random pipeline is. ``vae`` are the VAE's channels, whose number gives the scale (2 to the power of it less one)."""

    transformer: Mapping[str, Any]
    vae: tuple[int, ...] = (32, 64, 64, 64)
    norm_groups: int = 8
    text_layers: int = 1


FULL = Sizes(transformer=KONTEXT_TRANSFORMER, vae=(128, 256, 512, 512), norm_groups=32)
SMALL = Sizes(transformer=SMALL_TRANSFORMER)


def write_folder(folder: Path, sizes: Sizes, *, transformer: bool = True, seed: int = 0) -> Path:
    """Write the pipeline into ``folder`` and return it; without ``transformer`` of that only the config.json."""
    hush()
    from diffusers import AutoencoderKL, FlowMatchEulerDiscreteScheduler, FluxKontextPipeline, FluxTransformer2DModel
    from transformers import CLIPTextConfig, CLIPTextModel, T5Config, T5EncoderModel

    config = sizes.transformer
    letters = [chr(code) for code in range(33, 127)]
    width, pooled = int(config["joint_attention_dim"]), int(config["pooled_projection_dim"])
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        pipeline = FluxKontextPipeline(
            scheduler=FlowMatchEulerDiscreteScheduler(
                use_dynamic_shifting=True, base_shift=0.5, max_shift=1.15, base_image_seq_len=256, max_image_seq_len=4096, shift=3.0
            ),
            vae=AutoencoderKL(
                block_out_channels=sizes.vae,
                down_block_types=["DownEncoderBlock2D"] * len(sizes.vae),
                up_block_types=["UpDecoderBlock2D"] * len(sizes.vae),
                norm_num_groups=sizes.norm_groups,
                latent_channels=int(config["in_channels"]) // 4,
                use_quant_conv=False,
                use_post_quant_conv=False,
                scaling_factor=0.3611,
                shift_factor=0.1159,
            ),
            text_encoder=CLIPTextModel(
                CLIPTextConfig(
                    vocab_size=2 + 2 * len(letters), hidden_size=pooled, intermediate_size=2 * pooled, num_hidden_layers=sizes.text_layers,
                    num_attention_heads=max(1, pooled // 64), projection_dim=pooled, bos_token_id=0, eos_token_id=1, pad_token_id=1,
                )
            ),
            tokenizer=_clip_tokenizer(letters),
            text_encoder_2=T5EncoderModel(
                T5Config(
                    vocab_size=len(letters) + 4, d_model=width, d_kv=min(64, width), d_ff=width, num_layers=sizes.text_layers,
                    num_heads=max(1, width // 64),
                )
            ),
            tokenizer_2=_t5_tokenizer(letters),
            transformer=FluxTransformer2DModel(**config) if transformer else None,
        )  # fmt: skip
    pipeline.save_pretrained(str(folder))
    if not transformer:
        # The folder must look whole to whoever reads its configuration; the weights are made by RandomFolder.
        index = json.loads((folder / "model_index.json").read_text(encoding="utf-8"))
        index["transformer"] = ["diffusers", "FluxTransformer2DModel"]
        (folder / "model_index.json").write_text(json.dumps(index), encoding="utf-8")
        (folder / "transformer").mkdir()
        whole = {"_class_name": "FluxTransformer2DModel", **config}
        (folder / "transformer" / "config.json").write_text(json.dumps(whole), encoding="utf-8")
    return folder


@dataclass(frozen=True, kw_only=True, slots=True)
class RandomFolder(BaseFolder):
    """A folder whose transformer has random weights, made where it is used."""

    transformer: Mapping[str, Any] = field(default_factory=lambda: KONTEXT_TRANSFORMER)

    def load(self, *, encoders: bool = True, transformer: bool = True, options: BaseOptions = USUAL) -> Any:
        """As `BaseFolder.load`; the rest is read from disk."""
        from diffusers import FluxKontextPipeline, FluxTransformer2DModel

        dtype = self.dtype(options)
        names = ("vae", "text_encoder", "text_encoder_2", "tokenizer", "tokenizer_2")
        left_out: dict[str, None] = {} if encoders else dict.fromkeys(names)
        pipeline = FluxKontextPipeline.from_pretrained(str(self.source), transformer=None, dtype=dtype, local_files_only=True, **left_out)
        if transformer:
            with torch.device(self.device), default_dtype(dtype):
                pipeline.register_modules(transformer=FluxTransformer2DModel(**self.transformer))
        pipeline.set_progress_bar_config(disable=True)
        for part in pipeline.components.values():
            if isinstance(part, torch.nn.Module):
                part.requires_grad_(False).eval()
        return pipeline.to(self.device)


def _clip_tokenizer(letters: list[str]) -> Any:
    """CLIP's tokenizer that knows single letters."""
    from transformers import CLIPTokenizer

    pieces = ["<|startoftext|>", "<|endoftext|>", *letters, *[f"{letter}</w>" for letter in letters]]
    with tempfile.TemporaryDirectory() as words:
        vocabulary, merges = Path(words, "vocab.json"), Path(words, "merges.txt")
        vocabulary.write_text(json.dumps({piece: number for number, piece in enumerate(pieces)}), encoding="utf-8")
        merges.write_text("#version: 0.2\n", encoding="utf-8")
        return CLIPTokenizer(str(vocabulary), str(merges), model_max_length=77)


def _t5_tokenizer(letters: list[str]) -> Any:
    """T5's tokenizer that knows single letters."""
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import T5TokenizerFast

    pieces = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁", -2.0), *[(letter, -3.0) for letter in letters]]
    unigram = Tokenizer(models.Unigram(pieces, unk_id=2))
    unigram.pre_tokenizer = pre_tokenizers.Metaspace()
    return T5TokenizerFast(tokenizer_object=unigram, extra_ids=0)
