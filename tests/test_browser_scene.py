"""A real browser on scenes: five on a page with one WebGL context, turned by mouse, touch and keys, heard by Python, without a kernel."""

import os
import re
import time
import urllib.request
from urllib.parse import urlparse

import pytest
from browser import visit
from space import CANVAS, FLAT, FRAME, SOFTWARE, pixels, told, turn

pytestmark = [pytest.mark.browser, pytest.mark.slow]
BUSY = float(os.environ.get("LSVIZ_BUSY", 3))  # a test is no stopwatch; benchmarks/scene.py holds the bars
SURFACE, SHAPE, WORDED, STILL, MIRRORED = range(5)
HEARD = "#heard"


@pytest.fixture(scope="module")
def software(browser, chromium):
    """A browser whose WebGL is computed by the processor."""
    launched = browser.browser_type.launch(executable_path=chromium, args=SOFTWARE)
    yield launched
    launched.close()


@pytest.fixture(scope="module")
def flat(browser, chromium):
    """A browser without WebGL."""
    launched = browser.browser_type.launch(executable_path=chromium, args=FLAT)
    yield launched
    launched.close()


def scenes(browser, server, **options):
    """The page with five scenes on Voilà."""
    return visit(browser, f"{server.address}voila/render/scenes.ipynb", ready=f"{CANVAS} >> nth=4", **options)


def app(browser, server, query="", **options):
    """The app whose object is turned, on Voilà."""
    return visit(browser, f"{server.address}voila/render/turned.ipynb{query}", **options)


def drawn(page, which):
    """Wait until something is drawn; its hash."""
    page.locator(FRAME).nth(which).scroll_into_view_if_needed()
    for _ in range(50):
        found, share = pixels(page, which)
        if share > 0.02:
            return found
        time.sleep(0.1)
    raise AssertionError(f"scene {which} stays empty")


def another(page, which, before):
    """Wait for another picture; its hash."""
    for _ in range(50):
        found, _ = pixels(page, which)
        if found != before:
            time.sleep(0.4)  # a coarse one while it moves, then a fine one
            return pixels(page, which)[0]
        time.sleep(0.05)
    raise AssertionError(f"scene {which} stays as it was")


def heard(page, change=""):
    """The quaternion that Python heard last, once it is another than `change`."""
    page.wait_for_function("(old) => ![old, ''].includes(document.querySelector('#heard').textContent)", arg=change, timeout=5000)
    return page.locator(HEARD).inner_text()


def quiet(seen):
    assert seen.left == []
    assert seen.errors == []


def test_five_scenes_share_one_context_and_one_bundle(software, voila):
    """Counted where contexts are made; the bundle goes over the wire once."""
    with scenes(software, voila) as seen:
        page = seen.page
        hashes = [drawn(page, which) for which in range(5)]
        assert len(set(hashes)) == 5
        assert page.evaluate("() => globalThis.lsvizScenes.asked") == 1
        assert page.locator(".lsviz-scene-flat").count() == 0
        page.evaluate("""() => {
          window.__made = 0;
          for (const kind of [HTMLCanvasElement, OffscreenCanvas]) {
            const own = kind.prototype.getContext;
            kind.prototype.getContext = function (name, ...rest) {
              window.__made += /webgl/.test(name);
              return own.call(this, name, ...rest);
            };
          }
        }""")
        for which in range(5):
            if which != STILL:
                page.locator(FRAME).nth(which).press("ArrowLeft")
                another(page, which, hashes[which])
        page.click("#lsviz-theme")
        time.sleep(0.5)
        assert [drawn(page, which) for which in range(5)] != hashes
        assert page.evaluate("() => window.__made") == 0, "no other context than the first"
        quiet(seen)


