"""A stored map in the browser: its frames are sent once, as bytes, and drawn there under pointer, keys and sliders."""

import anywidget
import traitlets as t

from .assets import script, style


class Map(anywidget.AnyWidget):
    """All frames of a stored Dataset over two axes (and a third), drawn in the browser: it moves without a kernel.

    `row`, `column`, `frame`, `layer` say which cell is shown, and can be linked (`ipywidgets.jslink`) to other widgets' values;
    `address` is the same in the words of a link. What the bytes mean stands in `spec`; `lsviz.app.StoredMap` makes all of it.
    """

    _esm = script("chart", "plane", "map")
    _css = style("controls", "picture", "map")

    spec = t.Dict(help="axes, layers, words, curves, colours: what the bytes below mean; set last").tag(sync=True)
    cells = t.Bytes(b"", help="palette index (layer, frame, row, column), uint8; 255: not computed").tag(sync=True)
    palettes = t.Bytes(b"", help="red, green, blue (layer, light and dark, 250, 3), uint8").tag(sync=True)
    fields = t.Bytes(b"", help="numbers said in words (field, frame, row, column), float32").tag(sync=True)
    detail = t.Bytes(
        b"", help="height on its axis (frame, row, column, seed), 0 to 250; 254: above, 255: not computed"
    ).tag(sync=True)
    states = t.Bytes(b"", help="which of the spec's states (frame, row, column, seed), uint8").tag(sync=True)
    row = t.Int(0, help="cell along y").tag(sync=True)
    column = t.Int(0, help="cell along x").tag(sync=True)
    frame = t.Int(0, help="position on the third axis").tag(sync=True)
    layer = t.Int(0, help="which quantity is mapped").tag(sync=True)
    address = t.Dict(help="the cell in the words of a link: name -> text").tag(sync=True)
    error = t.Unicode("", help="shown instead of a map").tag(sync=True)
