"""A real browser on Voilà and on JupyterLab: a toy app that uses every widget of ours, then the lessons themselves."""

import os
import time
from pathlib import Path

import pytest
from browser import HANDLE, PICTURE, STATUS, measure, visit

pytestmark = [pytest.mark.browser, pytest.mark.slow]
HERE = Path(__file__).parent
LESSONS = HERE.parent / "notebooks"
BUSY = float(
    os.environ.get("LSVIZ_BUSY", 3)
)  # a test is no stopwatch: it allows this much more; benchmarks/hand.py holds the bars


def toy(server, query=""):
    """The address of the toy page on Voilà."""
    return f"{server.address}voila/render/toy.ipynb{query}"


def notebook(server, query="", file="toy.ipynb"):
    """The address of a notebook in JupyterLab; its token is in the address that it printed."""
    head, _, token = server.address.partition("?token=")
    return f"{head.split('/lab')[0]}/lab/tree/{file}?token={token}{query}"


def check_a_slider(seen):
    """A press changes picture, text alternative and status line together; an error is a box; the next move goes on."""
    page = seen.page
    assert seen.status() == seen.alt() == "the bar is 5 long, P = 200"
    handle = page.locator(HANDLE).first
    handle.focus()
    before = page.locator(PICTURE).get_attribute("src")
    handle.press("ArrowRight")
    assert seen.wait_status("5.5 long") == seen.alt()
    assert page.locator(PICTURE).get_attribute("src") != before
    assert handle.get_attribute("aria-label") == "length of the bar"
    page.wait_for_function("() => document.querySelector('.noUi-handle').getAttribute('aria-valuetext') === '5.50'")
    assert page.locator(HANDLE).nth(1).get_attribute("aria-valuetext") == "200 points"
    for _ in range(15):
        handle.press("ArrowRight")
    page.wait_for_selector(".lsviz-error:not([hidden])")
    box = page.locator(".lsviz-error")
    assert "value: 13 was given" in box.inner_text()
    assert box.get_attribute("role") == "alert"
    assert "Traceback" not in page.inner_text("body")
    handle.press("ArrowRight")
    seen.wait_status("13.5 long")
    assert box.is_hidden()
    page.wait_for_function(
        "() => document.querySelector('.lsviz-live').textContent.includes('13.5 long')"
    )  # announced once settled
    assert page.locator("mjx-container").count() >= 3  # formulas are set, offline


def check_quiet(seen):
    assert seen.left == []
    assert seen.errors == []


def test_voila_answers_a_slider(browser, voila):
    with visit(browser, toy(voila)) as seen:
        check_a_slider(seen)
        check_quiet(seen)


def test_jupyterlab_answers_a_slider(browser, lab):
    with visit(browser, notebook(lab), lab=True) as seen:
        check_a_slider(seen)
        assert "official Jupyter news" not in seen.page.inner_text("body")
        check_quiet(seen)


@pytest.mark.times
def test_pictures_follow_the_hand(browser, voila):
    with visit(browser, toy(voila)) as seen:
        got = measure(seen, seconds=2, presses=6)
    assert got.disagreed == 0
    assert got.key_ms < 100 * BUSY
    assert got.distinct > 5 / BUSY
    assert (got.left, got.errors) == (0, [])


@pytest.mark.parametrize("where", ["?toy.value=8", "#toy.value=8"])
def test_a_link_restores_the_state_on_voila(browser, voila, where):
    with visit(browser, toy(voila, where)) as seen:
        seen.wait_status("the bar is 8 long")
        check_quiet(seen)


def test_a_link_restores_the_state_in_jupyterlab(browser, lab):
    """In a workspace that is new, whose first page loses what follows the ? before a notebook runs, and in one that is not."""
    for value in (8, 3):
        address = notebook(lab, f"&toy.value={value}").replace("/lab/tree/", "/lab/workspaces/of-a-link/tree/")
        with visit(browser, address, lab=True) as seen:
            seen.wait_status(f"the bar is {value} long")
            # What JupyterLab says of questions to a kernel that it asked before it loaded its new workspace, and connected anew.
            seen.errors[:] = [error for error in seen.errors if "message before replies were done" not in error]
            check_quiet(seen)


