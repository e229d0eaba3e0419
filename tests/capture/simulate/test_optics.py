"""The thin lens, against its formula worked out here, on layers and in the files of a photographed picture."""

import cv2
import numpy as np
import pytest

from capture.simulate.camera import photograph_takes
from capture.simulate.exposing import Rig, Take
from capture.simulate.foreground import floor_distance
from capture.simulate.hdr_scene import Source, View
from capture.simulate.optics import Layer, Lens, defocused, disc
from capture.simulate.picture_scene import PictureScene, sliced
from capture.simulate.press import Shoot
from capture.simulate.scene import LENS_BLUR
from capture.simulate.sweep import sweep
from tests.capture.simulate.looking import files, green, number, tags

WIDTH = 128


def thin_lens(focal_mm, f_number, focus_m, depth_m, width):
    """Pixels across the circle of confusion on a sensor 36 mm wide: similar triangles behind the lens."""
    focus, depth = focus_m * 1000, depth_m * 1000
    behind_focus, behind_depth = 1 / (1 / focal_mm - 1 / focus), 1 / (1 / focal_mm - 1 / depth)
    return focal_mm / f_number * abs(behind_depth - behind_focus) / behind_depth * width / 36


def circle_behind(line):
    """Diameter of the circle of confusion that fits best to an edge at column 128 of a picture, seen in every other column."""
    fine = np.arange(64 * 40 + 1) / 40 - 32
    columns = 2 * np.arange(len(line)) + 1.5 - 128
    near = np.abs(columns) < 28
    residuals = {}
    for diameter in np.arange(0.05, 20, 0.05):
        disc_line = np.sqrt(np.maximum(diameter**2 / 4 - fine**2, 0)) + 1e-9
        gauss = np.exp(-(fine**2) / 2 / LENS_BLUR**2)
        edge = np.cumsum(np.convolve(disc_line, gauss[40 * 28 : -40 * 28], "same"))
        basis = np.stack([np.interp(columns[near], fine, edge / edge[-1]), np.ones(near.sum())], axis=1)
        residuals[diameter] = float(np.linalg.lstsq(basis, line[near], rcond=None)[1][0])
    # The differences of a line that is seen once a pixel are 1/12 wider in variance than those of a step between two pixels.
    return float(np.sqrt(min(residuals, key=residuals.__getitem__) ** 2 + 16 / 12))


def layer(value, depth, coverage=None, size=(64, WIDTH)):
    covered = np.ones(size, np.float32) if coverage is None else coverage.astype(np.float32)
    return Layer(np.full((*size, 3), value, np.float32), covered, np.full(size, depth, np.float32))


@pytest.mark.parametrize("diameter", [0.3, 1.0, 1.9, 2.1, 3.7, 6.0, 15.0])
def test_a_disc_has_the_variance_of_a_disc(diameter):
    kernel = disc(diameter).astype(float)
    reach = np.arange(len(kernel)) - len(kernel) // 2
    assert kernel.sum() == pytest.approx(1)
    assert (kernel.sum(axis=0) * reach**2).sum() == pytest.approx(diameter**2 / 16, rel=0.03)


@pytest.mark.parametrize(("f_number", "focus", "depth"), [(2, 1.0, 0.6), (2, 1.0, 4.0), (5.6, 0.7, 0.5), (2.8, 0.5, 0.6), (4, 2.0, 1000)])
def test_a_point_is_blurred_by_the_thin_lens(f_number, focus, depth):
    lens, point = Lens(50.0, f_number, focus, 512), layer(0, depth, size=(129, 129))
    point.radiance[64, 64] = 1
    picture = defocused([point], lens)[..., 1].astype(float)
    at = np.arange(129) - 64
    expected = thin_lens(50.0, f_number, focus, depth, 512)
    assert 1 < expected < 60
    assert picture.sum() == pytest.approx(1, rel=1e-3)
    assert 4 * np.sqrt((picture.sum(axis=0) * at**2).sum()) == pytest.approx(expected, rel=0.02)
    assert 4 * np.sqrt((picture.sum(axis=1) * at**2).sum()) == pytest.approx(expected, rel=0.02)


def test_what_is_in_focus_stays_sharp_before_a_blurred_background():
    near = np.arange(WIDTH)[None].repeat(64, axis=0) < 64
    picture = defocused([layer(1, 50), layer(0.2, 1, near)], Lens(50.0, 2, 1.0, WIDTH))
    assert np.unique(picture[..., 0].round(4)).tolist() == pytest.approx([0.2, 1.0])


