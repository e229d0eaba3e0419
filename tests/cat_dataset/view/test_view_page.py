"""The page of cat-view in a real headless Chromium: from the server, and as a static copy from file://."""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from cat_dataset.attributes import attribute
from cat_dataset.images import Rgb, decode_rgb
from cat_dataset.instructions import Edit, build, object_phrase, said, spell
from cat_dataset.scales import ANGLE
from cat_dataset.view import catalogue
from cat_dataset.view.app import app
from tests.cat_dataset.view.view_site import EVIL, SIZE, Site, flip, make_site, served

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = os.environ.get("CHROMIUM") or next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"))), None
)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium here; set CHROMIUM to its path")
QUIET = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
PAGE = 4


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One frame of turn_3 is damaged."""
    folder = tmp_path_factory.mktemp("site")
    dataset = make_site(folder)
    flip(dataset, dataset.rows("turn_3")[3])
    return folder


@pytest.fixture(scope="module", autouse=True)
def few_on_a_page() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for module in ("catalogue", "static"):
            patch.setattr(f"cat_dataset.view.{module}.PAGE", PAGE)
        assert catalogue.PAGE == PAGE
        yield


@pytest.fixture(scope="module")
def site(root: Path) -> Iterator[Site]:
    with served(root) as one:
        yield one


@pytest.fixture(scope="module")
def copy(root: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of a static copy, its folder away from the dataset."""
    folder = tmp_path_factory.mktemp("copy") / "copy"
    result = CliRunner().invoke(app, [str(root / "manifests"), "--html", str(folder)])
    assert result.exit_code == 2, result.output  # because of the damaged frame
    return (folder / "index.html").as_uri()


COMPLAINTS: list[str] = []
"""What the page's console said since the test began."""


@pytest.fixture(scope="module")
def tab() -> Iterator[Any]:
    with playwright.sync_playwright() as tools:
        browser = tools.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        one = browser.new_page(viewport={"width": 1100, "height": 640})
        one.set_default_timeout(10_000)
        one.on("console", lambda message: COMPLAINTS.append(message.text) if message.type in ("error", "warning") else None)
        one.on("pageerror", lambda error: COMPLAINTS.append(str(error)))
        yield one
        browser.close()


@pytest.fixture(params=["served", "copied"])
def home(request: pytest.FixtureRequest) -> str:
    """Where the page is: the same tests for both ways."""
    return str(request.getfixturevalue("site").url if request.param == "served" else request.getfixturevalue("copy"))


@pytest.fixture
def page(tab: Any) -> Iterator[Any]:
    """A page whose console must be silent; a test that expects a complaint clears it."""
    COMPLAINTS.clear()
    yield tab
    tab.goto("about:blank")
    assert COMPLAINTS == []


def until(page: Any, expression: str) -> None:
    """Wait until an expression is true. Playwright's own way needs eval in the page, which the page forbids."""
    end = time.monotonic() + 10
    while not page.evaluate(expression):
        assert time.monotonic() < end, f"still not so: {expression}"
        time.sleep(0.02)


def cards(page: Any) -> list[str]:
    return [str(text) for text in page.locator(".card .title").all_inner_texts()]


def go(page: Any, address: str) -> None:
    """Open an address; its pictures are there when this returns."""
    page.goto("about:blank")
    page.goto(address)
    until(page, "document.querySelector('.card, .series, .empty:not([hidden])')")
    settle(page)


def settle(page: Any) -> None:
    """Wait until the stage's pictures have come, or have been explained."""
    until(
        page,
        """[...document.querySelectorAll('.layers img')].every((image) => {
            const shown = getComputedStyle(image).display !== 'none';
            return !shown || (image.dataset.ready !== undefined && (image.complete || image.classList.contains('gone')));
        })""",
    )


def canvas(page: Any) -> Rgb:
    """The stage as it is painted, without the tags and the handle on it."""
    page.evaluate("document.querySelectorAll('.tag, .handle').forEach((one) => (one.style.visibility = 'hidden'))")
    settle(page)
    return decode_rgb(page.locator(".canvas").screenshot())


def original(root: Path, series: str, frame: int) -> Rgb:
    return decode_rgb((root / "series" / series / "frames" / f"{frame:04d}.png").read_bytes())


