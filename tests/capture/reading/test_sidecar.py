from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from capture.reading.formats import Kind
from capture.reading.merge import merged
from capture.reading.shot import Reading, Shot, Statement
from capture.reading.sidecar import read_side_car
from cat_dataset.errors import InputError


def _folder(tmp_path: Path, text: str | bytes, names=("a.dng", "b.dng", "c.dng")) -> Path:
    for name in names:
        (tmp_path / name).touch()
    (tmp_path / "scene.yaml").write_bytes(text if isinstance(text, bytes) else text.encode())
    return tmp_path


def _shot(folder: Path, name: str, seconds: float, **numbers: float) -> Shot:
    return merged(Shot(folder / name, Kind.RAW, 96, 64, ""), [Statement("exif", {"seconds": seconds, **numbers})])


def test_no_side_car_and_an_empty_one(tmp_path):
    assert read_side_car(tmp_path) is None
    assert read_side_car(_folder(tmp_path, "# nothing\n")).apply([]) == []


def test_what_it_says_fills_and_overrules(tmp_path):
    folder = _folder(
        tmp_path,
        """
        object: red car
        scene: garage 3
        hdri: studio
        kind: exposure
        lens: Helios 44-2
        frames:
          a.dng: {f_number: 2.8, shutter: 1/60, iso: 100, kelvin: 5200, focal_length: 58, focus_distance: 1.2, exposure: -1}
          b.dng: {iso: 200}
        leave_out: [c.dng]
        """,
    )
    car = read_side_car(folder)
    assert (car.object, car.scene, car.hdri, car.attribute, car.lens) == ("red car", "garage 3", "studio", "exposure", "Helios 44-2")
    shots = [_shot(folder, "a.dng", 4e8, iso=100), _shot(folder, "b.dng", 4e8 + 1, iso=400), _shot(folder, "c.dng", 4e8 + 2)]
    a, b = car.apply(shots)
    assert a.iso == Reading(100.0, "side-car")
    assert (a.f_number.value, a.shutter.value, a.kelvin.value, a.focal_length.value) == (2.8, pytest.approx(1 / 60), 5200.0, 58.0)
    assert (a.focus_distance.value, a.compensation.value, a.lens) == (1.2, -1.0, "Helios 44-2")
    assert b.iso == Reading(200.0, "side-car", {"exif": 400.0})
    assert (b.f_number, b.kelvin, b.lens) == (None, None, "Helios 44-2")


def test_an_overruled_kelvin_is_kept_beside(tmp_path):
    folder = _folder(tmp_path, "frames: {a.dng: {kelvin: 5000}, b.dng: {kelvin: 5000}}")
    shots = [
        Shot(folder / name, Kind.RAW, 9, 9, "", kelvin=Reading(kelvin, "computed"))
        for name, kelvin in (("a.dng", 4000.0), ("b.dng", 5020.0))
    ]
    a, b = read_side_car(folder).apply(shots)
    assert (a.kelvin, b.kelvin) == (Reading(5000.0, "side-car", {"computed": 4000.0}), Reading(5000.0, "side-car"))


def test_f_numbers_go_by_the_order_of_capture(tmp_path):
    folder = _folder(tmp_path, "f_numbers: [2, 2.8, 4]\nframes: {c.dng: {f_number: 5.6}}")
    shots = [_shot(folder, "a.dng", 4e8 + 2), _shot(folder, "b.dng", 4e8), _shot(folder, "c.dng", 4e8 + 1)]
    assert [shot.f_number.value for shot in read_side_car(folder).apply(shots)] == [4.0, 2.0, 5.6]
    with pytest.raises(InputError, match="3 f_numbers for 2 pictures"):
        read_side_car(folder).apply(shots[:2])


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("objct: car", "no key 'objct'; did you mean object"),
        ("frames: {a.dngg: {iso: 100}}", "no file 'a.dngg'; did you mean a.dng"),
        ("frames: {../../etc/passwd: {iso: 100}}", "no file '../../etc/passwd'; known are a.dng"),
        ("frames: {a.dng: {isso: 100}}", "no key of a.dng 'isso'; did you mean iso"),
        ("frames: {a.dng: {iso: many}}", "a.dng: iso is 'many', which is no number"),
        ("frames: {a.dng: {iso: true}}", "no number"),
        ("frames: {a.dng: {iso: .nan}}", "no number"),
        ("frames: {a.dng: {iso: [1]}}", "no number"),
        ("frames: {a.dng: {shutter: 1/0}}", "no number"),
        ("frames: {a.dng: {shutter: -1}}", "must lie within"),
        ("frames: {a.dng: {exposure: 99}}", "must lie within -20 to 20"),
        ("frames: {a.dng: 5}", "must be a list of 'key: value' lines"),
        ("frames: [a.dng]", "frames must be a list of"),
        ("leave_out: a.dng", "leave_out must be a list"),
        ("leave_out: [x.dng]", "no file 'x.dng'"),
        ("f_numbers: 4", "f_numbers must be a list"),
        ("f_numbers: [0]", "must lie within"),
        ("object: [a]", "object must be 1 to 60 printable"),
        ("object: ''", "object must be 1 to 60 printable"),
        ('object: "a\\x1b[0m"', "object must be 1 to 60 printable"),
        (f"object: {'x' * 61}", "object must be 1 to 60 printable"),
        ("object: a\nobject: b", "'object' is given twice"),
        ("object: !!python/object/apply:os.system ['true']", "not valid YAML"),
        ("- a", "must be a list of 'key: value' lines"),
        ("a: b: c", "not valid YAML"),
        ("[" * 1200, "recursion|not valid YAML"),
        ("? [a]\n: b", "not valid YAML"),
        (f"frames: {{a.dng: {{iso: 0x{'f' * 5000}}}}}", "too many digits"),
        (b"\xff\xfe", "not valid YAML"),
        (b"#" * (1 << 20) + b"##", "more than 1 MiB"),
    ],
)
def test_what_is_refused(tmp_path, text, says):
    with pytest.raises(InputError, match=says) as caught:
        read_side_car(_folder(tmp_path, text))
    assert "scene.yaml" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "\x1b" not in str(caught.value)


short = st.text(max_size=5)
values = st.recursive(
    st.none() | st.booleans() | st.floats() | short,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(short, inner, max_size=3),
)
keys = st.sampled_from(("object", "scene", "kind", "lens", "frames", "f_numbers", "leave_out", "other"))


@settings(max_examples=40, deadline=None)
@given(st.dictionaries(keys, values, max_size=4))
def test_any_yaml_is_a_side_car_or_an_input_error(tmp_path_factory, found):
    folder = tmp_path_factory.getbasetemp() / "yaml"
    folder.mkdir(exist_ok=True)
    try:
        read_side_car(_folder(folder, yaml.safe_dump(found)))
    except InputError as error:
        assert "\n" not in str(error)
