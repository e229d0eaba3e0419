"""``NumeriKontrolPipeline``: edit pictures by numbers, with an adapter on any base.

    pipe = NumeriKontrolPipeline.from_pretrained("runs/kontext-001")
    picture = pipe("photo.jpg", [("rotation_z", 30), ("light_temperature", -1200)], values={"light_temperature": 5600})

With FLUX.1 Kontext it is diffusers' ``FluxKontextPipeline`` taken apart: its VAE, text encoders, transformer and scheduler
(`train.bases.kontext`), with the numeric tokens in front of the text's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Unpack

from PIL import Image

from cat_dataset.errors import UsageError
from cat_dataset.images import Rgb, resize_area
from cat_dataset.instructions import Edit
from train.data.instructions import of_edits
from train.data.texts import TextMemory
from train.editing.edits import Asked, as_edits, canonical, check_edits, values_after
from train.editing.pictures import Picture, add_change, as_rgb
from train.editing.sampler import edit_latents, edit_pictures
from train.editing.shipped import shipped_adapter
from train.editing.ways import How, Ways
from train.model import EditModel
from train.model_files import load_model
from train.requests import Instruction
from train.running.checkpoint import adapter_folder

Result = Image.Image | Rgb


class NumeriKontrolPipeline:
    """An adapter on its base, ready to edit. Every result has the size of the picture that was given.

    The base works at its own size, about ``pipe.base.size``² pixels, and its result is enlarged or reduced; a base that keeps
    the picture's detail (nano) computes only the change at that size and adds it, enlarged.

    All ways of editing take an image, a path or a PIL image (both turned upright by their EXIF) or an array [H, W, 3], uint8
    or floats in [0, 1]; and the keyword arguments of `train.editing.ways.Ways`: values, prompt, steps, seed, guidance, progress,
    cancel, output. They raise `UsageError` for what cannot be asked, `InputError` for a picture that cannot be edited, and
    `Stopped` when ``cancel`` says so.
    """

    def __init__(self, model: EditModel, about: Mapping[str, Any]) -> None:
        self.model, self.about = model.eval(), about
        self.base, self.options = model.base, model.options
        self.tasks: Mapping[str, int] = about["tasks"]
        """The attributes that the adapter has learned, with their task ids."""
        self._texts = TextMemory(self.base.encode_text)

    @classmethod
    def from_pretrained(
        cls, folder: str | Path | None = None, base: str | Path | None = None, *, fuse: bool = False
    ) -> NumeriKontrolPipeline:
        """The pipeline of a run folder's newest adapter, of an adapter folder, or (None) of the adapter that ships with the package.

        Args:
            base: where the base's folder is now, if it has moved since training.
            fuse: whether LoRA is added to the base's weights, which makes an evaluation as quick as the base's own; in bfloat16 it
                rounds them a little differently.

        Raises:
            AdapterError: no usable adapter there.
            InputError: the base's folder is incomplete or damaged.
        """
        found = adapter_folder(Path(folder).expanduser()) if folder is not None else shipped_adapter()
        model, about = load_model(found, base_source=None if base is None else str(base))
        if fuse and not model.base.learns_all and model.options.rank:
            model.transformer.fuse_lora()  # type: ignore[operator]
        return cls(model, about)

    def __call__(self, image: Picture, edits: Asked = (), **how: Unpack[How]) -> Result:
        """The picture with all ``edits`` made at once. Their order does not change a bit of the result."""
        return self.variants(image, [edits], **how)[0]

    def sweep(
        self, image: Picture, attribute: str, numbers: Iterable[float], *, unit: str = "", edits: Asked = (), **how: Unpack[How]
    ) -> list[Result]:
        """A picture for each change of ``attribute``, in one batch, the source encoded once; ``edits`` are made in all of them.

        Args:
            unit: of the numbers, where it is not the natural one ("stops", "mireds").
        """
        others = as_edits(edits)
        return self.variants(image, [[*as_edits([(attribute, number, unit)]), *others] for number in numbers], **how)

    def variants(self, image: Picture, requests: Sequence[Asked], **how: Unpack[How]) -> list[Result]:
        """An edited picture for each of several requests, all from the same source, in one batch."""
        ways = Ways(**how)
        instructions = [self.instruction(as_edits(edits), ways.values or {}, prompt=ways.prompt) for edits in requests]
        if not instructions:
            return []
        picture = as_rgb(image)
        small = self.base.fit(picture)
        results = edit_pictures(
            self.model, [small] * len(instructions), instructions, steps=ways.steps or 0, seed=ways.seed, guidance=ways.guidance,
            encode=self._texts, progress=ways.progress, cancel=ways.cancel,
        )  # fmt: skip
        return [self._finished(picture, small, result, ways.output) for result in results]

    def chain(self, image: Picture, links: Sequence[Asked], **how: Unpack[How]) -> list[Result]:
        """Edits one after the other, each of the last one's result: the pictures after each.

        What goes from link to link are the latents in float32, neither decoded nor rounded to 8 bits. ``values`` are those of
        the first picture; each link moves them.
        """
        ways = Ways(**how)
        values, instructions = dict(ways.values or {}), []
        for link in links:
            edits = as_edits(link)
            instructions.append(self.instruction(edits, values, prompt=ways.prompt))
            values = values_after(values, edits)
        picture = as_rgb(image)
        small = self.base.fit(picture)
        height, width = small.shape[:2]
        latents, results = self.base.to_latents([small]), []
        steps = ways.steps or self.base.steps
        for number, instruction in enumerate(instructions):

            def tell(done: int, _: int, before: int = number * steps) -> None:
                if ways.progress:
                    ways.progress(before + done, len(instructions) * steps)

            latents = edit_latents(
                self.model, latents, [instruction], self.base.grid(height, width), steps=steps, seed=ways.seed, guidance=ways.guidance,
                encode=self._texts, progress=tell, cancel=ways.cancel,
            )  # fmt: skip
            if self.base.keeps_detail:
                latents = latents.clamp(-1, 1)  # its latents are pixels, which end at black and white
            (result,) = self.base.to_pictures(latents, height, width)
            results.append(self._finished(picture, small, result, ways.output))
        return results

    def instruction(self, edits: Sequence[Edit], values: Mapping[str, float], *, prompt: str = "") -> Instruction:
        """What the model is told to make ``edits`` of a picture with these natural ``values``.

        Raises:
            UsageError: nothing is asked, or something that the adapter cannot do.
        """
        check_edits(edits, self.tasks, values, plain=self.options.plain)
        if prompt and self.base.learns_all:
            raise UsageError(f"base {self.base.name} knows no words but those of its attributes; leave prompt out")
        if not edits and not prompt:
            raise UsageError("there is nothing to edit; give edits like [('exposure', 1)]")
        told = of_edits(canonical(edits), values, self.options)
        return replace(told, parts=(*told.parts, prompt)) if prompt else told

    def _finished(self, picture: Rgb, small: Rgb, result: Rgb, output: str) -> Result:
        """The result at the size of the picture."""
        height, width = picture.shape[:2]
        full = add_change(picture, small, result) if self.base.keeps_detail else resize_area(result, width, height)
        return Image.fromarray(full) if output == "pil" else full
