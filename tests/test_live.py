"""live: latest wins, the first item is always shown, nothing queues, nothing computes on."""

import threading
import time

import pytest

from lsviz import live
from lsviz.live import Flow, Player, Worker


class Hand:
    """A player with a slow fake stream, and a record of what happened. Every second worker is its own."""

    def __init__(self, steps=20, pause=0.01, mode="thread", worker=None, fails_at=None):
        self.steps, self.pause, self.fails_at = steps, pause, fails_at
        self.shown, self.failed, self.made, self.closed, self.stepped = [], [], [], [], 0
        self.threads = set()
        self.player = Player(self.make, self.show, self.fail, mode, worker)
        self.player.flow.acknowledge(0)  # a page is there

    def make(self, request):
        if request == "bad":
            raise ValueError("P: got 'bad'; allowed: numbers")
        self.made.append(request)

        def stream():
            try:
                for step in range(self.steps):
                    self.stepped += 1
                    time.sleep(self.pause)
                    if step == self.fails_at:
                        raise ArithmeticError("broken")
                    yield step
            finally:
                self.closed.append(request)
                self.threads.add(threading.current_thread().name)

        return stream()

    def show(self, request, item, last):
        self.shown.append((request, item, last))
        self.player.flow.send(len(self.shown))
        self.player.acknowledge(len(self.shown))

    def fail(self, request, error):
        self.failed.append((request, error))


@pytest.fixture
def worker():
    return Worker()


def test_stream_is_shown_to_the_end(worker):
    hand = Hand(worker=worker)
    hand.player.request("a")
    assert hand.player.wait(5)
    assert hand.shown[0] == ("a", 0, False)
    assert hand.shown[-1] == ("a", 19, True)
    assert hand.closed == ["a"]
    assert hand.threads == {"lsviz"}


def test_latest_wins_and_every_begun_stream_shows_its_first(worker):
    hand = Hand(steps=100, worker=worker)
    for request in range(40):
        hand.player.request(request)
        time.sleep(0.01)
    assert hand.player.wait(5)
    for request in hand.made:
        assert (request, 0, False) in hand.shown
    assert 3 <= len(hand.made) < 30  # neither starved nor queued
    assert hand.shown[-1] == (39, 99, True)
    assert [r for r, *_ in hand.shown] == sorted(r for r, *_ in hand.shown)


def test_during_a_drag_networks_that_have_trained_are_seen(worker):
    hand = Hand(steps=100, worker=worker)
    for request in range(40):
        hand.player.request(request)
        time.sleep(0.01)
    hand.player.stop()
    assert max(item for request, item, _ in hand.shown if request < 30) >= 1


def test_stop_and_close_cancel_within_a_step(worker):
    hand = Hand(steps=1000, worker=worker)
    for end in (hand.player.stop, hand.player.close):
        hand.player.request("a")
        time.sleep(0.1)
        end()
        assert hand.player.wait(1)
        before = hand.stepped
        time.sleep(0.08)
        assert hand.stepped == before
    assert hand.closed == ["a", "a"]
    hand.player.request("b")  # a closed player takes nothing more
    assert hand.made == ["a", "a"]


def test_an_error_is_told_and_the_player_lives(worker, caplog):
    hand = Hand(worker=worker, fails_at=3)
    hand.player.request("bad")
    assert hand.player.wait(2)
    assert isinstance(hand.failed[0][1], ValueError)
    hand.player.request("a")
    assert hand.player.wait(2)
    assert isinstance(hand.failed[1][1], ArithmeticError)
    hand.fails_at = None
    hand.player.request("b")
    assert hand.player.wait(2)
    assert hand.shown[-1] == ("b", 19, True)


def test_an_error_in_drawing_closes_the_stream(worker, caplog):
    hand = Hand(steps=1000, worker=worker)

    def broken(request, item, last):
        raise RuntimeError("no ink")

    hand.player._show = broken
    hand.player.request("a")
    assert hand.player.wait(2)
    assert hand.closed == ["a"]
    assert isinstance(hand.failed[0][1], RuntimeError)


