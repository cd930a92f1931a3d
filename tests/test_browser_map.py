"""A real browser on stored maps: they move under every hand, without a kernel, without a request, on a phone."""

import os
import re
import time
import urllib.request
from pathlib import Path
from urllib.parse import urlparse

import pytest
from browser import visit
from scrub import CANVAS, FRAME, WORDS, feel, log, watch

pytestmark = [pytest.mark.browser, pytest.mark.slow]
BUSY = float(os.environ.get("LSVIZ_BUSY", 3))  # a test is no stopwatch; benchmarks/map.py holds the bars
MADE_UP, REAL = 0, 1  # the maps of the page, in order
LIVE, ERROR, SLIDER = ".lsviz-live", ".lsviz-error", ".lsviz-map input[type=range]"


def maps(browser, server, query="", **options):
    """The page with both maps on Voilà."""
    return visit(browser, f"{server.address}voila/render/map.ipynb{query}", ready=f"{ERROR}:has-text('width')", **options)


def in_lab(browser, server):
    """The same in JupyterLab, all cells run; in a workspace of its own, without what other tests left open."""
    head, _, token = server.address.partition("?token=")
    address = f"{head.split('/lab')[0]}/lab/workspaces/map/tree/map.ipynb?token={token}"
    return visit(browser, address, lab=True, ready=f"{ERROR}:has-text('width')")


def said(page, which=MADE_UP):
    """The words under a map."""
    return page.locator(WORDS).nth(which).inner_text()


def until(page, words, which=MADE_UP):
    """Wait for these words under a map."""
    page.wait_for_function("([k, words]) => document.querySelectorAll('.lsviz-map-words')[k]?.textContent.includes(words)",
                           arg=[which, words], timeout=5000)  # fmt: skip
    return said(page, which)


def focused(page, which=MADE_UP):
    """Put the focus on a map."""
    frame = page.locator(FRAME).nth(which)
    frame.scroll_into_view_if_needed()
    frame.focus()
    return frame


def cell(page, x, y, which=MADE_UP):
    """Page coordinates of a place on a map, shares of its cells from the lower left."""
    box = page.locator(FRAME).nth(which).bounding_box()
    wide = box["width"] > 640
    left, right, top, bottom = (0.16, 0.67, 0.1, 0.83) if wide else (0.24, 0.95, 0.05, 0.55)
    return box["x"] + (left + x * (right - left)) * box["width"], box["y"] + (bottom - y * (bottom - top)) * box["height"]


def quiet(seen):
    assert seen.left == []
    assert seen.errors == []


def check_keys(page):
    """Arrow keys, ends and corners; the words, the sliders and what a screen reader hears follow."""
    focused(page)
    until(page, "h = 1, P = 100, L = 1")
    page.keyboard.press("ArrowRight")
    until(page, "h = 1.49, P = 100")
    page.keyboard.press("ArrowUp")
    until(page, "h = 1.49, P = 113")
    page.keyboard.press("End")
    until(page, "h = 30, P = 113")
    assert page.locator(SLIDER).nth(0).input_value() == "59"
    assert page.locator(SLIDER).nth(1).get_attribute("aria-valuetext") == "P = 113"
    page.keyboard.press("PageUp")
    assert until(page, "P = 10000").endswith("not computed")
    page.wait_for_function("() => document.querySelector('.lsviz-map .lsviz-live').textContent.endsWith('not computed')")
    page.keyboard.press("Control+Home")
    until(page, "h = 1, P = 100")
    page.keyboard.press("ArrowLeft")
    assert said(page).startswith("h = 1, P = 100")
    page.locator(SLIDER).nth(2).focus()
    page.keyboard.press("ArrowRight")
    until(page, "L = 2")
    page.keyboard.press("Home")
    until(page, "L = 1")


def check_words(page, which=MADE_UP):
    """The words, the text alternative and the drawing agree."""
    assert page.locator(CANVAS).nth(which).get_attribute("aria-label").replace("_", "") == said(page, which)


