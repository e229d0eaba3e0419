"""Inputs that cannot be used: one line that names the file and the remedy, exit 2, nothing left behind."""

from __future__ import annotations

import shutil
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cat_dataset.errors import InputError
from render.blender.assets.files import check_asset
from render.blender.assets.mesh_files import mtl_textures
from render.blender.assets.policy import AssetPolicy
from render.blender.picture.exr import write_exr
from render.blender.stage.sky_files import check_sky
from tests.render.runs import TINY, error_lines, in_turn, rotate, tiny_under

LENGTHS_KNOWN = ["toy.fbx", "toy.glb", "toy.blend", "toy.usdc", "toy.stl", "text.stl", "toy.ply", "text.ply"]


def cut(source: Path, target: Path, share: float) -> Path:
    """The first ``share`` of a file."""
    data = source.read_bytes()
    target.write_bytes(data[: int(len(data) * share)])
    return target


@pytest.mark.parametrize("name", [*LENGTHS_KNOWN, "toy.obj", "gltf/toy.gltf"])
def test_whole_assets_pass_the_checks(assets: Path, name: str) -> None:
    companions = check_asset(assets / name)
    assert all(len(digest) == 64 for digest in companions.values())
    assert list(companions) == {"toy.obj": ["toy.mtl"], "gltf/toy.gltf": ["toy.bin"]}.get(name, [])


@pytest.mark.parametrize("share", [0.002, 0.1, 0.5, 0.99])
@pytest.mark.parametrize("name", LENGTHS_KNOWN)
def test_cut_off_assets_are_recognised_without_blender(assets: Path, tmp_path: Path, name: str, share: float) -> None:
    with pytest.raises(InputError, match=r"cut off|is not a"):
        check_asset(cut(assets / name, tmp_path / name, share))


@pytest.mark.parametrize("share", [0.02, 0.3, 0.97])
@pytest.mark.parametrize("name", ["small.hdr"])
def test_cut_off_radiance_skies_are_recognised_without_blender(assets: Path, tmp_path: Path, name: str, share: float) -> None:
    assert check_sky(assets / name) == {}
    with pytest.raises(InputError, match="cut off"):
        check_sky(cut(assets / name, tmp_path / name, share))


@settings(max_examples=200, deadline=None)
@given(
    data=st.binary(max_size=400),
    kind=st.sampled_from([".fbx", ".glb", ".gltf", ".obj", ".blend", ".usdc", ".usdz", ".ply", ".stl", ".dae"]),
    head=st.integers(0, 12),
)
def test_any_bytes_at_all_give_a_clear_refusal_or_pass(tmp_path_factory: pytest.TempPathFactory, data: bytes, kind: str, head: int) -> None:
    heads = [
        b"",
        b"Kaydara FBX Binary  \x00\x1a\x00\xe8\x1c\x00\x00",
        b"glTF\x02\x00\x00\x00",
        b"BLENDER",
        b"PXR-USDC",
        b"PK\x03\x04",
        b'{"a',
        b"v 0 0 0\nf ",
        b"ply\nformat ascii 1.0\nelement face 1\n",
        b"ply\nformat binary_little_endian 1.0\nelement face 9\nproperty list uchar int vertex_indices\nend_header\n",
        b"solid \nfacet\nendsolid",
        b"\0" * 80,
        b"<COLLADA><triangles count='1'>",
    ]
    path = tmp_path_factory.getbasetemp() / f"any{kind}"
    path.write_bytes(heads[head] + data)
    try:
        check_asset(path)
    except InputError as error:
        assert str(path) in str(error)