def at_size(picture: Rgb, like: Rgb) -> Rgb:
    """A picture by nearest pixels at the size of another; its blocks of colour survive that."""
    rows = (np.arange(like.shape[0]) + 0.5) * picture.shape[0] / like.shape[0]
    columns = (np.arange(like.shape[1]) + 0.5) * picture.shape[1] / like.shape[1]
    return picture[rows.astype(int)][:, columns.astype(int)]


def apart(one: Rgb, other: Rgb) -> float:
    """Mean absolute difference, 0 to 255."""
    return float(np.abs(one.astype(int) - other.astype(int)).mean())


def slide(page: Any, value: int, group: str = "B", attribute: str = "rotation_z") -> None:
    page.locator(f".state[aria-label={group}] input[data-attribute={attribute}]").fill(str(value))


def test_grid_filters_and_pages(home: str, page: Any) -> None:
    go(page, home)
    assert cards(page) == ["both", "evil", "iso_room", "turn_0"]
    assert page.locator("#count").inner_text() == "7 series"
    assert page.locator("#totals").inner_text().startswith("7 series, 33 frames, ")
    assert page.locator(".card", has_text="iso_room").locator(".state-of").all_inner_texts() == ["ISO 100", "ISO 800", "ISO 1600"]
    until(page, "[...document.querySelectorAll('.card img')].every((image) => image.complete && image.naturalWidth === 64)")
    page.get_by_label("Next page").click()
    until(page, "document.querySelectorAll('.card').length === 3")
    assert cards(page) == ["turn_1", "turn_2", "turn_3"]
    page.get_by_label("Attribute").select_option("rotation_z")
    until(page, "document.querySelectorAll('.card').length === 4")
    assert cards(page) == ["turn_0", "turn_1", "turn_2", "turn_3"]
    page.get_by_label("Series or object").fill("turn_2")
    until(page, "document.querySelectorAll('.card').length === 1")
    assert (cards(page), page.locator("#count").inner_text()) == (["turn_2"], "1 series")
    page.get_by_label("Series or object").fill("nobody")
    page.locator("#empty").wait_for()
    assert cards(page) == []
    page.get_by_label("Series or object").fill("")
    page.get_by_label("Attribute").select_option("")
    page.get_by_label("Split").select_option("train")
    until(page, "[...document.querySelectorAll('.chips')].every((chips) => chips.innerText.startsWith('train'))")
    page.get_by_label("Split").select_option("")
    page.get_by_label("Flagged only").check()
    flagged = ["iso_room"] if home.startswith("http") else ["iso_room", "turn_3"]  # a copy has read every picture
    until(page, f"document.querySelectorAll('.card').length === {len(flagged)}")
    assert cards(page) == flagged
    page.reload()
    until(page, f"document.querySelectorAll('.card').length === {len(flagged)}")
    assert page.get_by_label("Flagged only").is_checked()


def test_slider_and_keys_change_the_picture(home: str, page: Any, root: Path) -> None:
    go(page, f"{home}#series=turn_1")
    assert page.locator("h1").inner_text() == "turn_1"
    shown = {2: canvas(page)}
    for place, caption in ((0, "-60°"), (4, "60°")):
        slide(page, place)
        assert page.locator(".states.alone output").last.inner_text() == caption
        shown[place] = canvas(page)
    page.locator("h1").focus()
    page.keyboard.press("ArrowLeft")
    shown[3] = canvas(page)
    page.keyboard.press("Home")
    assert apart(canvas(page), shown[0]) == 0
    page.locator("input[data-attribute=rotation_z]").last.focus()
    page.keyboard.press("ArrowRight")
    shown[1] = canvas(page)
    for place, picture in shown.items():
        nearest = min(range(5), key=lambda frame: apart(picture, at_size(original(root, "turn_1", frame), picture)))
        assert nearest == place
    assert page.locator("tr.current").inner_text().split()[:2] == ["1", "-30°"]
    page.keyboard.press("Escape")
    page.locator(".card").first.wait_for()