@pytest.mark.times
def test_the_map_follows_the_hand(browser, voila):
    with maps(browser, voila) as seen:
        got = feel(seen.page, seconds=2)
        assert got.disagreed == 0
        assert got.pictures > 40 / BUSY and got.distinct > 30 / BUSY
        assert got.first_ms < 20 * BUSY
        quiet(seen)


def test_the_probe_counts_only_what_it_sees(browser, voila):
    with maps(browser, voila) as seen:
        page = seen.page
        watch(page)
        focused(page)
        time.sleep(0.5)
        before = len(log(page))
        for _ in range(5):
            page.keyboard.press("ArrowLeft")  # there is no cell further left
        time.sleep(0.5)
        assert len(log(page)) == before


def test_keys_alone(browser, voila):
    with maps(browser, voila) as seen:
        check_keys(seen.page)
        check_words(seen.page)
        reached = {}
        page = seen.page
        page.locator(".lsviz-map select").first.focus()
        for _ in range(12):
            page.keyboard.press("Tab")
            name, outlined = page.evaluate("""() => {
                const e = document.activeElement, s = getComputedStyle(e);
                const outlined = s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) > 0;
                return [e.getAttribute('aria-label') || e.textContent.trim(), outlined];
            }""")
            reached[name] = outlined
        assert all(reached.values()), reached
        for name in ("width", "width, as a number", "number of training points", "the corner", "Save picture"):
            assert name in reached
        assert any("arrow keys" in name for name in reached)
        quiet(seen)


def test_typed_numbers_and_presets(browser, voila):
    with maps(browser, voila) as seen:
        page = seen.page
        box = page.locator(".lsviz-map-number").nth(1)
        box.fill("900")
        box.press("Enter")
        until(page, "P = 943")
        assert box.input_value() == "943"
        for bad in ("many", "-5", ""):
            box.fill(bad)
            box.press("Enter")
        assert page.locator(".lsviz-map-number").nth(1).input_value() in ("943", "100")
        page.click("text=the corner")
        assert until(page, "h = 30, P = 10000").endswith("not computed")
        page.locator(".lsviz-map >> text=Reset").first.click()
        until(page, "h = 1, P = 100")
        page.locator(".lsviz-map select").first.select_option(label="largest NΔ/N")
        time.sleep(0.3)
        check_words(page)
        quiet(seen)


def test_links_between_widgets_and_addresses(browser, voila):
    with maps(browser, voila, "?made_up.h=20&made_up.P=950&made_up.L=3&phase_diagram.labels=random") as seen:
        page = seen.page
        until(page, "h = 20.2, P = 943, L = 3")
        until(page, "a coin's answer", REAL)
        field = page.locator("input[type=number]").first
        focused(page)
        page.keyboard.press("ArrowUp")
        page.wait_for_function("() => document.querySelector('input[type=number]').value === '20'")
        field.fill("3")
        field.press("Enter")
        until(page, "P = 143")
        page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(new Error('no')); }")
        page.locator("text=Copy link").first.click()
        assert "made_up.P=142.51&" in page.locator(".lsviz-copylink input").first.input_value()
        quiet(seen)


def shut_down(server):
    """End all kernels of a server for good, as its own pages do: not killed, which would start them anew."""
    head, _, token = server.address.partition("?token=")
    base, xsrf = f"http://{urlparse(head).netloc}", "ab" * 16
    running = server.kernels()
    assert running
    for kernel in running:
        name = re.search(r"kernel-([0-9a-f-]{36})", " ".join(kernel.cmdline())).group(1)
        end = urllib.request.Request(f"{base}/api/kernels/{name}{f'?token={token}' if token else ''}", method="DELETE",
                                     headers={"Cookie": f"_xsrf={xsrf}", "X-XSRFToken": xsrf})  # fmt: skip
        assert urllib.request.urlopen(end).status == 204
    assert not server.kernels()


