"""``cat-build-shards``: series folders → shards/*.tar and manifests/, whole or not at all.

What was packed before stays where it is; new series go to new shards. Everything is made in a staging folder first and
then given its place (`cat_dataset.building.commit`): a build that is killed at any point leaves the old dataset, or one that
`open_dataset` refuses as unfinished, and ends with the same bytes when it is run again.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cat_dataset.attributes import ATTRIBUTES
from cat_dataset.building.assemble import describe, write_tables
from cat_dataset.building.commit import TABLES_ASIDE, carry_through, prepare
from cat_dataset.building.packing import Packer, Plan, Settings, Shard, pack_order, plan_shards
from cat_dataset.building.previous import Previous, listed_shards, read_previous, same_bytes
from cat_dataset.building.survey import Found, Refused, look_closer, survey
from cat_dataset.command import warn
from cat_dataset.dataset_json import SHARD_PATTERN, SPLITS, shards_seen_from
from cat_dataset.describing.accompany import accompany
from cat_dataset.errors import InputError, RunFailed
from cat_dataset.files import folder_lock, slug
from cat_dataset.folders import Folder, LocalFolder
from cat_dataset.manifests import cache_folder
from cat_dataset.parallel import default_workers, in_order
from cat_dataset.progress import Progress
from cat_dataset.splits import Member, Token, are_fractions, assign, lacking
from cat_dataset.tables import REJECTED, rejected_table, write_table

STAGING = ".staging"
NEAR_SHOWN = 5
"""Look-alikes between splits that are named; the dataset card lists more."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Options:
    """How to build; `cat_dataset.building.command` explains each."""

    fractions: Mapping[str, float]
    shard_size: int = 10**9
    image_format: str = "png"
    split_by: Sequence[str] | None = None
    fresh_split: bool = False
    seed: int = 0
    decode: bool = True
    skip_bad: bool = False
    missing: str = "refuse"
    repack: bool = False
    workers: int = 0
    inherit: frozenset[str] = frozenset()
    """Fields that nobody asked for: those of the dataset that the build adds to, where there is one."""

    def after(self, previous: Previous | None) -> Options:
        """With what is to be inherited from the dataset as it was."""
        if previous is None:
            return self
        split = previous.info["split"]
        was: dict[str, Any] = {"image_format": previous.info["image_format"]}
        if not self.fresh_split:
            was["split_by"] = split["by"]
            was |= {"fractions": split["fractions"]} if are_fractions(split.get("fractions")) else {}
        if type(previous.info.get("seed")) is int and previous.info["seed"] >= 0:
            was["seed"] = previous.info["seed"]
        return replace(self, **{name: value for name, value in was.items() if name in self.inherit})

    @property
    def settings(self) -> Settings:
        """What the bytes of a shard depend on besides its series."""
        return Settings(self.image_format, self.decode)


@dataclass(frozen=True)
class Built:
    """dataset.json, and how many series were packed now and how many stayed where they were."""

    info: dict[str, Any]
    packed: int
    kept: int