def test_a_sky_that_is_no_whole_sphere_is_said(assets: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    check_sky(assets / "small.hdr")
    assert capsys.readouterr().err == ""
    data = (assets / "small.hdr").read_bytes().replace(b"-Y 32 +X 64", b"-Y 16 +X 64")
    (tmp_path / "strip.hdr").write_bytes(data)
    check_sky(tmp_path / "strip.hdr")
    assert "64×16: a whole sphere is twice as wide as high" in capsys.readouterr().err


@settings(max_examples=200, deadline=None)
@given(data=st.binary(max_size=400), head=st.sampled_from([b"", b"\x76\x2f\x31\x01\x02\x00\x00\x00", b"#?RADIANCE\n\n-Y 8 +X 8\n\x02\x02"]))
def test_any_bytes_as_a_sky_give_a_clear_refusal_or_pass(tmp_path_factory: pytest.TempPathFactory, data: bytes, head: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.hdr"
    path.write_bytes(head + data)
    try:
        check_sky(path)
    except InputError as error:
        assert str(path) in str(error)


PLY_HEAD = b"ply\nformat %s 1.0\nelement vertex 3\nproperty float x\nproperty float y\nproperty float z\n"
FACE = b"element face 1\nproperty list uchar int vertex_indices\n"
CORNERS = struct.pack("<9f", 0, 0, 0, 1, 0, 0, 0, 1, 0)
MALFORMED = {
    "nan.obj": (b"v 0 0 nan\nv 1 0 0\nv 0 1 0\nf 1 2 3\n", "not finite"),
    "cloud.ply": (PLY_HEAD % b"ascii" + b"end_header\n0 0 0\n1 0 0\n0 1 0\n", "no mesh with a face"),
    "no_format.ply": (b"ply\n" + FACE + b"end_header\n3 0 1 2\n", "is not a PLY file"),
    "odd.ply": (b"ply\nformat ascii 1.0\nelement face many\nend_header\n", "not PLY"),
    "headless.ply": (PLY_HEAD % b"ascii", "cut off"),
    "half.ply": (PLY_HEAD % b"binary_little_endian" + FACE + b"end_header\n" + CORNERS + b"\3", "cut off"),
    "other.ply": (b"solid", "is not a PLY file"),
    "head_alone.stl": (b"\0" * 80 + struct.pack("<I", 0), "no mesh with a face"),
    "longer.stl": (b"\0" * 80 + struct.pack("<I", 1) + b"\0" * 51, "is not an STL file"),
    "shorter.stl": (b"\0" * 80 + struct.pack("<I", 9) + b"\0" * 50, "cut off"),
    "words.stl": (b"hello", "is not an STL file"),
    "open.stl": (b"solid a\nfacet normal 0 0 1\n", "cut off"),
    "void.stl": (b"solid a\nendsolid a\n", "no mesh with a face"),
    "words.dae": (b"hello", "is not a Collada file"),
    "other.dae": (b"<svg/>", "is not a Collada file"),
    "half.dae": (b"<COLLADA><library_geometries><triangles count='2'><p>0 1", "cut off"),
    "crossed.dae": (b"<COLLADA><a></b></COLLADA>", "is damaged"),
    "void.dae": (b"<COLLADA></COLLADA>", "no mesh with a face"),
    "laughs.dae": (b"<!DOCTYPE COLLADA [<!ENTITY a 'ha'><!ENTITY b '&a;&a;&a;&a;'>]><COLLADA>&b;</COLLADA>", "declares XML entities"),
    "picture.dae": (
        b"<COLLADA><library_images><image><init_from>file://a%20b.png</init_from></image></library_images><triangles count='1'/></COLLADA>",
        "needs a b.png, which is missing",
    ),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed_meshes_are_told_apart_without_blender(tmp_path: Path, name: str) -> None:
    content, wanted = MALFORMED[name]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=wanted):
        check_asset(tmp_path / name)


def test_a_binary_stl_may_begin_with_the_word_of_a_text_one(tmp_path: Path) -> None:
    (tmp_path / "a.stl").write_bytes(b"solid part".ljust(80) + struct.pack("<I", 1) + b"\0" * 50)
    assert check_asset(tmp_path / "a.stl") == {}


def test_too_many_triangles_are_seen_before_anything_is_loaded(assets: Path) -> None:
    for name in ("toy.glb", "toy.obj", "toy.stl", "text.stl", "toy.ply", "gltf/toy.gltf"):
        with pytest.raises(InputError, match=r"more than the 1,000 of --max-polygons"):
            check_asset(assets / name, AssetPolicy(max_polygons=1000))
        assert isinstance(check_asset(assets / name, AssetPolicy(max_polygons=1000, too_many="decimate")), dict)


def test_options_in_front_of_a_texture_are_not_part_of_its_name(tmp_path: Path) -> None:
    lines = ["map_Kd -s 1 2 3 -clamp on my paint.png", "map_Bump -bm 0.5 bump.png", "map_d -o 0.1 alpha.png", "Kd 1 1 1"]
    (tmp_path / "a.mtl").write_text("\n".join(lines), encoding="utf-8")
    assert mtl_textures(tmp_path / "a.mtl") == ["my paint.png", "bump.png", "alpha.png"]


def with_missing_texture(assets: Path, folder: Path) -> Path:
    shutil.copy(assets / "toy.obj", folder)
    (folder / "toy.mtl").write_text("newmtl car_0\nmap_Kd colours/paint.png\n", encoding="utf-8")
    return folder / "toy.obj"


def without_buffer(assets: Path, folder: Path) -> Path:
    return Path(shutil.copy(assets / "gltf" / "toy.gltf", folder))


def written(name: str, content: str) -> Callable[[Path, Path], Path]:
    def make(_: Path, folder: Path) -> Path:
        (folder / name).write_text(content, encoding="utf-8")
        return folder / name

    return make


BAD_ASSETS: dict[str, tuple[Callable[[Path, Path], Path], str]] = {
    "absent": (lambda assets, folder: folder / "absent.glb", "does not exist"),
    "unsupported": (written("scan.step", "solid"), "not a supported asset"),
    "empty file": (written("void.fbx", ""), "is empty"),
    "empty folder": (lambda assets, folder: folder, "holds no asset"),
    "another format": (written("text.fbx", "hello"), "is not an FBX file"),
    "no face": (written("points.obj", "v 0 0 0\nv 1 0 0\n"), "no mesh with a face"),
    "face of missing vertices": (written("torn.obj", "v 0 0 0\nv 1 0 0\nf 1 2 3\n"), "only 2 vertices"),
    "one point": (written("point.obj", "v 1 1 1\nv 1 1 1\nv 1 1 1\nf 1 2 3\n"), "no extent"),
    "not finite": (lambda assets, folder: assets / "nan.blend", "not finite"),
    "missing texture": (with_missing_texture, "needs colours/paint.png, which is missing"),
    "missing buffer": (without_buffer, "needs toy.bin, which is missing"),
    "missing texture of an FBX": (lambda assets, folder: assets / "textured.fbx", "needs the texture paint.png"),
    "FBX without a mesh": (lambda assets, folder: assets / "empty.fbx", "holds no mesh with a face"),
    "GLB without a mesh": (lambda assets, folder: assets / "camera_only.glb", "holds no mesh with a face"),
    "damaged inside": (lambda assets, folder: damaged(assets / "toy.blend", folder / "toy.blend"), "cannot be imported|holds no mesh"),
}


def damaged(source: Path, target: Path) -> Path:
    """A .blend whose ends are right and whose middle is not."""
    data = bytearray(source.read_bytes())
    data[100:-200] = bytes(len(data) - 300)
    target.write_bytes(bytes(data))
    return target


Refused = dict[str, tuple[Path, Path, subprocess.CompletedProcess[str]]]
"""By case: the bad file, the folder for the series, and how the sweep ended."""


@pytest.fixture(scope="module")
def refused_assets(assets: Path, tmp_path_factory: pytest.TempPathFactory) -> Refused:
    folders = {case: tmp_path_factory.mktemp("bad") for case in BAD_ASSETS}
    for folder in folders.values():
        (folder / "inputs").mkdir()
    paths = {case: make(assets, folders[case] / "inputs") for case, (make, _) in BAD_ASSETS.items()}
    runs = in_turn([["rotate", *TINY, "--asset", path, "--out", folders[case] / "series"] for case, path in paths.items()])
    return {case: (path, folders[case] / "series", run) for (case, path), run in zip(paths.items(), runs, strict=True)}


@pytest.mark.parametrize("case", BAD_ASSETS)
def test_a_bad_asset_gives_one_line_and_leaves_nothing(case: str, refused_assets: Refused) -> None:
    path, series, run = refused_assets[case]
    assert run.returncode == 2
    (line,) = error_lines(run)
    assert str(path) in line
    assert any(part in line for part in BAD_ASSETS[case][1].split("|")), line
    assert list(series.iterdir()) == []


def blinding(assets: Path, folder: Path) -> Path:
    """A sky as bright as float32 can say."""
    path, row = folder / "blinding.exr", struct.pack("<512f", *[3e38] * 512)
    path.write_bytes(write_exr(32, 16, dict.fromkeys("RGB", row)))
    return path


BAD_SKIES: dict[str, tuple[Callable[[Path, Path], Path], str]] = {
    "cut off EXR": (lambda assets, folder: cut(assets / "city.exr", folder / "city.exr", 0.6), "cut off or damaged"),
    "another format": (written("sky.hdr", "hello hello"), "is not an EXR or Radiance HDR picture"),
    "unsupported": (written("sky.jpg", "hello"), "not a supported sky"),
    "blinding": (blinding, "a mean luminance of 3e+38"),
}


@pytest.fixture(scope="module")
def refused_skies(assets: Path, tmp_path_factory: pytest.TempPathFactory) -> Refused:
    folders = {case: tmp_path_factory.mktemp("bad") for case in BAD_SKIES}
    paths = {case: make(assets, folders[case]) for case, (make, _) in BAD_SKIES.items()}
    runs = in_turn([["rotate", *tiny_under(path), "--out", folders[case] / "series"] for case, path in paths.items()])
    return {case: (path, folders[case] / "series", run) for (case, path), run in zip(paths.items(), runs, strict=True)}


@pytest.mark.parametrize("case", BAD_SKIES)
def test_a_bad_sky_gives_one_line_and_leaves_nothing(case: str, refused_skies: Refused) -> None:
    path, series, run = refused_skies[case]
    assert run.returncode == 2
    (line,) = error_lines(run)
    assert str(path) in line
    assert BAD_SKIES[case][1] in line
    assert list(series.iterdir()) == []


def test_a_process_of_its_own_ends_with_that_status(tmp_path: Path) -> None:
    run = rotate(*TINY, "--asset", tmp_path / "absent.glb", "--out", tmp_path / "series")
    assert run.returncode == 2
    assert len(error_lines(run)) == len(run.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("flags", "wanted"),
    [
        (["--states", "1"], "--states: 1 is outside 2"),
        (["--range", "30", "30"], "must have two ends"),
        (["--range", "-400", "0"], "-360 to 360"),
        (["--range", "nan", "0"], "must have two ends"),
        (["--range", "0", "1e-9"], "too narrow for 3 values"),
        (["--asset", "builtin:teapot"], "builtin:car, builtin:mug"),
        (["--hdri", "builtin:moon"], "builtin:city"),
        (["--colour", "red"], "--help"),
        (["--out", __file__], "is a file"),
    ],
)
def test_impossible_flags_give_one_line(flags: list[str], wanted: str, tmp_path: Path) -> None:
    words = tiny_under(flags[1]) if flags[0] == "--hdri" else [*TINY, *flags]
    run = rotate("--out", tmp_path, *words)
    assert run.returncode == 2
    (line,) = error_lines(run)
    assert wanted in line


def test_a_device_that_is_not_there_names_those_that_are(tmp_path: Path) -> None:
    absent = "metal" if sys.platform != "darwin" else "cuda"
    run = rotate(*TINY, "--device", absent, "--out", tmp_path)
    assert run.returncode == 2
    (line,) = error_lines(run)
    assert f"--device {absent} is not available here; available: cpu" in line