def check_without_a_kernel(seen):
    """Keys, pointer, sliders, linked widgets and files, as before."""
    page = seen.page
    check_keys(page)
    page.mouse.move(*cell(page, 0.5, 0.5))
    page.mouse.move(*cell(page, 0.52, 0.5), steps=3)
    assert not said(page).startswith("h = 1,")
    page.mouse.down()
    page.mouse.move(*cell(page, 1.2, 1.1), steps=3)  # beyond the map: its last cell
    page.mouse.up()
    assert until(page, "P = 10000").startswith("h = 30")
    focused(page)
    page.keyboard.press("PageDown")
    page.keyboard.press("ArrowUp")
    page.wait_for_function("() => document.querySelector('input[type=number]').value === '1'")
    focused(page, REAL)
    before = said(page, REAL)
    page.keyboard.press("ArrowRight")
    time.sleep(0.3)
    assert said(page, REAL) != before
    check_words(page, REAL)
    with page.expect_download() as event:
        page.locator(".lsviz-map >> text=Save data").first.click()
    lines = Path(event.value.path()).read_text("utf-8").splitlines()
    assert lines[0].startswith("# a made-up recipe; python made_up.py; 2 hours on 2026-01-31")
    assert lines[1] == "L,P,h,share,left" and len(lines) == 2 + 5 * 40 * 60
    with page.expect_download() as event:
        page.locator(".lsviz-map >> text=Save picture").first.click()
    assert Path(event.value.path()).read_bytes().startswith(b"\x89PNG")
    assert seen.left == []


def test_it_moves_on_voila_when_the_kernel_is_shut_down(browser, voila):
    with maps(browser, voila) as seen:
        shut_down(voila)
        time.sleep(1)
        check_without_a_kernel(seen)


def test_it_moves_in_jupyterlab_when_the_kernel_is_shut_down(browser, lab):
    with in_lab(browser, lab) as seen:
        quiet(seen)
        shut_down(lab)
        time.sleep(1)
        check_without_a_kernel(seen)


def test_what_cannot_be_shown_is_a_box(browser, voila):
    with maps(browser, voila) as seen:
        box = seen.page.locator(ERROR).last
        assert "x: got 'width'; allowed: a dimension" in box.inner_text()
        assert box.get_attribute("role") == "alert"
        assert "Traceback" not in seen.page.inner_text("body")


def test_the_page_decides_the_colours(browser, voila):
    with maps(browser, voila, dark=True) as seen:
        page = seen.page
        watch(page)
        dark = log(page)[-1]["hash"]
        page.click("#lsviz-theme")
        page.wait_for_function("(old) => window.__map.log.at(-1).hash !== old", arg=dark)
        key = page.locator(".lsviz-map-key").first.inner_text()
        for words in ("none", "all", "not computed", "satisfied", "stuck", "a line"):
            assert words in key


def test_a_finger_on_a_phone(browser, voila):
    with maps(browser, voila, size=(390, 844), has_touch=True, is_mobile=True) as seen:
        page = seen.page
        assert page.evaluate("() => document.documentElement.scrollWidth") <= 390
        page.locator(FRAME).nth(REAL).scroll_into_view_if_needed()
        page.touchscreen.tap(*cell(page, 0.995, 0.03, REAL))
        until(page, "N = 1302, P = 100", REAL)
        scrolled = page.evaluate("() => scrollY")
        touch = page.context.new_cdp_session(page)
        for i in range(12):
            x, y = cell(page, 0.97 - 0.08 * i, 0.03 + 0.085 * i, REAL)
            kind = "touchStart" if i == 0 else "touchMove"
            touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y}]})
        touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        until(page, "P = 1000", REAL)
        assert page.evaluate("() => scrollY") == scrolled
        assert re.search(r"N = \d+, P = 1000 \(N/P = [\d.]+\), odd or even digit: \d of 8 networks satisfy all points", said(page, REAL))
        quiet(seen)


def test_lecturer_mode_writes_large(browser, voila):
    with maps(browser, voila) as seen:
        page = seen.page
        page.evaluate("() => { document.body.classList.add('lsviz-lecturer'); window.dispatchEvent(new Event('resize')); }")
        sizes = page.evaluate("""() => ['.lsviz-map-words', '.lsviz-map-key', '.lsviz-map-choice select', '.lsviz-map-number'].map(
            (s) => parseFloat(getComputedStyle(document.querySelector(s)).fontSize))""")
        assert min(sizes) >= 24
        assert page.evaluate("() => document.documentElement.scrollWidth") <= 1280
