"""Which series may be trained on: a split by what is depicted, never by frame.

Two series that show the same thing belong to one group and go to one split. What a series shows is its ``character``,
``asset`` and ``scene``; for a capture also its ``hdri``, because a simulated camera photographs the sky itself. For a
rendered series the sky is only the backdrop: grouping by it too would tie every object to every other. A series with
none of these keys is grouped by its hdri, or stands alone.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cat_dataset.dataset_json import SPLITS
from cat_dataset.errors import ManifestError, UsageError

CONTENT_KEYS = ("character", "asset", "scene")
RENDERED = ("blender", "unreal")

Token = tuple[str, str]


@dataclass(frozen=True)
class Member:
    """What the split needs to know of a series."""

    id: str
    source: str
    scene: Mapping[str, str]
    varies: tuple[str, ...]
    frames: int


def member_of(row: Mapping[Any, Any]) -> Member:
    """The member that a row of series.parquet describes."""
    scene = {str(key).removeprefix("scene_"): row[key] for key in row if str(key).startswith("scene_") and isinstance(row[key], str)}
    return Member(row["series"], row["source"], scene, tuple(row["varies"]), int(row["frames"]))


def parse_fractions(text: str) -> dict[str, float]:
    """``0.9/0.05/0.05`` as the shares of train, validation and test.

    Raises:
        UsageError: not three shares that add up to 1.
    """
    try:
        shares = [float(part) for part in text.split("/")]
    except ValueError:
        shares = []
    named = dict(zip(SPLITS, shares, strict=False))
    if len(shares) != len(SPLITS) or not are_fractions(named):
        raise UsageError(f"--split {text!r} must be three shares that add up to 1, like 0.9/0.05/0.05 (train/validation/test)")
    return named


def are_fractions(shares: object) -> bool:
    """Whether ``shares`` are such, as `parse_fractions` gives them."""
    if not isinstance(shares, dict) or shares.keys() != set(SPLITS):
        return False
    numbers = list(shares.values())
    return all(type(share) in (int, float) and 0 <= share <= 1 for share in numbers) and abs(sum(numbers) - 1) <= 1e-6


def tokens(member: Member, keys: Sequence[str] | None = None) -> list[Token]:
    """What ``member`` shows, as (key, value) pairs; never empty. ``keys`` replaces the rule above."""
    if keys is None:
        keys = CONTENT_KEYS if member.source in RENDERED else (*CONTENT_KEYS, "hdri")
        fallback: Sequence[str] = ("hdri",)
    else:
        fallback = ()
    for choice in (keys, fallback):
        found = [(key, member.scene[key]) for key in choice if member.scene.get(key)]
        if found:
            return found
    return [("series", member.id)]


def group(members: Iterable[Member], keys: Sequence[str] | None = None) -> list[list[Member]]:
    """Members that share a token, directly or through others; groups in the order of their key's SHA-256."""
    parent: dict[Token, Token] = {}

    def root(token: Token) -> Token:
        while parent.setdefault(token, token) != token:
            parent[token] = parent[parent[token]]
            token = parent[token]
        return token

    first: dict[str, Token] = {}
    listed = sorted(members, key=lambda member: member.id)
    for member in listed:
        own = tokens(member, keys)
        first[member.id] = own[0]
        for other in own[1:]:
            one, two = sorted((root(own[0]), root(other)))
            parent[two] = one
    groups: dict[Token, list[Member]] = defaultdict(list)
    for member in listed:
        groups[root(first[member.id])].append(member)
    return [groups[token] for token in sorted(groups, key=lambda token: hashlib.sha256("=".join(token).encode()).digest())]


def assign(
    members: Iterable[Member],
    fractions: Mapping[str, float],
    keys: Sequence[str] | None = None,
    previous: Mapping[Token, str] | None = None,
) -> dict[str, str]:
    """The split of every series, by id.

    Attributes are shared out one by one, the rarest first: each group, the largest first and equal ones in hash order, goes to
    the split that is furthest below its share of that attribute's frames, and every split gets a group of each attribute that
    has enough of them.
    Groups that ``previous`` (token → split) knows keep their split, so that a growing dataset never leaks.

    Raises:
        ManifestError: a new series ties groups of two splits together.
    """
    groups = group(members, keys)
    placed: dict[int, str] = {}
    for number, entry in enumerate(groups):
        known = _known_split(entry, keys, previous or {})
        if known is not None:
            placed[number] = known
    wanted = [split for split in SPLITS if fractions[split] > 0]
    varying: dict[str, list[int]] = defaultdict(list)
    for number, entry in enumerate(groups):
        for name in sorted({name for member in entry for name in member.varies}):
            varying[name].append(number)
    for name in sorted(varying, key=lambda name: (len(varying[name]), name)):
        _share_out(name, varying[name], groups, placed, fractions=fractions, wanted=wanted)
    return {member.id: placed[number] for number, entry in enumerate(groups) for member in entry}


def lacking(members: Iterable[Member], splits: Mapping[str, str], fractions: Mapping[str, float]) -> list[str]:
    """A line for every split that was asked for and has nothing, and for every attribute that a filled split lacks."""
    held: dict[str, set[str]] = {split: set() for split in SPLITS if fractions[split] > 0}
    every: set[str] = set()
    for member in members:
        held.setdefault(splits[member.id], set()).update(member.varies)
        every.update(member.varies)
    lines = []
    for split, names in held.items():
        if not names:
            lines.append(f"the {split} split is empty: there are too few scenes to share; add some or change --split")
        elif every - names:
            lacks = ", ".join(sorted(every - names))
            why = "too few scenes vary it, or they keep an earlier split (--fresh-split deals all anew)"
            lines.append(f"the {split} split has no {lacks}: {why}")
    return lines


def _known_split(entry: Sequence[Member], keys: Sequence[str] | None, previous: Mapping[Token, str]) -> str | None:
    known = {previous[token]: token for member in entry for token in tokens(member, keys) if token in previous}
    if len(known) > 1:
        tied = " and ".join(f"{key}={value} ({split})" for split, (key, value) in sorted(known.items()))
        raise ManifestError(
            f"scenes that were in different splits are now tied together: {tied}; "
            "remove the series that shows both, choose other --split-by keys, or start over with --fresh-split"
        )
    return next(iter(known), None)


def _share_out(
    name: str,
    numbers: Sequence[int],
    groups: Sequence[Sequence[Member]],
    placed: dict[int, str],
    *,
    fractions: Mapping[str, float],
    wanted: Sequence[str],
) -> None:
    """Place the groups that vary attribute ``name`` and have no split yet."""
    weight = {number: sum(member.frames for member in groups[number] if name in member.varies) for number in numbers}
    total, held = sum(weight.values()), dict.fromkeys(SPLITS, 0)
    for number in numbers:
        if number in placed:
            held[placed[number]] += weight[number]
    free = sorted((number for number in numbers if number not in placed), key=lambda number: -weight[number])
    for at, number in enumerate(free):
        empty = [split for split in wanted if not held[split]]
        must = len(numbers) >= len(wanted) and len(free) - at <= len(empty)
        choices = empty if must else wanted
        best = max(choices, key=lambda split: fractions[split] * total - held[split])
        placed[number] = best
        held[best] += weight[number]
