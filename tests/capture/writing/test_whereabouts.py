import pytest

from capture.writing.whereabouts import recall, remember
from cat_dataset.errors import InputError


def test_the_folder_of_a_series_is_noted_beside_it(tmp_path):
    series, folder = tmp_path / "series" / "one", tmp_path / "card"
    series.mkdir(parents=True)
    (series / "series.json").write_bytes(b"{}")
    folder.mkdir()
    remember(series, folder)
    remember(series, folder)
    assert recall(series) == folder
    assert [path.name for path in series.iterdir()] == ["series.json"]
    folder.rmdir()
    with pytest.raises(InputError, match="which is gone"):
        recall(series)


@pytest.mark.parametrize("content", [b"", b"[]", b'{"folder": 3}', b"\xff"])
def test_a_damaged_note_is_no_note(tmp_path, content):
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "series.json").write_bytes(b"{}")
    (tmp_path / ".one.source.json").write_bytes(content)
    with pytest.raises(InputError, match="not known here"):
        recall(tmp_path / "one")