def test_mouse_and_python(software, voila):
    """A drag turns it; Python hears the end of it; what Python sets is shown."""
    with scenes(software, voila) as seen:
        page = seen.page
        before = drawn(page, SHAPE)
        box = page.locator(FRAME).nth(SHAPE).bounding_box()
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x + box["height"] / 2, y, steps=12)  # half of the height: a quarter turn about what is up in the view
        page.mouse.up()
        after = another(page, SHAPE, before)
        page.wait_for_function("() => Math.abs(parseFloat(document.querySelector('#heard').textContent) - 0.7071) < 0.01")
        values = [float(v) for v in heard(page).split()]
        assert sum(v * v for v in values) == pytest.approx(1, abs=1e-3) and values[2] > 0.6
        page.mouse.move(x + 5, y + 60)  # the hand is off: nothing turns
        assert pixels(page, SHAPE)[0] == after
        page.click("text=Quarter turn")
        set_by_python = another(page, SHAPE, after)
        page.locator(FRAME).nth(SHAPE).press("Home")
        assert another(page, SHAPE, set_by_python) == before
        assert heard(page, "0.7071 0.0000 0.7071 0.0000").startswith("1.0000 0.0000")
        quiet(seen)


def test_keys_focus_and_words(software, voila):
    with scenes(software, voila) as seen:
        page, frame = seen.page, seen.page.locator(FRAME).nth(SHAPE)
        start = drawn(page, SHAPE)
        assert frame.get_attribute("role") == "application" and frame.get_attribute("tabindex") == "0"
        said = frame.get_attribute("aria-label")
        assert said.startswith("Shape: a shape of four cubes") and "Arrow keys turn it" in said
        frame.focus()
        page.keyboard.press("Tab")
        page.keyboard.press("Shift+Tab")
        assert page.evaluate("() => getComputedStyle(document.activeElement).outlineWidth") == "3px", "the focus is seen"
        page.keyboard.press("ArrowRight")
        another(page, SHAPE, start)
        assert heard(page, "nothing heard") == "0.9990 0.0000 0.0436 0.0000", "five degrees about y"
        page.wait_for_function("() => [...document.querySelectorAll('.lsviz-live')].some((one) => one.textContent === "
                               "'turned by 5 degrees about (0.0, 1.0, 0.0)')")  # fmt: skip
        for key in ("ArrowLeft", "ArrowUp", "ArrowDown", ",", "."):
            page.keyboard.press(key)
        page.wait_for_function("() => document.querySelector('#heard').textContent.startsWith('1.0000 0.0000')"
                               " || document.querySelector('#heard').textContent.startsWith('1.0000 -0.0000')")  # fmt: skip
        page.keyboard.press("Shift+ArrowRight")
        page.wait_for_function("() => document.querySelector('#heard').textContent === '0.9914 0.0000 0.1305 0.0000'")
        page.keyboard.press("r")
        time.sleep(0.5)
        assert pixels(page, SHAPE)[0] == start
        page.keyboard.press("+")
        near = another(page, SHAPE, start)
        page.keyboard.press("-")
        assert another(page, SHAPE, near) == start
        quiet(seen)


def test_the_wheel_belongs_to_the_page_unless_the_scene_has_the_focus(software, voila):
    with scenes(software, voila) as seen:
        page, frame = seen.page, seen.page.locator(FRAME).nth(SHAPE)
        start = drawn(page, SHAPE)
        box = frame.bounding_box()
        page.mouse.move(box["x"] + 50, box["y"] + 50)
        page.mouse.wheel(0, 100)
        page.wait_for_function("() => window.scrollY > 0 || document.querySelector('main, #lesson, body').scrollTop > 0")
        frame.focus()
        frame.scroll_into_view_if_needed()
        time.sleep(0.3)
        assert pixels(page, SHAPE)[0] == start, "scrolling did not zoom"
        scrolled = page.evaluate("() => window.scrollY")
        box = frame.bounding_box()
        page.mouse.move(box["x"] + 50, box["y"] + 50)
        page.mouse.wheel(0, 200)
        another(page, SHAPE, start)
        assert page.evaluate("() => window.scrollY") == scrolled, "zooming did not scroll"