def build(series: Sequence[Folder], shards: Folder, manifests: Folder, options: Options, check: Callable[[], None] = lambda: None) -> Built:
    """Pack every series; what became of it. ``check`` is called now and then and may raise to stop.

    Raises:
        RunFailed: series were refused; all are listed, and nothing was changed.
        CatError: nothing was changed, or (an error while files take their places) the next build carries it through.
    """
    workers = options.workers or default_workers()
    shards_folder = shards_seen_from(manifests, shards)
    with _staging(shards, manifests) as staging:
        if carry_through(staging, shards, manifests, shards_folder):
            staging.mkdir()
        previous = read_previous(manifests, must_read=not options.fresh_split)
        options = options.after(previous)
        own = previous.own(shards, shards_folder) if previous else listed_shards(manifests, shards_folder)
        keepable = previous.keepable(shards, own, options.settings) if previous and not options.repack else set()
        known = previous.known(keepable) if previous else {}
        surveyed = survey(series, known, options.image_format, workers, not_series=(shards, manifests), check=check)
        found = {one.member.id: one for one in surveyed.found}
        refused = list(surveyed.refused)
        missing = _missing(previous, found, refused, series, options.missing)
        if not found and not missing:
            _refuse(refused, 0)
        members = [one.member for one in found.values()] + [*missing.values()]
        by = [slug(key) for key in options.split_by] if options.split_by else None
        splits = assign(members, options.fractions, by, _old_splits(previous, by, missing, options.fresh_split))
        for line in lacking(members, splits, options.fractions):
            warn(line)
        same = {name: one for name, one in found.items() if one.known}
        kept = previous.kept(keepable, same, splits, missing) if previous else set()
        held = previous.known(kept) if previous else {}
        if lost := missing.keys() - held.keys():
            raise InputError(
                f"the shard of {min(lost)} must be packed anew (it is damaged, something in it changed or goes to another split, or "
                "--repack or another --format was given), and its folder is not there; bring it back, or give --missing drop"
            )
        fresh, worse = _look_closer([one for name, one in found.items() if name not in held], options, workers)
        refused += worse
        _check_space(fresh, staging)
        made, unfit = _pack(fresh, splits, previous, staging, options, workers, check)
        refused += unfit
        if refused and not (options.skip_bad and (made or kept)):
            _refuse(refused, len(held) + sum(shard.listed["samples"] > 0 for shard in made))
        _check_strangers(made, own, shards, manifests)
        new = [shard.listed["file"] for shard in made]
        aside = staging / TABLES_ASIDE
        if aside.is_dir():
            shutil.rmtree(aside)  # of a build that was killed: not all of its files may be due now
        old_shards = [shard for shard in previous.info["shards"] if shard["file"] in kept] if previous else []
        unfit_names = {one.series for one in refused}
        varied = {name for member in members if member.id not in unfit_names for name in member.varies}
        write_tables(aside, staging, previous, kept, new, [name for name in ATTRIBUTES if name in varied])
        if refused:
            write_table(aside / REJECTED, rejected_table([one.row() for one in sorted(refused, key=lambda one: one.folder)]))
        settings = {
            "image_format": options.image_format, "shards_folder": shards_folder, "seed": options.seed, "rejected": len(refused),
            "split": {"fractions": dict(options.fractions), "by": by},
        }  # fmt: skip
        info = describe(aside, [*old_shards, *(shard.listed for shard in made)], settings)
        for pair in accompany(aside, info, shards).pairs[:NEAR_SHOWN]:
            warn(f"{pair}: they may show one thing; --split-by, or a scene key in series.json, keeps them together")
        prepare(staging, new, sorted(own - kept - set(new)), shards_folder, info)
        carry_through(staging, shards, manifests, shards_folder)
    _name_strays(shards, {shard["file"] for shard in info["shards"]})
    for one in refused:
        warn(f"left out: {one.reason}")
    return Built(info, info["totals"]["series"] - len(held), len(held))


@contextmanager
def _staging(shards: Folder, manifests: Folder) -> Iterator[Path]:
    """The staging folder, with both folders held against other builds. That of a remote dataset lies in the cache."""
    with ExitStack() as held:
        local = [folder.path for folder in (shards, manifests) if isinstance(folder, LocalFolder)]
        if isinstance(shards, LocalFolder):
            staging = shards.path / STAGING
        else:
            staging = cache_folder() / "builds" / hashlib.sha256(str(shards).encode()).hexdigest()[:32] / STAGING
            local.append(staging.parent)
        for number, path in enumerate(local):
            path.mkdir(parents=True, exist_ok=True)
            if not any(path.samefile(other) for other in local[:number]):
                held.enter_context(folder_lock(path))
        staging.mkdir(exist_ok=True)
        yield staging
        if staging.is_dir() and not any(staging.iterdir()):
            staging.rmdir()


def _missing(
    previous: Previous | None, found: Mapping[str, Found], refused: Sequence[Refused], series: Sequence[Folder], choice: str
) -> dict[str, Member]:
    """Series of the dataset whose folders are gone and that are kept all the same.

    Raises:
        InputError: there are such, and nobody said what to do with them.
    """
    if previous is None:
        return {}
    there = found.keys() | {one.series for one in refused}
    gone = {name: member for name, (_, member) in previous.known(set(previous.series["shard"])).items() if name not in there}
    if gone and choice == "refuse":
        named = ", ".join(sorted(gone)[:3]) + (" …" if len(gone) > 3 else "")
        where = " and ".join(str(root) for root in series)
        raise InputError(
            f"{len(gone)} series of the dataset are not in {where} any more ({named}); nothing was changed. Bring them back, or "
            "give every folder with its own --series, or say --missing keep (they stay in their shards) or --missing drop"
        )
    return gone if choice == "keep" else {}