def test_copied_link(browser, voila):
    with visit(
        browser, toy(voila, "?token=secret&other.h=2"), permissions=["clipboard-read", "clipboard-write"]
    ) as seen:
        seen.page.click("text=Copy link")
        seen.page.wait_for_selector("text=Link copied")
        link = seen.page.evaluate("() => navigator.clipboard.readText()")
        assert link == toy(voila, "?other.h=2&toy.value=5.0&toy.P=200")


def test_link_without_a_clipboard(browser, voila):
    with visit(browser, toy(voila)) as seen:
        seen.page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(new Error('no')); }")
        seen.page.click("text=Copy link")
        assert seen.page.input_value(".lsviz-copylink input").endswith("toy.ipynb?toy.value=5.0&toy.P=200")


def test_files_are_saved_without_a_server(browser, voila):
    with visit(browser, toy(voila)) as seen:
        with seen.page.expect_download() as event:
            seen.page.click("text=Save picture")
        assert event.value.suggested_filename == "toy.png"
        assert Path(event.value.path()).read_bytes().startswith(b"\x89PNG")
        check_quiet(seen)


def test_a_prediction_is_drawn_kept_and_brought_back(browser, voila, tmp_path):
    with visit(browser, toy(voila)) as seen:
        page = seen.page
        page.click("text=Predict")
        area = page.locator(".lsviz-draw")
        area.wait_for()
        box = area.bounding_box()

        def at(x, y):
            return box["x"] + x * box["width"], box["y"] + (1 - y) * box["height"]

        page.mouse.move(*at(0.05, 0.2))
        page.mouse.down()
        page.mouse.move(*at(0.95, 0.8), steps=3)
        page.mouse.up()
        said = seen.wait_status("drawn: 0.1 0.2")
        values = [float(part.split()[1]) for part in said.removeprefix("drawn: ").split(", ")]
        assert values == pytest.approx([0.233, 0.367, 0.5, 0.633, 0.767], abs=0.02)
        area.focus()
        page.keyboard.press("Home")
        before = float(area.get_attribute("aria-valuetext").split()[-1])
        page.keyboard.press("ArrowUp")
        assert float(area.get_attribute("aria-valuetext").split()[-1]) == pytest.approx(before + 0.05, abs=0.01)
        seen.wait_status(f"drawn: 0.1 {before + 0.05:.2f}")
        with page.expect_download() as event:
            page.click("text=Save my answers to a file")
        saved = tmp_path / "answers.json"
        event.value.save_as(saved)
        page.reload()
        page.wait_for_selector(f"{PICTURE}:not([hidden])", timeout=60000)
        kept = page.evaluate("() => JSON.parse(localStorage.getItem('lsviz:toy'))")
        assert len(kept["drawn"]) == 5
        page.click("text=Forget them")
        page.click("text=Yes, forget all")
        page.wait_for_function("() => localStorage.getItem('lsviz:toy') === '{}'")
        page.set_input_files(".lsviz-store input", saved)
        page.wait_for_selector("text=Your answers are back")
        assert page.evaluate("() => JSON.parse(localStorage.getItem('lsviz:toy')).drawn.length") == 5
        saved.write_text("{}")
        page.set_input_files(".lsviz-store input", saved)
        page.wait_for_selector("text=This file holds no answers")
        assert seen.left == []