def test_touch_turns_it_and_a_phone_needs_no_sideways_scrolling(software, voila):
    with scenes(software, voila, size=(390, 844), is_mobile=True, has_touch=True) as seen:
        page = seen.page
        assert page.evaluate("() => document.documentElement.scrollWidth") <= 390
        before = drawn(page, SHAPE)
        box = page.locator(FRAME).nth(SHAPE).bounding_box()
        wire = page.context.new_cdp_session(page)

        def touch(kind, *at):
            wire.send("Input.dispatchTouchEvent", dict(type=kind, touchPoints=[dict(x=x, y=y) for x, y in at]))

        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        touch("touchStart", (x, y))
        for k in range(1, 9):
            touch("touchMove", (x + 8 * k, y + 5 * k))
        touch("touchEnd")
        another(page, SHAPE, before)
        assert heard(page, "nothing heard") != "nothing heard"
        quiet(seen)


def test_one_that_cannot_be_turned_stays(software, voila):
    with scenes(software, voila) as seen:
        page = seen.page
        before = drawn(page, STILL)
        page.locator(FRAME).nth(STILL).press("ArrowLeft")
        box = page.locator(FRAME).nth(STILL).bounding_box()
        page.mouse.move(box["x"] + 90, box["y"] + 90)
        page.mouse.down()
        page.mouse.move(box["x"] + 190, box["y"] + 90, steps=4)
        page.mouse.up()
        time.sleep(0.3)
        assert pixels(page, STILL)[0] == before
        assert "Arrow keys" not in page.locator(FRAME).nth(STILL).get_attribute("aria-label")


def test_a_picture_is_saved(software, voila):
    with scenes(software, voila) as seen:
        drawn(seen.page, SURFACE)
        with seen.page.expect_download() as event:
            seen.page.locator("text=Save view").first.click()
        assert event.value.suggested_filename == "scene.png"
        from PIL import Image

        image = Image.open(event.value.path())
        box = seen.page.locator(FRAME).first.bounding_box()
        assert image.width == pytest.approx(2 * box["width"], abs=6) and len(image.getcolors(10**6)) > 500
        assert image.getpixel((3, 3))[:3] == (255, 255, 255), "on the colour of the page"
        quiet(seen)


def test_without_webgl_it_is_painted_all_the_same(flat, voila):
    with scenes(flat, voila) as seen:
        page = seen.page
        assert page.evaluate("() => document.createElement('canvas').getContext('webgl2')") is None
        before = [drawn(page, which) for which in range(5)]
        assert len(set(before)) == 5
        assert "This browser has no WebGL" in page.locator(".lsviz-scene-hint").first.inner_text()
        assert page.locator(FRAME).nth(SURFACE).get_attribute("aria-label").startswith("Surface: a surface with four lobes")
        page.locator(FRAME).nth(SHAPE).press("ArrowRight")
        another(page, SHAPE, before[SHAPE])
        assert heard(page, "nothing heard") == "0.9990 0.0000 0.0436 0.0000"
        quiet(seen)


def test_both_ways_of_drawing_show_the_same(software, flat, voila, tmp_path):
    """WebGL and the painter: most pixels are covered by both or by neither."""
    import numpy as np
    from PIL import Image

    def shot(browser, name):
        with scenes(browser, voila) as seen:
            drawn(seen.page, SHAPE)
            seen.page.mouse.move(1, 1)
            seen.page.locator(CANVAS).nth(SHAPE).screenshot(path=tmp_path / name)
        return np.asarray(Image.open(tmp_path / name).convert("RGB"), float)

    one, other = shot(software, "webgl.png"), shot(flat, "flat.png")
    far = np.abs(one - other).max(-1) > 90
    covered = (one.min(-1) < 200).mean()
    assert covered > 0.05 and far.mean() < 0.1 * covered + 0.01


def test_it_turns_without_a_kernel(software, voila):
    with scenes(software, voila) as seen:
        page = seen.page
        before = drawn(page, SHAPE)
        page.locator(FRAME).nth(SHAPE).press("ArrowRight")
        heard(page, "nothing heard")
        for process in voila.kernels():
            process.kill()
        time.sleep(1)
        for _ in range(6):
            page.locator(FRAME).nth(SHAPE).press("ArrowRight")
            after = another(page, SHAPE, before)
            assert after != before
            before = after
        feel = turn(page, SHAPE, 1.0)
        assert feel.pictures > 5 / BUSY
        assert [error for error in seen.errors if "Error" in error and "WebSocket" not in error] == []