def _old_splits(previous: Previous | None, by: Sequence[str] | None, missing: Collection[str], fresh: bool) -> dict[Token, str]:
    """The splits that new series must go by: those of the ``missing``, which cannot be packed anew, before all others."""
    if previous is None:
        return {}
    return {**({} if fresh else previous.splits(by)), **previous.splits(by, missing)}


def _check_strangers(made: Sequence[Shard], own: Collection[str], shards: Folder, manifests: Folder) -> None:
    """Refuse to write over the shards of another dataset."""
    taken = shards.sizes(shard.listed["file"] for shard in made if shard.listed["file"] not in own)
    strangers = sorted(shard.listed["file"] for shard in made if shard.listed["file"] in taken and not same_bytes(shards, shard.listed))
    if strangers:
        named = ", ".join(strangers[:3]) + (" …" if len(strangers) > 3 else "")
        raise InputError(
            f"{shards} holds {named}, which the dataset in {manifests} does not; nothing was changed. "
            "Choose another --shards, give that dataset's own --manifests, or delete what is left of a dataset that is gone"
        )


def _refuse(refused: Sequence[Refused], good: int) -> None:
    for one in refused:
        warn(one.reason)
    raise RunFailed(
        f"{len(refused)} series cannot be packed (named above){'' if good else ' and no other is there'}; nothing was changed. "
        "Mend or delete them, or go on without them by --skip-bad; what was packed already is not done again"
    )


def _look_closer(found: Sequence[Found], options: Options, workers: int) -> tuple[list[Found], list[Refused]]:
    """Sizes of the series that looked unchanged but must be packed anew because their shard changes."""
    looked = list(in_order(lambda one: look_closer(one, options.image_format), found, workers))
    return [one for one in looked if isinstance(one, Found)], [one for one in looked if isinstance(one, Refused)]


def _check_space(fresh: Sequence[Found], staging: Path) -> None:
    """Refuse before the work rather than in the middle of it. What lies in staging already counts as free."""
    wanted = sum(one.raw_bytes + 3072 * one.member.frames for one in fresh)
    there = sum(path.stat().st_size for path in staging.rglob("*.tar"))
    free = shutil.disk_usage(staging).free + there
    if free < wanted:
        raise InputError(
            f"{staging.parent} has {_amount(free)} free and the new shards need up to {_amount(wanted)} (old ones stay until the "
            "new are whole); free some space or choose another --shards"
        )


def _amount(size: int) -> str:
    """Bytes in GB, or in MB below 1 GB."""
    return f"{size / 1e9:.1f} GB" if size >= 10**9 else f"{size / 1e6:.1f} MB"


def _pack(
    fresh: Sequence[Found],
    splits: Mapping[str, str],
    previous: Previous | None,
    staging: Path,
    options: Options,
    workers: int,
    check: Callable[[], None],
) -> tuple[list[Shard], list[Refused]]:
    """Make the new shards; also returns what turned out to be bad on the way."""
    progress = Progress("pack", sum(one.member.frames for one in fresh))
    packer = Packer(staging, options.settings, progress, check)
    unknown = [one for one in fresh if one.size is None]
    sizes: dict[str, int] = {}
    refused: list[Refused] = []
    for one, size in zip(unknown, in_order(packer.encode, unknown, workers), strict=True):
        if isinstance(size, Refused):
            refused.append(size)
        else:
            sizes[one.member.id] = size
    plans: list[Plan] = []
    for split in SPLITS:
        order = pack_order(
            [one for one in fresh if splits[one.member.id] == split and (one.size is not None or one.member.id in sizes)], options.seed
        )
        first = previous.next_number(split) if previous and not options.repack else 0
        plans += plan_shards(split, order, [sizes.get(one.member.id) or one.size or 0 for one in order], options.shard_size, first)
    made = list(in_order(packer.make, plans, workers))
    progress.close()
    refused += [one for shard in made for one in shard.refused]
    return [shard for shard in made if shard.listed["samples"]], refused


def _name_strays(shards: Folder, listed: set[str]) -> None:
    """Name the tars that readers who go by file names would take for part of the dataset."""
    strays = sorted(name for name in shards.files() if SHARD_PATTERN.fullmatch(name) and name not in listed)
    if strays:
        warn(f"{shards} holds {len(strays)} shards that are not of this dataset ({', '.join(strays[:3])}); move them away")
