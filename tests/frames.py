"""A picture drawn in part must be the whole one."""

import io

import numpy as np
from PIL import Image


def unpack(png):
    """The pixels of a PNG of ours, by the format's own rules."""
    return np.asarray(Image.open(io.BytesIO(png)))


def check_whole(one, png):
    """`png`, drawn by this Stage over its cached scenery, shows what a drawing of everything shows; and the page shows through."""
    for artist in one.actors:
        artist.set_animated(False)
    one.canvas.draw()
    whole, frame = np.asarray(one.canvas.buffer_rgba()).astype(int), unpack(png).astype(int)
    assert whole.shape == frame.shape
    assert np.abs(whole - frame).mean() < 4  # only what lies above what differs: the order of overlapping artists
    assert frame[0, 0, 3] == 0, "the page shows through"


def check_words(one):
    """No text of the picture that stands on this Stage leaves it or lies on another."""
    for artist in one.actors:
        artist.set_animated(False)
    one.canvas.draw()
    there = list(one.figure.texts)
    for ax in one.figure.axes:
        there += [*ax.texts, *ax.get_xticklabels(), *ax.get_yticklabels(), ax.xaxis.label, ax.yaxis.label, ax._left_title]
    boxes = [(text.get_text(), text.get_window_extent()) for text in there if text.get_text().strip() and text.get_visible()]
    for words, box in boxes:
        assert box.x0 >= -1 and box.y0 >= -1 and box.x1 <= one.width + 1 and box.y1 <= one.height + 1, words
    for i, (words, box) in enumerate(boxes):
        for other, beside in boxes[:i]:
            apart = box.x0 >= beside.x1 - 1 or beside.x0 >= box.x1 - 1 or box.y0 >= beside.y1 - 2 or beside.y0 >= box.y1 - 2
            assert apart, f"{words!r} lies on {other!r}"