def test_wipe_and_difference_change_pixels(home: str, page: Any, root: Path) -> None:
    go(page, f"{home}#series=turn_0&a=0&b=4&mode=wipe")
    halves = canvas(page)
    middle = halves.shape[1] // 2
    a, b = (at_size(original(root, "turn_0", frame), halves) for frame in (0, 4))
    left, right = np.s_[:, : middle - 4], np.s_[:, middle + 4 :]
    assert (apart(halves[left], a[left]) < 15, apart(halves[left], b[left]) > 30) == (True, True)
    assert (apart(halves[right], b[right]) < 15, apart(halves[right], a[right]) > 30) == (True, True)
    box = page.locator(".canvas").bounding_box()
    page.mouse.click(box["x"] + box["width"] / 4, box["y"] + box["height"] / 3)
    assert abs(float(page.get_by_label("Wipe between A and B").input_value()) - 25) <= 1
    page.get_by_label("Wipe between A and B").fill("100")
    assert apart(canvas(page), a) < 15
    page.get_by_text("Swap A and B").click()
    assert apart(canvas(page), b) < 15
    page.get_by_text("Swap A and B").click()

    page.get_by_text("Difference", exact=True).click()
    page.get_by_label("Amplify").select_option("1")
    plain = canvas(page)
    assert apart(plain, np.abs(a.astype(int) - b.astype(int)).astype(np.uint8)) < 15
    page.get_by_label("Amplify").select_option("2")
    assert apart(canvas(page), np.minimum(plain.astype(int) * 2, 255).astype(np.uint8)) < 3
    slide(page, 0)
    assert canvas(page)[8:-8, 8:-8].max() == 0  # its corners are round
    assert page.locator(".delta").inner_text() == "+0°"


def test_the_edit_is_what_python_says(page: Any, site: Site) -> None:
    """Every pair of frames of every kind of series: the page's sentences and numbers against the trainer's."""
    go(page, site.url)
    for name in ("turn_0", "iso_room", "both", "evil"):
        detail = site.json(f"/api/series/{name}")
        told = page.evaluate(
            """async (name) => {
                const series = await catView.source.series(name);
                const places = [...series.frames.frame.keys()];
                return places.flatMap((a) => places.map((b) => [a, b, catView.edit(series, a, b)]));
            }""",
            name,
        )
        assert len(told) == len(detail["frames"]["frame"]) ** 2
        thing = object_phrase(detail["object"])
        for a, b, edit in told:
            natural, relative = [], []
            for described, change in zip(detail["attributes"], edit["changes"], strict=True):
                chosen, values = attribute(described["name"]), detail["values"][described["name"]]["value"]
                step = chosen.scale.difference(values[a], values[b])
                natural.append(Edit(chosen.name, said(chosen.delta(values[a], values[b])), thing))
                relative.append(Edit(chosen.name, round(step, 2), thing, True) if chosen.needs_source else natural[-1])
                assert change["delta"] == chosen.spell_delta(natural[-1].delta)
                assert float(change["encoded"]) == pytest.approx(chosen.encode(values[a], values[b]), abs=0.0051)
                if chosen.needs_source:
                    assert change["relative"] == chosen.spell_delta(round(step, 2), relative=True)
            kept = [k for k, one in enumerate(natural) if one.delta] or [0]
            assert edit["sentence"] == build([natural[k] for k in kept])
            if any(attribute(natural[k].attribute).needs_source for k in kept):
                assert edit["relativeSentence"] == build([relative[k] for k in kept])
            else:
                assert edit["relativeSentence"] is None


def test_numbers_are_those_of_python(page: Any, site: Site) -> None:
    go(page, site.url)
    numbers = [0.0, 1.0, 0.1, 1e-7, 1.25e-9, 6300.0, 1e21, 1.5e22, 123456.789, 2 / 3, -4.5e-8]
    assert page.evaluate("(numbers) => numbers.map(catView.spell)", numbers) == [spell(number) for number in numbers]
    turns = [*np.random.default_rng(0).uniform(-720, 720, 200).tolist(), -180.0, 180.0, 360.0, -540.0, 0.1 + 0.2 - 360]
    assert page.evaluate("(turns) => turns.map((turn) => catView.wrap(turn, 360))", turns) == [ANGLE.wrap(turn) for turn in turns]


