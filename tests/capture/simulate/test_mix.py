"""Several series in one folder, white-balance modes, and the truth, by the command's flags."""

import json
from itertools import pairwise

import numpy as np
import OpenEXR
import pytest
from typer.testing import CliRunner

from capture.simulate.command import app
from capture.simulate.mix import Part, parse_mix
from cat_dataset.errors import UsageError
from tests.capture.simulate.looking import files, green, number, raw, tags


@pytest.fixture(scope="module")
def sky(tmp_path_factory):
    path = tmp_path_factory.mktemp("sky") / "sky.exr"
    light = np.random.default_rng(0).uniform(0.05, 4, (64, 128, 3)).astype(np.float32)
    OpenEXR.File({"type": OpenEXR.scanlineimage}, {"RGB": light}).write(str(path))
    return path


def command(*arguments):
    done = CliRunner().invoke(app, [*map(str, arguments)])
    return done.exit_code, done.output


def test_series_follow_each_other_in_one_folder(tmp_path, sky):
    out = tmp_path / "card"
    mix = "iso:3,exposure:4@0,aperture:2@5"
    status, _ = command("--out", out, "--hdri", sky, "--size", 64, 48, "--mix", mix, "--truth", tmp_path / "truth.jsonl")
    assert status == 0
    paths = files(out)
    assert [path.name for path in paths] == [f"cat_{index:04d}.dng" for index in range(1, 10)]
    told = [json.loads(line) for line in (tmp_path / "truth.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [one["file"] for one in told] == [path.name for path in paths]
    assert [one["varies"] for one in told] == ["iso"] * 3 + ["exposure"] * 4 + ["aperture"] * 2
    assert [one["scene"] for one in told] == ["sky_00"] * 7 + ["sky_05"] * 2
    assert [one["series"] for one in told] == [0] * 3 + [1] * 4 + [2] * 2
    for path, one in zip(paths, told, strict=True):
        assert number(path, "EXIF ISOSpeedRatings") == one["done"]["iso"]
        assert number(path, "EXIF ExposureTime") == pytest.approx(one["done"]["shutter"])
        assert "Image ImageDescription" not in tags(path)
    times = [str(tags(path)["EXIF DateTimeOriginal"])[-5:] for path in paths]
    seconds = [60 * int(time[:2]) + int(time[3:]) for time in times]
    assert [after - before for before, after in pairwise(seconds)] == [1, 1, 61, 1, 1, 1, 61, 1]


def test_a_mix_is_read():
    assert parse_mix("iso:5,exposure@3,aperture", 4) == [Part("iso", 5, 0), Part("exposure", 4, 3), Part("aperture", 4, 2)]
    for wrong in ("iso:x", "contrast", "iso,,iso", "iso@-1"):
        with pytest.raises(UsageError, match="--mix"):
            parse_mix(wrong, None)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--mix", "iso", "--scenes", 2), "--mix takes neither"),
        (("--trap", "shaek"), "did you mean shake"),
        (("--white-balance", "warm"), "manual, auto, preset"),
        (("--depth", "z.exr"), "--picture"),
        (("--distance-scale", 0), "0.01"),
        (("--hot-pixels", 2), "--hot-pixels"),
        (("--vary", "white_balance", "--white-balance", "preset", "--frames", 6), "5 presets"),
    ],
)
def test_impossible_flags_are_one_clear_line(tmp_path, sky, arguments, says):
    hdri = () if "--depth" in arguments else ("--hdri", sky)
    status, output = command("--out", tmp_path / "out", *hdri, *arguments)
    assert status == 2
    assert says in output
    assert not (tmp_path / "out").exists()


def test_the_truth_is_kept_out_of_the_pictures(tmp_path, sky):
    common = ("--out", tmp_path / "out", "--hdri", sky, "--size", 64, 48, "--frames", 2, "--trap", "drift=-1")
    status, output = command(*common, "--truth", tmp_path / "out" / "truth.jsonl")
    assert status == 2
    assert "put it elsewhere" in output
    done = CliRunner().invoke(app, [*map(str, common), "--truth", "-"])
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [one["traps"][0]["light_ev"] for one in lines] == [0, -1]


