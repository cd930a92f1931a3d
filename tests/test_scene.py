"""Scenes without a browser: the bundle is what its sources make and fetches nothing, bodies are checked, turns are heard, apps turn."""

import hashlib
import re
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from comm.base_comm import BaseComm

from lsviz.app import App, Slider, Turn, first
from lsviz.app.controls import control, read, write
from lsviz.experiment import experiment
from lsviz.figure import bodies
from lsviz.scene import Scene, arrows, axes, caption, cubes, lines, mesh, points, surface, unit
from lsviz.scene.widget import bundle, version

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ROOT / "tools" / "scene"
sys.path.insert(0, str(ROOT / "tests" / "fixtures"))
from scenes import five, turned, turned_vector  # noqa: E402

HALF = np.sqrt(0.5).item()


class Wire(BaseComm):
    """A wire to a page that notes what goes over it."""

    def __init__(self, **options):
        self.messages = []
        super().__init__(**options)

    def publish_msg(self, msg_type, data=None, metadata=None, buffers=None, **keys):
        self.messages.append((data or {}, buffers or []))


def wired(*given, **traits):
    scene = Scene(*given, **traits)
    scene.comm = wire = Wire(target_name="test")
    wire.messages.clear()
    return scene, wire


def hear(scene, **content):
    """What the page says."""
    scene._handle_custom_msg(content, [])


# --- the bundle ---------------------------------------------------------------------------------------------------------


