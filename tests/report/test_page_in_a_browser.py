"""The page as people use it: from `file://`, in a real browser, by mouse and by keys, on a desk and on a phone."""

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import TimeoutError as Late

import vton_hf
from tests.browser import open_browser
from tests.pages import HOSTILE, write_bucket

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

pytestmark = pytest.mark.browser
DESK, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    yield from open_browser()


@pytest.fixture(scope="module")
def prefix(tmp_path_factory: pytest.TempPathFactory) -> str:
    return write_bucket(tmp_path_factory.mktemp("bucket"), 20)


@pytest.fixture(scope="module")
def file(browser: Any, prefix: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("page")
    return vton_hf.preview(prefix, html=folder / "page.html", cache_dir=folder / "cache")


@pytest.fixture(params=[(DESK, "light"), (PHONE, "dark")], ids=["desk", "phone"])
def page(browser: "Browser", file: Path, request: pytest.FixtureRequest) -> "Iterator[Page]":
    """The page, freshly opened, nothing marked; what its console says is an error."""
    viewport, scheme = request.param
    context = browser.new_context(viewport=viewport, color_scheme=scheme, accept_downloads=True)
    opened, said = context.new_page(), []
    opened.on("console", lambda message: said.append(message.text))
    opened.on("pageerror", lambda error: said.append(str(error)))
    opened.on("request", lambda request: said.append(request.url) if request.url.startswith("http") else None)
    opened.goto(file.as_uri())
    yield opened
    context.close()
    assert said == []


def cards(page: "Page") -> "Locator":
    return page.locator("section:not([hidden]) .card")


def chosen(page: "Page") -> str:
    return page.locator("section:not([hidden]) .card.selected").get_attribute("aria-label") or ""


def shown(page: "Page") -> str:
    return page.locator("section:not([hidden]) .pager .shown").first.text_content() or ""


def view(page: "Page", name: str) -> None:
    page.locator("#tabs").get_by_role("link", name=re.compile(f"^{name}")).click()
    page.locator("#tabs a[aria-current=page]").filter(has_text=name).wait_for()


def keys_of(page: "Page") -> list[str]:
    keys: list[str] = page.evaluate("JSON.parse(document.getElementById('data').textContent).rows.key")
    return keys


def is_kept(page: "Page", act: Callable[[], None], shown: str) -> bool:
    """Whether what somebody did is there when the page is opened again.

    The browser itself now and then loses what is stored in the moment before: then it is done once more.
    """
    for _ in range(4):
        act()
        page.reload()
        with suppress(Late):
            page.wait_for_function(
                "text => document.querySelector('.top').textContent.includes(text)", arg=shown, timeout=5000
            )
            return True
    return False


def fits(page: "Page") -> bool:
    """Whether nothing reaches beyond the sides of the screen."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


def test_each_view_shows_pictures_and_fits_the_screen(page: "Page") -> None:
    for name in ("Overview", "Triplets", "Findings"):
        view(page, name)
        image = cards(page).locator("img[src^='data:image/webp']").first
        image.wait_for()
        page.wait_for_function("image => image.complete && image.naturalWidth > 0", arg=image.element_handle())
        assert fits(page)
    view(page, "Exclude list")
    page.locator("#marked-grid").get_by_text("Press x").wait_for()
    assert fits(page)


def test_light_and_dark_follow_the_system_until_somebody_chooses(page: "Page") -> None:
    colour = "getComputedStyle(document.body).backgroundColor"
    before = page.evaluate(colour)
    page.emulate_media(color_scheme="dark" if before == "rgb(246, 246, 244)" else "light")
    other = page.evaluate(colour)
    assert {before, other} == {"rgb(246, 246, 244)", "rgb(20, 22, 26)"}
    button = page.locator("#theme")
    button.click()
    assert (button.text_content(), page.evaluate(colour)) == ("○ light", "rgb(246, 246, 244)")

    def darken() -> None:
        while button.text_content() != "● dark":
            button.click()

    assert is_kept(page, darken, "● dark")
    assert page.evaluate(colour) == "rgb(20, 22, 26)"


def test_search_and_filters_narrow_and_sorting_orders(page: "Page") -> None:
    view(page, "Triplets")
    assert shown(page) == "1 to 29 of 29 triplets"
    page.get_by_label("search names and findings").fill("dark WARNING")
    assert shown(page) == "1 to 1 of 1 triplet"
    assert chosen(page) == "hard/female/dark"
    if page.get_by_role("button", name="Filters").is_visible():
        page.get_by_role("button", name="Filters").click()
    page.get_by_role("button", name="Reset").click()
    page.wait_for_function("document.querySelector('#triplet-grid .shown').textContent.includes('29')")
    page.get_by_label("difficulty").select_option("easy")
    page.get_by_label("gender").select_option("male")
    names = cards(page).evaluate_all("all => all.map(card => card.getAttribute('aria-label'))")
    assert names
    assert all(name.startswith("easy/male/") for name in names)
    page.locator("#filters").get_by_label("findings", exact=True).select_option("nothing found")
    assert cards(page).locator(".found").count() == 0
    page.get_by_role("button", name="Reset").click()
    page.get_by_label("sort").select_option("worst first")
    assert cards(page).first.locator(".sign.error").count() == 1
    page.get_by_label("search names and findings").fill("male")
    assert cards(page).count() == sum("/male/" in name for name in keys_of(page))
    page.get_by_label("search names and findings").fill("person unchanged")
    assert cards(page).count() == 1
    page.get_by_label("search names and findings").fill("no such name")
    assert cards(page).count() == 0
    assert "No triplet fits" in (page.locator("#triplet-grid").text_content() or "")


def test_pages_are_turned_by_keys_and_arrows_go_on_over_their_end(page: "Page") -> None:
    view(page, "Triplets")
    page.get_by_label("triplets a page").select_option("12")
    first = chosen(page)
    page.keyboard.press("n")
    assert shown(page) == "13 to 24 of 29 triplets"
    page.keyboard.press("ArrowLeft")
    assert shown(page) == "1 to 12 of 29 triplets"
    page.keyboard.press("ArrowRight")
    page.keyboard.press("p")
    assert chosen(page) == first
    page.keyboard.press("ArrowDown")
    columns = page.evaluate(
        "getComputedStyle(document.querySelector('#triplet-grid .cards')).gridTemplateColumns"
    ).split()
    assert chosen(page) == cards(page).nth(len(columns)).get_attribute("aria-label")


def test_marks_are_set_by_key_and_mouse_survive_a_reload_and_are_downloaded(
    page: "Page", prefix: str, tmp_path: Path
) -> None:
    def mark() -> None:
        page.keyboard.press("/")
        page.keyboard.type(HOSTILE)
        page.keyboard.press("Escape")
        assert (chosen(page), shown(page)) == (f"medium/female/{HOSTILE}", "1 to 1 of 1 triplet")
        if not cards(page).get_by_role("button", name="left out").count():
            page.keyboard.press("x")
        page.get_by_label("search names and findings").fill("nothing-changed")
        if not cards(page).first.get_by_role("button", name="left out").count():
            cards(page).first.get_by_role("button", name="leave out").click()

    assert is_kept(page, mark, "Exclude list 2")
    view(page, "Exclude list 2")
    assert cards(page).count() == 2
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").click()
    list_ = tmp_path / download.value.suggested_filename
    download.value.save_as(list_)
    lines = list_.read_text().splitlines()
    keys = [line for line in lines if not line.startswith("#")]
    assert list_.name == "exclude.txt"
    assert [key.rsplit("/")[-1] for key in keys] == ["nothing-changed", HOSTILE]
    assert "# nothing-changed: try_on_image: the target shows the person unchanged. Leave it out." in lines
    left = vton_hf.VTON(config_name="hard", s3_prefixes=prefix, exclude=list_, cache_dir=tmp_path).find()
    assert len(left.manifest) == 27
    page.get_by_role("button", name="Clear the list").click()
    assert cards(page).count() == 0


def test_all_that_is_wrong_is_left_out_at_once(page: "Page", prefix: str, tmp_path: Path) -> None:
    view(page, "Exclude list")
    page.get_by_role("button", name="Add all with errors or warnings").click()
    names = cards(page).evaluate_all("all => all.map(card => card.getAttribute('aria-label'))")
    assert sorted(names) == vton_hf.validate(prefix, cache_dir=tmp_path).exclude_list()


def test_a_slider_shows_what_would_be_left_out_and_puts_it_on_the_list(page: "Page") -> None:
    view(page, "Findings")
    page.locator("#checks").get_by_role("button", name=re.compile("blurred")).click()
    slider, summary = page.get_by_label("threshold of blurred"), page.locator("#check .summary")
    asked = int(slider.input_value())
    before = cards(page).count()
    assert (
        summary.text_content()
        == f"below 0.29 (sharpness): {before} triplet{'' if before == 1 else 's'} would be left out"
    )
    slider.focus()
    page.keyboard.press("End")
    more = cards(page).count()
    assert more > before
    assert f": {more} triplets would be left out" in (summary.text_content() or "")
    assert page.locator("#check code").text_content() == "--threshold blurred=0.58"
    page.keyboard.press("Home")
    assert cards(page).count() == 0
    page.get_by_role("button", name="Back to 0.29").click()
    assert int(slider.input_value()) == asked
    page.get_by_role("button", name=re.compile("^Leave out")).click()
    page.locator("#tabs").get_by_role("link", name=f"Exclude list {before}").wait_for()
    page.get_by_role("button", name="Keep them").click()
    page.locator("#tabs").get_by_role("link", name="Exclude list 0").wait_for()


def test_the_lens_swipes_between_person_and_target(page: "Page") -> None:
    view(page, "Triplets")
    page.keyboard.press("Enter")
    lens, target = page.get_by_role("dialog", name="one triplet"), page.locator("#lens .layer.target")
    swipe = lens.get_by_label("from person to target")
    clip = "getComputedStyle(document.querySelector('#lens .layer.target')).clipPath"
    assert page.evaluate(clip) == "inset(0px 0px 0px 50%)"
    swipe.fill("20")
    assert page.evaluate(clip) == "inset(0px 0px 0px 20%)"
    box = lens.locator(".stage").bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] * 0.75, box["y"] + 20)
    page.mouse.down()
    page.mouse.up()
    assert abs(int(swipe.input_value()) - 75) <= 1
    first = lens.get_by_role("heading").first.text_content()
    lens.get_by_role("heading").first.focus()
    page.keyboard.press(" ")
    assert page.evaluate(clip) == "inset(0px 0px 0px 0%)"
    page.keyboard.press("ArrowRight")
    assert lens.get_by_role("heading").first.text_content() != first
    page.keyboard.press("x")
    assert lens.get_by_role("button", name="left out").get_attribute("aria-pressed") == "true"
    assert target.locator("img[src]").count() == 1
    page.keyboard.press("Escape")
    assert not lens.is_visible()
    page.locator("#tabs").get_by_role("link", name="Exclude list 1").wait_for()


def test_a_view_has_an_address_and_keys_are_explained(page: "Page") -> None:
    page.keyboard.press("3")
    page.wait_for_url("**#findings")
    page.locator("#checks").get_by_role("button", name=re.compile("dark")).click()
    page.wait_for_url("**#findings=dark")
    page.reload()
    page.locator("#check h2").get_by_text("dark").wait_for()
    page.keyboard.press("?")
    assert page.get_by_role("dialog", name="shortcuts").is_visible()
    page.keyboard.press("Escape")
    page.go_back()
    page.wait_for_url("**#findings")