def test_presets_are_named_by_their_light_source(tmp_path, sky):
    common = ("--hdri", sky, "--size", 64, 48, "--vary", "white_balance")
    assert command("--out", tmp_path / "preset", *common, "--white-balance", "preset")[0] == 0
    paths = files(tmp_path / "preset")
    assert [number(path, "EXIF LightSource") for path in paths] == [3, 14, 1, 10, 11]
    assert {str(tags(path)["EXIF WhiteBalance"]) for path in paths} == {"Manual"}
    assert all(np.array_equal(raw(paths[0]), raw(path)) for path in paths[1:])
    assert command("--out", tmp_path / "auto", *common, "--white-balance", "auto", "--frames", 2)[0] == 0
    assert {str(tags(path)["EXIF WhiteBalance"]) for path in files(tmp_path / "auto")} == {"Auto"}
    assert command("--out", tmp_path / "drift", "--hdri", sky, "--size", 64, 48, "--white-balance", "auto", "--frames", 3)[0] == 0
    assert len({str(tags(path)["Image Tag 0xC628"]) for path in files(tmp_path / "drift")}) == 3


def test_compensation_moves_the_shutter_and_says_so(tmp_path, sky):
    common = ("--hdri", sky, "--size", 64, 48)
    assert command("--out", tmp_path / "c", *common, "--vary", "compensation", "--range", -2, 2, "--frames", 5)[0] == 0
    paths = files(tmp_path / "c")
    assert [number(path, "EXIF ExposureBiasValue") for path in paths] == [-2, -1, 0, 1, 2]
    shutters = [number(path, "EXIF ExposureTime") for path in paths]
    assert np.diff(np.log2(shutters)) == pytest.approx([1] * 4, abs=0.01)
    assert {str(tags(path)["EXIF ExposureProgram"]) for path in paths} == {"Aperture Priority"}


def test_a_cycles_picture_with_its_depth_is_the_scene(tmp_path):
    """Fine stripes, near on the left and at Cycles' background depth on the right: each focus makes one half sharp."""
    stripes = np.where(np.arange(128) // 2 % 2, 1.0, 0.2).astype(np.float32)[None, :, None].repeat(64, axis=0).repeat(3, axis=2)
    depth = np.where(np.arange(128) < 64, 0.8, 1e10)[None].repeat(64, axis=0).astype(np.float32)
    for name, channels in (("p", {"RGB": stripes}), ("z", {"Z": depth}), ("small", {"Z": depth[:32]})):
        OpenEXR.File({"type": OpenEXR.scanlineimage}, channels).write(str(tmp_path / f"{name}.exr"))
    status, output = command("--out", tmp_path / "out", "--picture", tmp_path / "p.exr", "--depth", tmp_path / "z.exr", "--vary",
                             "focus_distance", "--range", 0.8, 1000, "--frames", 2, "--focal-length", 100)  # fmt: skip
    assert status == 0, output
    contrast = []
    for path in files(tmp_path / "out"):
        mean = green(path).astype(float).mean(axis=0)
        contrast.append((mean[4:24].std(), mean[40:60].std()))
    (near_sharp, far_blurred), (near_blurred, far_sharp) = contrast
    assert near_sharp > 5 * near_blurred
    assert far_sharp > 5 * far_blurred
    whole = [
        OpenEXR.Part({}, {"ViewLayer.Combined": np.dstack([stripes, depth])}, "a"),
        OpenEXR.Part({}, {"ViewLayer.Depth.Z": depth}, "b"),
    ]
    layers = tmp_path / "layers" / "p.exr"
    layers.parent.mkdir()
    OpenEXR.File(whole).write(str(layers))
    status, output = command("--out", tmp_path / "two", "--picture", layers, "--depth", layers, "--vary", "focus_distance",
                             "--range", 0.8, 1000, "--frames", 2, "--focal-length", 100)  # fmt: skip
    assert status == 0, output
    assert [path.read_bytes() for path in files(tmp_path / "two")] == [path.read_bytes() for path in files(tmp_path / "out")]
    status, output = command("--out", tmp_path / "x", "--picture", tmp_path / "p.exr", "--trap", "stray")
    assert (status, "needs another scene" in output, (tmp_path / "x").exists()) == (2, True, False)
    status, output = command("--out", tmp_path / "x", "--picture", tmp_path / "p.exr", "--depth", tmp_path / "small.exr")
    assert (status, "128×32" in output) == (2, True)
    status, output = command("--out", tmp_path / "x", "--picture", tmp_path / "p.exr", "--depth", tmp_path / "p.exr")
    assert (status, "no depth (Z)" in output) == (2, True)


def test_the_list_of_traps_says_what_their_strengths_mean():
    status, output = command("--traps")
    assert status == 0
    assert any(line.startswith("shake") and "6/0.3" in line and "pixels" in line for line in output.splitlines())


def test_help_can_be_shown():
    status, output = command("--help")
    assert status == 0
    assert "--trap" in output
    assert "NAME:2=STRENGTH" in " ".join(output.replace("│", " ").split())