def test_the_app_answers_a_turn(software, voila):
    with app(software, voila) as seen:
        page = seen.page
        drawn(page, 0)
        frame = page.locator(FRAME).first
        seen.wait_status("turned vector (0.00, 0.00, 1.00)")
        wide = page.locator(".lsviz-picture").bounding_box(), frame.bounding_box()
        assert wide[0]["x"] > wide[1]["x"] + wide[1]["width"] - 1, "they stand side by side"
        frame.focus()
        for _ in range(6):
            frame.press("Shift+ArrowRight")
        seen.wait_status("turned vector (1.00, 0.00, 0.00)")
        assert "(1.00, 0.00, 0.00)" in frame.get_attribute("aria-label") or seen.page.wait_for_function(
            "() => document.querySelector('.lsviz-scene-frame').getAttribute('aria-label').includes('(1.00, 0.00, 0.00)')")  # fmt: skip
        turned = pixels(page)[0]
        page.select_option("select", label="its mirror image")
        seen.wait_status("turned vector (-1.00, 0.00, 0.00)")
        mirrored = another(page, 0, turned)
        page.click("text=on its side")
        seen.wait_status("turned vector (1.00, 0.00, 0.00)")
        another(page, 0, mirrored)
        page.click(".lsviz-app button:text-is('Reset')")
        seen.wait_status("turned vector (0.00, 0.00, 1.00)")
        quiet(seen)


def test_the_last_turn_of_a_drag_is_answered(software, voila):
    with app(software, voila) as seen:
        page = seen.page
        drawn(page, 0)
        turn(page, 0, 1.5)
        page.locator(FRAME).first.press("R")
        seen.wait_status("turned vector (0.00, 0.00, 1.00)", timeout=5)
        page.locator(FRAME).first.press("Shift+ArrowLeft")
        seen.wait_status("turned vector (-0.26, 0.00, 0.97)", timeout=5)
        quiet(seen)


def test_a_link_restores_a_turn(software, voila):
    with app(software, voila, "?turned.rotation=0.5,0.5,0.5,0.5") as seen:
        seen.wait_status("turned vector (1.00, 0.00, 0.00)")
        quiet(seen)


def test_an_app_stands_on_a_phone(software, voila):
    with app(software, voila, size=(390, 844), is_mobile=True, has_touch=True) as seen:
        page = seen.page
        drawn(page, 0)
        assert page.evaluate("() => document.documentElement.scrollWidth") <= 390
        picture, frame = page.locator(".lsviz-picture").bounding_box(), page.locator(FRAME).bounding_box()
        assert picture["y"] > frame["y"] + frame["height"] - 1, "one above the other"
        assert min(picture["width"], frame["width"]) > 300


def test_jupyterlab_shows_scenes(software, lab):
    head, _, token = lab.address.partition("?token=")
    address = f"{head.split('/lab')[0]}/lab/workspaces/scenes/tree/scenes.ipynb?token={token}"
    with visit(software, address, lab=True, ready=f"{CANVAS} >> nth=4") as seen:
        page = seen.page
        before = drawn(page, SHAPE)
        page.locator(FRAME).nth(SHAPE).press("ArrowRight")
        another(page, SHAPE, before)
        assert heard(page, "nothing heard") == "0.9990 0.0000 0.0436 0.0000"
        quiet(seen)


@pytest.mark.times
def test_pictures_follow_the_hand(software, voila):
    with scenes(software, voila) as seen:
        drawn(seen.page, SURFACE)
        turn(seen.page, SURFACE, 0.5)
        feel = turn(seen.page, SURFACE, 2.0)
        assert feel.pictures > 20 / BUSY
        assert sorted(told(seen.page, SHAPE, HEARD, 6))[3] < 100 * BUSY
        quiet(seen)


def test_the_page_of_a_scene_is_no_larger_for_more_scenes(software, voila):
    """What Voilà sends for five scenes holds no bundle at all."""
    name = urlparse(voila.address)
    text = urllib.request.urlopen(f"http://{name.netloc}/voila/render/scenes.ipynb").read().decode()
    assert len(re.findall("Three.js Authors", text)) == 0
