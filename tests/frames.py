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