def test_the_picture_turns_dark_with_the_page(browser, voila):
    with visit(browser, toy(voila), dark=True) as seen:
        page = seen.page
        assert page.get_attribute("body", "data-jp-theme-light") == "false"
        light = page.evaluate("() => getComputedStyle(document.body).backgroundColor")
        before = page.locator(PICTURE).get_attribute("src")
        page.click("#lsviz-theme")
        assert page.get_attribute("body", "data-jp-theme-light") == "true"
        assert page.evaluate("() => getComputedStyle(document.body).backgroundColor") != light
        page.wait_for_function("(old) => document.querySelector('.lsviz-image').src !== old", arg=before)


def test_lecturer_mode(browser, voila):
    with visit(browser, toy(voila, "?lecture=1"), size=(1280, 720)) as seen:
        page = seen.page
        page.wait_for_selector("body.lsviz-lecturer")
        sizes = page.evaluate("""() => ['.lsviz-status', '#lesson p', '.widget-label', '.lsviz-copylink button'].map(
            (s) => parseFloat(getComputedStyle(document.querySelector(s)).fontSize))""")
        assert min(sizes) >= 24
        page.uncheck(".lsviz-lecture input")
        page.wait_for_selector("body:not(.lsviz-lecturer)")


def test_a_phone_needs_no_sideways_scrolling(browser, voila):
    with visit(browser, toy(voila), size=(390, 844), has_touch=True, is_mobile=True) as seen:
        assert seen.page.evaluate("() => document.documentElement.scrollWidth") <= 390
    with visit(browser, voila.address, size=(390, 844), is_mobile=True, ready=".page-card") as seen:
        assert seen.page.evaluate("() => document.documentElement.scrollWidth") <= 390


def test_keys_alone(browser, voila):
    """The skip link is first; every control in the app is reached by Tab and shows where one is."""
    with visit(browser, toy(voila)) as seen:
        page = seen.page
        page.keyboard.press("Tab")
        assert page.evaluate("() => document.activeElement.className") == "page-skip"
        reached = {}
        for _ in range(25):
            page.keyboard.press("Tab")
            name, outlined = page.evaluate("""() => {
                const e = document.activeElement, s = getComputedStyle(e);
                const outlined = s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) > 0;
                return [e.getAttribute('aria-label') || e.textContent.trim() || e.type, outlined];
            }""")
            reached[name] = outlined
        for name in ("length of the bar", "P", "Copy link", "Save picture", "Predict"):
            assert reached[name], name


def test_the_kernel_of_a_closed_page_is_gone_in_thirty_seconds(browser, voila):
    with visit(browser, toy(voila)) as open_page:
        mine = {kernel.pid for kernel in voila.kernels()}
        with visit(browser, toy(voila)):
            closed = {kernel.pid for kernel in voila.kernels()} - mine
            assert len(closed) == 1
        start = time.monotonic()
        while closed & {kernel.pid for kernel in voila.kernels()}:
            assert time.monotonic() - start < 30
            time.sleep(0.5)
        time.sleep(max(0.0, 20 - (time.monotonic() - start)))
        handle = open_page.page.locator(HANDLE).first
        handle.focus()
        handle.press("ArrowRight")
        open_page.wait_status("5.5 long")  # the page that is open kept its own


def test_a_page_says_that_its_kernel_sleeps(browser, voila):
    before = {kernel.pid for kernel in voila.kernels()}
    with visit(browser, toy(voila)) as seen:
        page = seen.page
        time.sleep(12)
        assert page.locator(".lsviz-asleep").is_hidden()
        # As when memory runs out: the server starts another, which knows nothing of this page.
        for process in voila.kernels():
            if process.pid not in before:
                process.kill()
        page.wait_for_selector(".lsviz-asleep:not([hidden])", timeout=60000)
        assert "asleep" in page.locator(".lsviz-asleep").inner_text()
        assert page.locator(PICTURE).is_visible()


def test_gallery_lists_twelve_lessons(browser, voila):
    with visit(browser, voila.address, ready=".page-card") as seen:
        assert seen.page.locator(".page-card").count() == 12
        assert seen.page.locator(".page-to-come a").count() == 0
        check_quiet(seen)