def test_several_attributes_pick_the_nearest_state(site: Site, page: Any) -> None:
    go(page, f"{site.url}#series=both&mode=wipe&a=0&b=0")
    slide(page, 2, attribute="exposure")
    slide(page, 1, attribute="white_balance")
    assert page.locator(".state[aria-label=B] output").all_inner_texts() == ["1.5 EV", "5600 K"]
    assert page.locator(".state[aria-label=A] output").all_inner_texts() == ["-1 EV", "4000 K"]
    assert page.locator(".delta").all_inner_texts() == ["+2.5 EV", "+1600 K"]
    said = page.locator(".instruction").all_inner_texts()
    assert said[0] == "Increase the exposure by 2.5 EV; Increase the white balance by 1600 kelvins"
    slide(page, 1, group="A", attribute="exposure")
    assert page.locator(".state[aria-label=A] output").all_inner_texts() == ["0 EV", "4000 K"]


def test_facts_of_a_series(site: Site, page: Any) -> None:
    go(page, f"{site.url}#series=iso_room")
    table = page.locator("tbody tr").all_inner_texts()
    assert [line.split()[:3] for line in table] == [["1", "ISO", "100"], ["3", "ISO", "200"], ["0", "ISO", "800"], ["2", "ISO", "1600"]]
    assert all(re.search(rf"{SIZE[0]} × {SIZE[1]}.*[0-9a-f]{{64}}", line) for line in table)
    flags = page.locator(".flags li").all_inner_texts()
    assert len(flags) == 1 and "frame 2" in flags[0]
    page.locator(".flags button").click()
    assert page.locator(".panel h2").first.inner_text() == "Frame 2"
    page.get_by_text("Provenance").click()
    assert '"factory": "1"' in page.locator("details[open] pre").inner_text()
    page.get_by_text("Held constant").click()
    assert '"seed": 50' in page.locator("details[open] pre").last.inner_text()


def test_a_damaged_frame_is_a_tile_with_words(home: str, page: Any) -> None:
    go(page, f"{home}#series=turn_3&b=2")
    assert page.locator(".fault").is_hidden()
    tile = page.locator(".strip .damaged")
    tile.wait_for()
    assert "do not match their CRC-32" in tile.get_attribute("title")
    slide(page, 3)
    page.locator(".fault").wait_for()
    assert "do not match their CRC-32" in page.locator(".fault").inner_text()
    assert "frame 3" in page.locator(".flags").inner_text()
    page.get_by_text("Wipe", exact=True).click()
    settle(page)
    assert "B: " in page.locator(".fault").inner_text()
    slide(page, 2)
    settle(page)
    assert page.locator(".fault").is_hidden()
    assert COMPLAINTS
    COMPLAINTS.clear()  # Chromium notes every picture that did not come


def test_hostile_texts_stay_texts(home: str, page: Any) -> None:
    go(page, f"{home}#text=evil")
    assert page.locator(".card").inner_text().count(EVIL) == 1
    page.locator(".card a").click()
    page.locator("h1").wait_for()
    for mode in ("Frame", "Wipe", "Difference"):
        page.get_by_text(mode, exact=True).click()
        settle(page)
    content = page.locator("#series-view").inner_text()
    assert EVIL in content and "<script>document.title='owned'</script>" in content
    assert page.evaluate("document.querySelectorAll('img[onerror], main script').length") == 0
    assert page.title() == "evil · cat-view"


def test_nothing_is_wider_than_a_telephone(site: Site, page: Any) -> None:
    size = page.viewport_size
    page.set_viewport_size({"width": 390, "height": 844})
    page.emulate_media(color_scheme="dark")
    for place in ("", "#series=both&mode=wipe", "#series=evil"):
        go(page, site.url + place)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(21, 21, 23)"
    page.set_viewport_size(size)
    page.emulate_media(color_scheme="light")


def test_a_series_that_is_not_there(home: str, page: Any) -> None:
    go(page, f"{home}#series=nobody")
    assert "nobody" in page.locator("[role=alert]").inner_text()
    page.get_by_text("All series").click()
    page.locator(".card").first.wait_for()
    COMPLAINTS.clear()  # the 404
