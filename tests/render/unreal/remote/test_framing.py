from __future__ import annotations

import json
import random
from typing import Any

import pytest

from render.unreal.errors import BadReply
from render.unreal.remote import framing
from render.unreal.remote.framing import Framer

MESSAGES: list[dict[str, Any]] = [
    {"type": "command_result", "data": {"result": 'a "quoted" {brace} \\ and \\" both', "output": []}},
    {"text": "é € 🙂 }{", "deep": {"deeper": {"deepest": [1, -2.5e3, None, True, "}"]}}},
    {"": "\\", "slashes": "\\\\", "escape": "\u0000\n\t"},
    {},
]


def fed(data: bytes, sizes: list[int]) -> list[dict[str, Any]]:
    framer, found, at = Framer(), [], 0
    for size in sizes:
        found += framer.feed(data[at : at + size])
        at += size
    found += framer.feed(data[at:])
    assert framer.waiting == 0
    return found


@pytest.mark.parametrize("ascii_only", [True, False])
def test_objects_are_found_however_the_stream_is_cut(ascii_only: bool) -> None:
    data = b" \r\n".join(json.dumps(message, ensure_ascii=ascii_only).encode() for message in MESSAGES)
    for step in (1, 2, 3, 5, 7, 64, len(data)):
        assert fed(data, [step] * (len(data) // step)) == MESSAGES
    generator = random.Random(5)
    for _ in range(50):
        assert fed(data, [generator.randrange(9) for _ in range(60)]) == MESSAGES


def test_every_place_to_cut() -> None:
    data = json.dumps(MESSAGES[0], ensure_ascii=False).encode()
    assert all(fed(data, [place]) == [MESSAGES[0]] for place in range(len(data)))


def test_a_long_answer_is_parsed_once_and_scanned_once(monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[int] = []
    loads = json.loads
    monkeypatch.setattr(framing.json, "loads", lambda text: parsed.append(len(text)) or loads(text))
    scanned = 0
    end = Framer._string_end

    def counting(framer: Framer) -> int:
        nonlocal scanned
        stop = end(framer)
        scanned += stop - framer._at
        return stop

    monkeypatch.setattr(Framer, "_string_end", counting)
    data = json.dumps({"result": '{"a": "b"}}' * 20_000}).encode()
    assert len(fed(data, [1000] * (len(data) // 1000))) == 1
    assert parsed == [len(data)]
    assert scanned <= len(data)


@pytest.mark.parametrize(
    "data", [b"[1]", b"null", b"}", b'"text"', b"HTTP/1.1 400\r\n", b'{"a": }', b'{"a": "\xe9"}', b'{"a": \\', b"\x00"]
)
def test_what_is_not_a_json_object_is_refused(data: bytes) -> None:
    with pytest.raises(BadReply, match="not JSON"):
        list(Framer().feed(data))


def test_too_deep_is_refused() -> None:
    with pytest.raises(BadReply, match="not JSON"):
        list(Framer().feed(b'{"a":' * 100_000 + b"1" + b"}" * 100_000))


def test_a_longer_answer_than_the_limit_is_refused_before_its_end() -> None:
    framer = Framer(limit=100)
    with pytest.raises(BadReply, match="longer than 100 bytes"):
        list(framer.feed(b'{"a": "' + b"x" * 100))