def hash_of(folder):
    """As tools/scene/build.mjs makes it."""
    names = ["build.mjs", "package-lock.json", "package.json", *(f"src/{path.name}" for path in (folder / "src").iterdir())]
    digest = hashlib.sha256()
    for name in sorted(names):
        digest.update(f"{name}\0".encode() + (folder / name).read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def test_the_bundle_is_made_of_these_sources():
    assert version() == hash_of(TOOLS), "sources have changed: cd tools/scene && npm ci && npm run build"
    lock = (TOOLS / "package-lock.json").read_text("utf-8")
    three = re.search(r'"node_modules/three": \{\s*"version": "([^"]+)"', lock)[1]
    assert f"three.js {three}, MIT" in bundle()[:300].decode()


def test_another_source_is_noticed(tmp_path):
    copy = shutil.copytree(TOOLS, tmp_path / "scene", ignore=shutil.ignore_patterns("node_modules"))
    (copy / "src" / "hand.js").write_text("// another", "utf-8")
    assert hash_of(copy) != version()


@pytest.mark.skipif(not (TOOLS / "node_modules").exists() or not shutil.which("node"), reason="npm ci was not run in tools/scene")
def test_the_build_gives_the_committed_bundle(tmp_path):
    """Byte for byte, where the tools are installed."""
    copy = tmp_path / "tools" / "scene"
    shutil.copytree(TOOLS, copy, ignore=shutil.ignore_patterns("node_modules"))
    (copy / "node_modules").symlink_to(TOOLS / "node_modules")
    (tmp_path / "lsviz" / "scene").mkdir(parents=True)
    done = subprocess.run(["node", "build.mjs"], cwd=copy, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "lsviz" / "scene" / "bundle.js").read_bytes() == bundle()


def test_nothing_is_fetched():
    text = bundle().decode() + Scene._esm
    found = set(re.findall(r"https?://[\w./-]+", text))
    assert found <= {"http://www.w3.org/1999/xhtml"}, "the name of HTML, no address"
    ours = re.sub(r"fetch\(`\$\{base\}api/kernels/", "", text)
    for way in ("fetch(", "XMLHttpRequest", "WebSocket", "importScripts", "sendBeacon", "@import"):
        assert not re.search(rf"(?<![\w.]){re.escape(way)}", ours), way
    assert not re.search(r"\bimport\(\s*[\"'`]", text)
    assert "import" not in re.sub(r"import\(url\)", "", Path(ROOT / "lsviz/scene/ask.js").read_text("utf-8")).replace("// ", "")


def test_the_bundle_is_small_and_sent_when_asked_for():
    assert len(bundle()) < 520_000
    scene, wire = wired([cubes([[0, 0, 0]])])
    sent = sum(len(str(value)) for value in scene.get_state().values() if not isinstance(value, (bytes, memoryview)))
    assert sent < 30_000, "one instance carries no bundle"
    hear(scene, ask="bundle")
    [(data, buffers)] = wire.messages
    assert data["content"] == {"bundle": version()} and bytes(buffers[0]) == bundle()


# --- bodies -------------------------------------------------------------------------------------------------------------


def test_all_kinds_of_bodies():
    kinds = {body.kind for scene in five() for body in scene.bodies}
    assert kinds == {"mesh", "surface", "cubes", "arrows", "points", "lines", "axes", "caption"}
    [body] = [body for body in five()[0].bodies if body.kind == "surface"]
    assert body.spec["rows"] * body.spec["columns"] == 8192
    assert body.size == 8192 * (12 + 1), "three float32 and one byte of colour"
    numbers = np.frombuffer(body.spec["vertices"], "<f4").reshape(64, 128, 3)
    assert np.linalg.norm(numbers[0, 0]) == pytest.approx(0.4) and numbers[0, 0, 1] == pytest.approx(0.4), "the pole is up, along y"


def test_values_go_through_the_ramp():
    def shades(**how):
        return list(points([[0, 0, 0]] * 3, values=[-1.0, 0.0, 2.0], **how).spec["shades"])

    assert shades() == [62, 124, 249]
    assert shades(limits=(-1, 1)) == [0, 124, 249]
    assert points([[0, 0, 0]], values=[0.0]).spec["shades"] == bytes([124])
    assert list(points([[0, 0, 0]], colours=[[1, 0.5, 0]]).spec["colours"]) == [255, 128, 0]


SQUARE = [[0, 0, 0], [1, 0, 0], [0, 1, 0]]


@pytest.mark.parametrize(("make", "words"), [
    (lambda: cubes([]), "cells: got an array .*; allowed: numbers .n, 3., n ≥ 1"),
    (lambda: cubes([[0, 0]]), "cells: got"),
    (lambda: cubes([[0, 0, np.nan]]), "cells: got numbers that are not finite"),
    (lambda: cubes("T"), "cells: got 'T'"),
    (lambda: cubes([[0, 0, 0]], side=0), "side: got 0; allowed: a number > 0"),
    (lambda: cubes([[0, 0, 0]], colour="mauve"), "colour: got 'mauve'; allowed: ink"),
    (lambda: mesh(SQUARE, [[0, 1, 3]]), "faces: got numbers 0 to 3; allowed: 0 to 2"),
    (lambda: mesh(SQUARE, [[0.0, 1, 2]]), "faces: got"),
    (lambda: mesh(SQUARE, [[0, 1, 2]], opacity=0), "opacity: got 0"),
    (lambda: mesh(SQUARE, [[0, 1, 2]], values=[1, 2]), "values: got .*; allowed: 3 finite numbers"),
    (lambda: mesh(SQUARE, [[0, 1, 2]], values=[1, 2, 3], limits=(2, 1)), "limits: got"),
    (lambda: mesh(SQUARE, [[0, 1, 2]], values=[1, 2, 3], ramp="jet"), "ramp: got 'jet'; allowed: satisfied"),
    (lambda: mesh(SQUARE, [[0, 1, 2]], values=[1, 2, 3], colours=SQUARE), "colours: got values, too"),
    (lambda: mesh(SQUARE, [[0, 1, 2]], colours=[[2, 0, 0]] * 3), "colours: got"),
    (lambda: surface(SQUARE), "points: got .*; allowed: finite numbers .rows, columns, 3."),
    (lambda: surface(np.zeros((3, 4, 3)), values=np.zeros((4, 3))), "values: got .*; allowed: one for each point, .3, 4."),
    (lambda: arrows([[0, 0, 0]] * 2, [[1, 0, 0]]), "starts: got 2 points for 1 vectors"),
    (lambda: points([[0, 0, 0]], radius=-1), "radius: got -1"),
    (lambda: lines([[0, 0, 0]]), "paths: got"),
    (lambda: axes(0), "length: got 0"),
    (lambda: axes(labels="xyz"), "labels: got 'xyz'; allowed: three words"),
    (lambda: caption("a", (0, 1)), "at: got .*; allowed: a point, like .0, 1, 0."),
    (lambda: points(np.zeros((2_000_000, 3))), "points: 24000000 bytes on the way to the browser; allowed"),
    (lambda: Scene(["cube"]), "bodies: number 0 is str; allowed: what mesh"),
])  # fmt: skip
def test_what_is_no_body_is_refused_by_name(make, words):
    with pytest.raises(ValueError, match=words):
        make()


def test_bodies_that_are_the_same_are_not_sent_again():
    scene, wire = wired([cubes([[0, 0, 0]])])
    scene.bodies = [cubes([[0.0, 0, 0]])]
    assert wire.messages == []
    scene.bodies = cubes([[1, 0, 0]])
    [(data, buffers)] = wire.messages
    assert data["buffer_paths"] == [["_bodies", 0, "vertices"]]
    assert np.frombuffer(buffers[0], "<f4").tolist() == [1, 0, 0]


def test_colours_hold_on_both_pages():
    for name, (light, dark) in bodies.COLOURS.items():
        assert re.fullmatch("#[0-9a-f]{6}", light) and light != dark, name


# --- turning ------------------------------------------------------------------------------------------------------------


def test_a_turn_by_hand_is_heard_and_acknowledged_but_not_sent_back():
    scene, wire = wired()
    heard = []
    scene.on_turn(heard.append)
    hear(scene, turn=[HALF, 0, HALF, 0], serial=7)
    assert heard == [tuple(scene.quaternion)] and heard[0] == pytest.approx((HALF, 0, HALF, 0))
    assert [data.get("content") for data, _ in wire.messages] == [{"heard": 7}]
    scene.quaternion = [2, 0, 0, 0]
    assert scene.quaternion == [1, 0, 0, 0] and wire.messages[-1][0]["state"] == {"quaternion": [1, 0, 0, 0]}


def test_what_is_no_turn_is_refused_and_yet_acknowledged():
    scene, wire = wired()
    for bad in ([0, 0, 0, 0], [1, 0, 0], [float("nan"), 0, 0, 1], ["a", 0, 0, 0]):
        with pytest.raises(ValueError, match=r"quaternion: got .*; allowed: four numbers"):
            unit(bad)
        with pytest.raises(ValueError, match="allowed: four numbers"):
            scene._from_page(scene, dict(turn=bad, serial=1), [])
    assert [data["content"] for data, _ in wire.messages] == [{"heard": 1}] * 4 and scene.quaternion == [1, 0, 0, 0]
    with pytest.raises(ValueError, match="quaternion: got"):
        Scene(quaternion=[0.0, 0, 0, 0])


def test_the_matrix_turns_the_way_the_quaternion_says():
    quarter = Scene(quaternion=[HALF, 0, HALF, 0]).matrix
    assert np.allclose(quarter @ [0, 0, 1], [1, 0, 0]), "about y, from z to x"
    for _ in range(5):
        turn = unit(np.random.default_rng(3).standard_normal(4))
        whole = Scene(quaternion=turn).matrix
        assert np.allclose(whole.T @ whole, np.eye(3)) and np.linalg.det(whole) == pytest.approx(1)
        assert np.allclose(Scene(quaternion=turn, mirrored=True).matrix, -whole), "mirrored: every coordinate changes sign first"
        assert max(map(abs, turn)) <= 1


def test_the_matrix_is_that_of_the_package():
    from lsviz.equivariant import from_quaternion

    turn = unit([0.3, -0.2, 0.5, 0.1])
    assert np.allclose(Scene(quaternion=turn).matrix, from_quaternion(turn).rotation)


# --- in an app ----------------------------------------------------------------------------------------------------------


def opened(mode="inline", **values):
    session = turned.open(mode, **values)
    assert session.widget is not None
    return session, session._board.knobs["rotation"].main


def test_a_turn_moves_the_app():
    session, scene = opened()
    hear(scene, turn=[HALF, 0, HALF, 0], serial=1)
    assert session.status.startswith("turned vector (1.00, 0.00, 0.00)") and session.error == ""
    assert session.values["rotation"] == pytest.approx((HALF, 0, HALF, 0))
    assert scene.alt == f"four cubes and their arrow: {session.status.split('), ')[0]})"
    at = np.frombuffer(scene.bodies[-1].spec["vectors"], "<f4")
    assert np.allclose(at, [2.3, 0, 0], atol=1e-6), "what the kernel answered stands in the room"
    session.set(mirror="yes")
    assert scene.mirrored and "(-1.00, 0.00" in session.status
    session.reset()
    assert scene.quaternion == [1, 0, 0, 0] and not scene.mirrored


def test_every_position_of_a_turn_is_reached_and_drawn():
    session, scene = opened()
    seen = {session.png}
    for value in session.controls["rotation"].options(session.values)[1:]:
        session.set(rotation=value)
        assert session.error == "" and session.values["rotation"] == value and scene.quaternion == pytest.approx(list(value))
        seen.add(session.png)
    assert len(seen) == 4


def test_bad_turns_go_into_the_box_and_the_app_goes_on():
    session, scene = opened()
    for bad in ((0.0, 0.0, 0.0, 0.0), (1.0, 0.0, 0.0), 5, "no", (float("nan"), 0.0, 0.0, 1.0)):
        session.set(rotation=bad)
        assert session.error.startswith("rotation: got") and "allowed: four numbers" in session.error
        assert session.values["rotation"] == (1.0, 0.0, 0.0, 0.0) and scene.quaternion == [1, 0, 0, 0]
    session.set(rotation=(0.0, 0.0, 1.0, 0.0))
    assert session.error == "" and scene.quaternion == [0, 0, 1, 0]


def test_a_link_holds_the_turn():
    session, _ = opened(rotation=(0.5, 0.5, 0.5, 0.5))
    assert session.link["rotation"] == "0.5,0.5,0.5,0.5"
    other, scene = opened()
    other.restore(session.link)
    assert other.values == session.values and scene.quaternion == [0.5] * 4
    other.restore(dict(rotation="1,2"))
    assert other.error.startswith("rotation: got (1.0, 2.0)")
    other.restore(dict(rotation="up"))
    assert other.error == "rotation: got 'up'; allowed: numbers with commas between them, like 0.5,0.5,0.5,0.5"
    assert read(write((0.25, -1.0)), (0.0,)) == (0.25, -1.0)


def test_a_turn_in_words():
    kind = Turn(scene=lambda ds, values: [])
    assert control(kind) is kind
    assert kind.told((1.0, 0.0, 0.0, 0.0)) == "not turned"
    assert kind.told((HALF, 0.0, HALF, 0.0)) == kind.told((-HALF, 0.0, -HALF, 0.0)) == "turned by 90° about (0.0, 1.0, 0.0)"
    session, _ = opened(rotation=(HALF, 0.0, HALF, 0.0))
    session.keep()
    assert "kept: turned by 90° about (0.0, 1.0, 0.0)" in session.status


def test_an_app_in_a_thread_answers_the_last_turn():
    session, scene = opened("thread")
    assert session.wait(30)
    for k in range(1, 30):
        hear(scene, turn=list(unit([1.0, 0.0, k / 10, 0.0])), serial=k)
    assert session.wait(30)
    angle = 2 * np.arctan(2.9)
    assert session.status.startswith(f"turned vector ({np.sin(angle):.2f}, 0.00, {np.cos(angle):.2f})")
    session.close()


GENERIC = ["test_record", "test_first_picture_needs_no_click", "test_bad_values_go_into_the_box_and_the_app_goes_on",
           "test_reset_keep_presets", "test_link_round_trip", "test_saved_data_and_picture", "test_widgets_follow_and_lead",
           "test_every_control_at_both_ends", "test_every_control_moves_something_visible"]  # fmt: skip


@pytest.mark.parametrize("test", GENERIC)
def test_what_holds_for_every_app_holds_for_one_that_is_turned(monkeypatch, test):
    """The loops of tests/test_apps.py, over this one."""
    import test_apps

    monkeypatch.setattr(test_apps, "apps", SimpleNamespace(get=lambda name: turned, turned=turned))
    getattr(test_apps, test)("turned")


# --- what is shown while the source is being loaded -----------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(first, "FOLDER", tmp_path)
    return tmp_path


def slow_app(**more):
    given = {name: getattr(turned, name) for name in ("title", "source", "picture", "controls", "status", "narrow", "doing")}
    return App(name="slow", **{**given, **more})


def test_a_stored_picture_comes_first_and_says_so(folder):
    app = slow_app(first="turned_first", loading="loading e3nn, some seconds")
    path = first.write(app)
    assert path == folder / "turned_first.nc" and first.names() == ("turned_first",)
    kept = first.read("turned_first")
    assert kept.attrs["command"] == "python tools/build_first.py slow" and kept.attrs["experiment"] == "turned_vector"
    told = []
    session = app.open("inline", locked="wait")  # nothing is shown before the lock is gone
    assert session.status == "wait"
    from lsviz.app.session import Session

    class Watched(Session):
        def _send(self, frame, sentence, stage=None):
            super()._send(frame, sentence, stage)
            told.append((self.status, self.picture.busy, frame is not None))

    session = Watched(app, "inline")
    assert told[0] == ("turned vector (0.00, 0.00, 1.00); stored, computed before, loading e3nn, some seconds", True, True)
    assert "stored" not in session.status and told[-1][1] is False and session.result is not None


LOADED = threading.Event()


@experiment(cost="slider")
def slow_vector(*, rotation: tuple[float, ...] = (1.0, 0.0, 0.0, 0.0), mirror: str = "no", P: int = 100, seeds: Any = 1) -> Any:
    """The same, from a source that loads until it is let go."""
    assert LOADED.wait(60)
    yield from turned_vector._function(rotation=rotation, mirror=mirror, P=P, seeds=seeds)


def test_it_is_there_before_a_slow_source(folder):
    app = slow_app(first="turned_first", loading="loading e3nn, some seconds", source=slow_vector)
    LOADED.set()
    first.write(app)
    LOADED.clear()
    session = app.open("thread")
    scene = session.widget and session._board.knobs["rotation"].main
    assert session.player.wait_first(30)
    assert session.status.endswith("stored, computed before, loading e3nn, some seconds") and session.png
    session.picture.dark = True  # what the page tells comes while it loads
    hear(scene, turn=[HALF, 0, HALF, 0], serial=1)
    LOADED.set()
    assert session.wait(60) and session.status.startswith("turned vector (1.00") and "stored" not in session.status
    session.close()


def test_words_alone_while_it_loads(folder):
    session = slow_app(loading="loading e3nn, some seconds").open("inline")
    assert session.picture.serial >= 2 and session.status.startswith("turned vector")


def test_a_stored_picture_that_is_not_there_is_said(folder):
    with pytest.raises(ValueError, match=r"first: got 'none'; allowed: what lsviz/store/first holds .nothing., made by: python tools"):
        first.read("none")
    with pytest.raises(ValueError, match="first: slow names none"):
        first.write(slow_app())
    assert Slider(1, 2).options({}) == [1, 2]