def test_a_slow_page_gets_fewer_pictures_and_never_more_than_two_in_flight(worker):
    hand = Hand(steps=30, worker=worker)
    hand.player._show = lambda request, item, last: (hand.shown.append((request, item, last)), hand.player.flow.send(len(hand.shown)))
    hand.player.request("a")
    time.sleep(0.5)
    assert len(hand.shown) == live.IN_FLIGHT
    hand.player.acknowledge(2)
    assert hand.player.wait(2)
    assert hand.shown[-1] == ("a", 29, True)  # the last one is never lost


def test_a_page_that_went_away_stops_the_computation_and_wakes_it_when_it_comes_back(worker):
    hand = Hand(steps=1000, worker=worker)
    hand.player.request("a")
    time.sleep(0.1)
    hand.player.absent(True)
    time.sleep(0.1)
    before = hand.stepped
    time.sleep(0.1)
    assert hand.stepped == before
    assert hand.closed == ["a"]
    hand.player.absent(False)
    time.sleep(0.1)
    assert hand.made == ["a", "a"]
    hand.player.close()


def test_silence_counts_as_gone():
    now = [0.0]
    flow = Flow(lambda: now[0])
    flow.send(1)
    now[0] = 100.0
    assert not flow.gone()  # nobody has answered yet: the page may still be loading
    flow.acknowledge(1)
    flow.send(2)
    now[0] += live.SILENCE - 0.1
    assert not flow.gone()
    now[0] += 0.2
    assert flow.gone()
    flow.acknowledge(2)
    assert not flow.gone()


def test_apps_share_the_worker_first_pictures_in_page_order_then_the_last_touched(worker):
    order, hands = [], [Hand(steps=20, worker=worker) for _ in range(3)]
    for i, hand in enumerate(hands):
        show = hand.show
        hand.player._show = lambda request, item, last, i=i, show=show: (order.append((i, item, last)), show(request, item, last))
        hand.player.request("open", touch=False)
    time.sleep(0.05)
    hands[2].player.request("moved")
    for hand in hands:
        assert hand.player.wait(5)
    assert [i for i, item, _ in order if item == 0][:3] == [0, 1, 2]
    ends = [i for i, _, last in order if last]
    assert ends == [2, 0, 1]


def test_in_line_the_answer_is_there_and_first_stops_after_one():
    hand = Hand(pause=0, mode="inline")
    hand.player.request("a")
    assert hand.shown[-1] == ("a", 19, True)
    first = Hand(pause=0, mode="first")
    first.player.request("a")
    assert first.shown == [("a", 0, False)]
    assert first.closed == ["a"]


def test_environment_chooses_the_mode(monkeypatch):
    monkeypatch.setenv("LSVIZ_INLINE", "1")
    assert live.default_mode() == "inline"
    monkeypatch.delenv("LSVIZ_INLINE")
    assert live.default_mode() == "thread"
    with pytest.raises(ValueError, match="mode"):
        Player(lambda r: None, lambda *a: None, lambda *a: None, mode="fast")


def test_a_chore_does_not_wait_for_the_stream_of_another_app(worker):
    """A view control draws anew at once, whoever trains, and whoever was touched last."""
    moved, trains, done = Hand(steps=1, worker=worker), Hand(steps=60, worker=worker), []
    moved.player.request("here")
    assert moved.player.wait(5)
    trains.player.request("there")
    assert trains.player.wait_first(5)
    moved.player.do(lambda: done.append(trains.player.busy))
    assert moved.player.wait(5)
    assert done == [True]
    assert trains.player.wait(5)


def test_chores_run_on_the_worker_between_steps(worker):
    hand = Hand(steps=50, worker=worker)
    hand.player.request("a")
    names = []
    hand.player.do(lambda: names.append(threading.current_thread().name))
    assert hand.player.wait(5)
    assert names == ["lsviz"]