# The lessons.


ONE_WIDTH = "A network is either stuck"  # the app with the default eight networks
PACKING = "Pressed together"  # the app with one packing of 64 discs
KERNEL_MAP = "Widen the network and its tangent kernel"  # the app with three maps of 256 points


def slider_of(page, title):
    """The number of the first slider in the app whose title starts so."""
    page.wait_for_selector(f".lsviz-app[aria-label^='{title}'] {HANDLE}", timeout=60000)
    return page.evaluate("(title) => [...document.querySelectorAll('.noUi-handle')].findIndex("
                         "(h) => h.closest('.lsviz-app')?.getAttribute('aria-label')?.startsWith(title))", title)  # fmt: skip


DESK, PHONE = ((1280, 720), "light"), ((390, 844), "dark")


@pytest.mark.parametrize(("name", "first", "then"), [(path.name, *((DESK, PHONE) if i % 2 else (PHONE, DESK)))
                                                     for i, path in enumerate(sorted(LESSONS.glob("*.ipynb")))])  # fmt: skip
def test_lessons_open_whole_and_quiet(browser, lessons, name, first, then):
    """Every other lesson on a phone in the dark, which becomes a desk; the others the other way round."""
    (size, scheme), (later, other) = first, then
    with visit(browser, f"{lessons.address}voila/render/{name}", size=size, dark=scheme == "dark") as seen:
        page = seen.page
        page.wait_for_function(
            "() => [...document.querySelectorAll('.lsviz-image')].every((e) => e.alt)", timeout=60000
        )
        assert "Traceback" not in page.inner_text("body")
        assert "There was an error when executing" not in page.inner_text("body")
        assert page.evaluate("() => document.documentElement.scrollWidth") <= size[0]
        page.wait_for_function(
            """() => [...document.querySelectorAll('.lsviz-app .noUi-handle, .lsviz-app input, .lsviz-app select')].every(
                (e) => e.getAttribute('aria-label') || [...(e.labels ?? [])].some((l) => l.textContent.trim()))"""
        )
        for k in range(page.locator(STATUS).count()):  # an app that still computes sends one after the other
            until(lambda k=k: seen.alt(k) == page.locator(STATUS).nth(k).text_content())
        page.set_viewport_size({"width": later[0], "height": later[1]})
        page.emulate_media(color_scheme=other)
        until(lambda: page.evaluate("() => document.documentElement.scrollWidth") <= later[0])
        check_quiet(seen)


def until(agreed, patience=20):
    """Ask again until it is so."""
    end = time.monotonic() + patience
    while not agreed():
        assert time.monotonic() < end
        time.sleep(0.1)


def check_under_the_hand(browser, address, title=ONE_WIDTH, lab=False):
    """A drag shows many different pictures, each with its own status line, and ends with the last one; nothing leaves the machine."""
    with visit(browser, address, lab=lab) as seen:
        assert lab or seen.first_picture < 8 * BUSY
        got = measure(seen, slider_of(seen.page, title), seconds=1.5, presses=6)
    assert (got.disagreed, got.left, got.errors) == (0, 0, [])
    assert got.distinct > 3 and got.key_ms < 300 * BUSY and got.release_ms < 1000 * BUSY


@pytest.mark.times
def test_eight_networks_train_under_the_hand_on_voila(browser, lessons):
    check_under_the_hand(browser, f"{lessons.address}voila/render/3_jamming_networks.ipynb")


@pytest.mark.times
def test_a_packing_is_pressed_by_hand_on_voila(browser, lessons):
    check_under_the_hand(browser, f"{lessons.address}voila/render/2_jamming_particles.ipynb", PACKING)


@pytest.mark.times
def test_eight_networks_train_under_the_hand_in_jupyterlab(browser, lessons_in_lab):
    check_under_the_hand(browser, notebook(lessons_in_lab, file="3_jamming_networks.ipynb"), lab=True)
