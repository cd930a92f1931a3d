"""The widgets without a browser: one message a frame, what the page answers, links, the list of lessons, and nothing from elsewhere."""

import json
import re
import subprocess
import time
from shutil import which

import pytest
from comm.base_comm import BaseComm

from lsviz import frontend
from lsviz.frontend import Access, Download, LectureMode, Link, Map, OwnPicture, Picture, Store
from lsviz.frontend.assets import ROOT, script, text
from lsviz.frontend.controls import read_query

WIDGETS = [Access, Download, LectureMode, Link, Map, OwnPicture, Picture, Store]
PAGE = ROOT / "jupyter" / "voila" / "templates" / "lsviz"


class Wire(BaseComm):
    """A wire to a page that notes what goes over it."""

    def __init__(self, **options):
        self.messages = []
        super().__init__(**options)

    def publish_msg(self, msg_type, data=None, metadata=None, buffers=None, **keys):
        self.messages.append((data or {}, buffers or []))


def answer(widget, **content):
    """What the page says."""
    widget._handle_custom_msg(content, [])


def test_a_frame_is_one_message():
    picture = Picture()
    picture.comm = wire = Wire(target_name="test")
    wire.messages.clear()
    assert picture.show(b"\x89PNG", "N is 5", settled=True, progress=0.5) == 1
    [(data, buffers)] = wire.messages
    assert data["state"] == {"alt": "N is 5", "settled": True, "progress": 0.5, "serial": 1}
    assert data["buffer_paths"] == [["frame"]]
    assert [bytes(part) for part in buffers] == [b"\x89PNG"]


def test_a_frame_without_a_picture_keeps_the_last():
    picture = Picture()
    picture.show(b"one", "first")
    picture.show(None, "second", error="P: 13 was given")
    assert (picture.frame, picture.alt, picture.error) == (b"one", "second", "P: 13 was given")
    picture.show(b"two", "third")
    assert picture.error == ""


def test_acknowledged_frames_are_not_in_flight():
    picture = Picture()
    for k in range(3):
        picture.show(bytes([k]), "…")
    assert picture.in_flight == 3
    answer(picture, opened="a")
    answer(picture, ack=2)
    assert picture.in_flight == 1
    answer(picture, ack=1)  # late and out of order
    assert (picture.ack, picture.in_flight) == (2, 1)


def test_a_closed_page_is_gone(monkeypatch):
    picture = Picture()
    picture.show(b"1", "…")
    assert not picture.gone  # not yet seen is not gone: the page is still loading
    answer(picture, opened="a")
    answer(picture, ack=1)
    assert not picture.gone
    answer(picture, closed="a")
    assert picture.gone
    answer(picture, opened="b")
    assert not picture.gone
    picture.show(b"2", "…")
    now = time.monotonic()
    monkeypatch.setattr("lsviz.frontend.picture.time.monotonic", lambda: now + 11)
    assert picture.gone  # a frame has waited ten seconds and the page is silent
    answer(picture, ask=True)
    assert not picture.gone


def test_the_link_restores_once():
    link, states = Link("one_width"), []
    link.on_restore(states.append)
    answer(link, found={"P": "300", "h": 4.5})
    answer(link, found={"P": "100"})
    assert states == [{"P": "300", "h": "4.5"}]


def test_the_server_tells_the_link_first(monkeypatch):
    monkeypatch.setenv("QUERY_STRING", "theme=dark&one_width.P=300&transition.P=100&one_width.labels=a%26b")
    link, states = Link("one_width"), []
    link.on_restore(states.append)
    assert link.start() == {"P": "300", "labels": "a&b"}
    answer(link, found={"P": "100"})
    assert states == []
    monkeypatch.delenv("QUERY_STRING")
    assert Link("one_width").start() == {}


@pytest.mark.parametrize("query", ["", "?", "one_width=3", "&&&=", "one_widthP=3", "other.P=3"])
def test_other_addresses_hold_no_state(query):
    assert read_query("one_width", query) == {}


def test_store_puts_one_answer():
    store = Store(name="3")
    store.put("a", [1, 2])
    store.put("b", None)
    assert store.values == {"a": [1, 2], "b": None}


@pytest.mark.parametrize("widget", WIDGETS)
def test_nothing_is_fetched_from_elsewhere(widget):
    source = widget._esm + widget._css
    assert not re.search(r"""(?:import\s*\(|\bimport\s.*from|@import|url\()""", source)
    found = set(re.findall(r"https?://[^\s\"'`)]+", source))
    assert found <= {"http://www.w3.org/2000/svg"}  # a name, not an address


def test_pages_fetch_nothing_from_elsewhere():
    for file in [*PAGE.iterdir(), *(PAGE / "static").iterdir()]:
        if file.name.endswith((".html", ".j2", ".js", ".css")):
            found = set(re.findall(r"(?:https?:)?//[a-z][\w.-]+\.[a-z]{2,}[^\s\"'`)]*", file.read_text("utf-8")))
            assert {address for address in found if "w3.org" not in address} == set(), file.name


@pytest.mark.skipif(which("node") is None, reason="node checks the syntax; without it the browser tests do")
@pytest.mark.parametrize(
    "names",
    [("drawing", "picture"), ("chart", "plane", "map"), ("access",), ("link",), ("download",), ("store",), ("lecture",)],
)
def test_scripts_are_modules(names, tmp_path):
    file = tmp_path / "module.mjs"
    file.write_text(script(*names))
    subprocess.run(["node", "--check", file], check=True)


def test_the_list_of_lessons():
    source = text("jupyter/voila/templates/lsviz/lessons.html.j2")
    lessons = json.loads(source[source.index("[") : source.rindex("]") + 1])
    assert [int(lesson["name"].split("_")[0]) for lesson in lessons] == list(range(12))
    assert all(lesson["claim"].endswith((".", "?")) and 5 <= lesson["minutes"] <= 60 for lesson in lessons)


def test_all_is_public():
    assert sorted(widget.__name__ for widget in WIDGETS) == sorted(frontend.__all__)
