import json

from capture.writing.workbook import JOURNAL, Workbook


def test_made_frames_are_found_again(tmp_path):
    book = Workbook(tmp_path, {"a": 1})
    book.put(3, "s", b"png", {"seen": [1, None]})
    again = Workbook(tmp_path, {"a": 1})
    assert again.holds(3, "s")
    assert again.done[3]["facts"] == {"seen": [1, None]}
    assert not again.holds(2, "s")
    assert not again.holds(3, "another file")


def test_other_settings_begin_anew(tmp_path):
    Workbook(tmp_path, {"a": 1}).put(3, "s", b"png", {})
    other = Workbook(tmp_path, {"a": 2})
    assert not other.done
    assert not other.picture(3).exists()


def test_torn_and_foreign_lines_are_dropped(tmp_path):
    book = Workbook(tmp_path, {})
    book.put(0, "s", b"zero", {})
    book.put(1, "s", b"one", {})
    with open(tmp_path / JOURNAL, "ab") as stream:
        stream.write(b'[1]\n{"index": true, "sha256": "x", "facts": {}}\n\xff\xfe\n' + json.dumps({"index": 2, "sha256": "x"}).encode())
    again = Workbook(tmp_path, {})
    assert sorted(again.done) == [0, 1]
    again.put(2, "s", b"two", {})
    assert sorted(Workbook(tmp_path, {}).done) == [0, 1, 2]


def test_a_picture_that_changed_does_not_count(tmp_path):
    book = Workbook(tmp_path, {})
    book.put(0, "s", b"zero", {})
    book.picture(0).write_bytes(b"other")
    assert not Workbook(tmp_path, {}).holds(0, "s")
