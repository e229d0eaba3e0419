import os
import time

import pytest

from capture.sorting.listing import list_files
from cat_dataset.errors import InputError


def fill(folder, *names):
    folder.mkdir(exist_ok=True)
    for name in names:
        (folder / name).write_bytes(b"x")
    return folder


def names(paths):
    return [path.name for path in paths]


def test_what_is_read_and_what_is_only_named(tmp_path):
    folder = fill(
        tmp_path / "card", "b.CR2", "a.jpg", "c.tiff", "d.HEIC", "e.png", "f.exr", "notes.txt", "x.xmp", ".hidden.jpg", "scene.yaml"
    )
    (folder / "sub").mkdir()
    found = list_files(folder)
    assert names(found.files) == ["a.jpg", "b.CR2", "c.tiff", "d.HEIC"]
    assert (found.unread, found.others, found.side_car) == (("e.png", "f.exr"), 2, folder / "scene.yaml")
    text = "\n".join(found.notes)
    assert "pictures of a kind that no camera writes are not read (1): e.png" in text
    assert "from one picture (1)" in text
    assert "2 other files are ignored" in text
    assert "scene.yaml" not in text


def test_of_twins_the_better_kind_is_used(tmp_path):
    folder = fill(
        tmp_path / "card", "1.CR2", "1.JPG", "2.nef", "2.heic", "2.jpg", "3.tif", "3.jpg", "4.heic", "4.JPEG", "5.cr2", "5.dng", "6.jpg"
    )
    found = list_files(folder)
    assert names(found.files) == ["1.CR2", "2.nef", "3.tif", "4.heic", "5.cr2", "6.jpg"]
    assert {best.name: names(others) for best, others in found.twins.items()} == {
        "1.CR2": ["1.JPG"], "2.nef": ["2.heic", "2.jpg"], "3.tif": ["3.jpg"], "4.heic": ["4.JPEG"], "5.cr2": ["5.dng"],
    }  # fmt: skip
    assert found.stand_in(folder / "2.nef") == "2.heic of the same name lies beside it: move 2.nef away to use that"
    assert found.stand_in(folder / "6.jpg") == ""
    text = "\n".join(found.notes)
    assert "2 JPEGs lie beside a RAW file of the same name; the RAW files are used" in text
    assert "1 HEIC files lie beside a RAW file" in text
    assert "1 DNGs lie beside another RAW file" in text


def test_two_jpegs_whose_names_differ_in_case_are_two_pictures(tmp_path):
    found = list_files(fill(tmp_path / "card", "a.jpg", "A.JPG", "a.jpeg"))
    assert (len(found.files), found.twins) == (3, {})


def test_links_in_a_circle_are_read_and_so_named_pipes_never(tmp_path):
    folder = fill(tmp_path / "card", "a.jpg")
    (folder / "loop.jpg").symlink_to(folder / "loop.jpg")
    (folder / "gone.jpg").symlink_to(tmp_path / "nowhere.jpg")
    (folder / "folder.jpg").symlink_to(folder)
    os.mkfifo(folder / "pipe.jpg")
    found = list_files(folder)
    assert names(found.files) == ["a.jpg", "gone.jpg", "loop.jpg"]
    assert found.odd == ("pipe.jpg",)
    assert "entries that are no files are left alone (1): pipe.jpg" in found.notes


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda p: p / "missing", "does not exist; check the path"),
        (lambda p: fill(p, "file.jpg") / "file.jpg", "is a file; give the folder"),
        (lambda p: fill(p / "empty"), "no camera files .RAW, JPEG, TIFF or HEIC.; give the folder they lie in"),
        (lambda p: fill(p / "texts", "a.txt"), "no camera files .* .1 other file is ignored."),
        (lambda p: fill(p / "half", "a.jpg", ".incomplete"), "was not finished by capture.simulate"),
        (lambda p: fill(p, "loop") and p / "\udc80bad", "name that is not valid text"),
    ],
)
def test_folders_that_hold_nothing(tmp_path, make, says):
    with pytest.raises(InputError, match=says):
        list_files(make(tmp_path))


def test_a_folder_of_folders_names_them(tmp_path):
    (tmp_path / "day1").mkdir()
    with pytest.raises(InputError, match="its subfolders may have"):
        list_files(tmp_path)


def test_a_name_that_is_no_text_is_left_out_by_name(tmp_path):
    try:
        open(os.fsencode(tmp_path) + b"/\xff\xfe.jpg", "wb").close()
    except OSError:
        pytest.skip("this file system takes text alone")
    with pytest.raises(InputError, match=r"no camera files .*not valid text; rename them: .*udcff"):
        list_files(tmp_path)
    fill(tmp_path, "a.jpg")
    found = list_files(tmp_path)
    assert [path.name for path in found.files] == ["a.jpg"]
    assert "udcff" in found.notes[0]


def test_a_folder_in_a_circle_of_links(tmp_path):
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    with pytest.raises(InputError, match=r"cannot be looked into|does not exist"):
        list_files(tmp_path / "loop")


def test_five_thousand_mixed_files_take_under_a_second(tmp_path):
    suffixes = ("CR2", "JPG", "txt", "png", "heic")
    fill(tmp_path, *(f"IMG_{index // 2:05d}.{suffixes[index % 5]}" for index in range(5000)))
    start = time.process_time()
    found = list_files(tmp_path)
    assert time.process_time() - start < 1
    assert len(found.files) + sum(len(t) for t in found.twins.values()) + found.others + len(found.unread) == len(os.listdir(tmp_path))