def test_an_edge_near_the_lens_lets_the_sharp_background_through():
    near = np.arange(WIDTH)[None].repeat(64, axis=0) < 64
    behind = layer(1, 4)
    behind.radiance[:, ::2] = 0.5
    line = defocused([behind, layer(0.2, 1, near)], Lens(50.0, 2, 4.0, WIDTH))[32, :, 1].astype(float)
    expected = thin_lens(50.0, 2, 4.0, 1.0, WIDTH)
    share = np.interp(line[64], [0.2, 0.5], [1, 0])
    assert 0.3 < share < 0.7  # of the light at the edge itself is the near thing's
    assert np.ptp(line[64 + int(expected) :]) == pytest.approx(0.5)
    assert line[: 64 - int(expected)] == pytest.approx(0.2, abs=1e-4)


def test_a_sloping_floor_cut_into_slices_has_no_seams_and_its_own_blur():
    directions = View(0, -20, 60).directions(160, 120)
    depth = floor_distance(directions, 100)
    flat = np.full((120, 160, 3), 0.5, np.float32)
    picture = defocused(sliced(flat, depth), Lens(50.0, 1.4, 3.0, 160))
    assert picture == pytest.approx(flat, abs=2e-3)


def test_diffraction_is_a_gaussian_of_the_airy_disk():
    """At f/64 and 8192 pixels: 0.42 · 0.55 µm · 64 is 3.36 pixels of 4.4 µm."""
    point = layer(0, 1.0, size=(65, 65))
    point.radiance[32, 32] = 1
    picture = defocused([point], Lens(50.0, 64, 1.0, 8192, diffraction=True))[..., 1].astype(float)
    at = np.arange(65) - 32
    assert np.sqrt((picture.sum(axis=0) * at**2).sum()) == pytest.approx(0.42 * 0.55e-3 * 64 * 8192 / 36, rel=0.03)


def edge_scene(tmp_path, vary, **limits):
    """Photographs of a bright board beside a dark one, both 1 m away."""
    board = np.where(np.arange(256) < 128, 0.3, 1.0).astype(np.float32)[None, :, None].repeat(128, axis=0).repeat(3, axis=2)
    scene = PictureScene(board, np.full((128, 256), 1.0, np.float32), 100.0)
    take = Take(Shoot("edge_00", Source("edge"), 0, 0), Source.load, vary, sweep(vary, 3, **limits), picture=scene)
    photograph_takes([take], tmp_path, Rig((256, 128), depth_of_field=True))
    return files(tmp_path)


def test_focus_series_blur_the_edge_in_the_file_as_exif_says(tmp_path):
    paths = edge_scene(tmp_path, "focus_distance", limits=(0.6, 1.6))
    for path in paths:
        lens = (number(path, "EXIF FocalLength"), number(path, "EXIF FNumber"), number(path, "EXIF SubjectDistance"))
        assert circle_behind(green(path).astype(float).mean(axis=0)) == pytest.approx(thin_lens(*lens, 1.0, 256), rel=0.05, abs=0.2)
    assert [round(number(path, "EXIF SubjectDistance"), 2) for path in paths] == [0.6, 0.87, 1.6]


def test_aperture_series_darken_and_sharpen(shoot):
    """A room: what the f-number takes from the light is 1/N²; what it gives in sharpness shows in the fine structure."""
    paths = files(shoot("aperture", 3, size=(192, 128), limits=(1.4, 5.6), depth_of_field=True, distance_scale=0.1))
    numbers = [number(path, "EXIF FNumber") for path in paths]
    pictures = [green(path) * n**2 for path, n in zip(paths, numbers, strict=True)]
    usable = green(paths[0]) < 0.8
    assert [np.median(one[usable]) for one in pictures[1:]] == pytest.approx([np.median(pictures[0][usable])] * 2, rel=0.05)
    detail = [float(np.abs(np.diff(np.log(np.maximum(one, 1e-2)), axis=1))[16:].mean()) for one in pictures]
    assert detail[0] < detail[1]
    assert "EXIF SubjectDistance" in tags(paths[0])
    assert number(paths[0], "EXIF SubjectDistance") < 0.6


def test_threads_do_not_change_a_byte(shoot):
    threads = cv2.getNumThreads()
    folders = []
    try:
        for count in (1, 4):
            cv2.setNumThreads(count)
            folders.append(shoot("aperture", 2, name=str(count), size=(192, 128), depth_of_field=True, distance_scale=0.1))
    finally:
        cv2.setNumThreads(threads)
    one, two = ([path.read_bytes() for path in files(folder)] for folder in folders)
    assert one == two
