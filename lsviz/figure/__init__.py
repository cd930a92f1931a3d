"""Dataset → picture: the house style, the stage, and one module of pictures per chapter. Knows no widget and no torch."""

import io
from pathlib import Path
from typing import Any

from .stage import Context, Stage

__all__ = ["Context", "Stage", "save", "save_bytes"]


def save(picture: Any, ds: Any, path: str | Path, **options: Any) -> Path:
    """The app's picture of `ds` as a file; its ending decides the kind (.pdf, .svg, .png). Options as for `save_bytes`.

    ValueError when matplotlib knows no such ending.
    """
    path = Path(path)
    path.write_bytes(save_bytes(picture, ds, kind=path.suffix[1:], **options))
    return path


def save_bytes(picture: Any, ds: Any, *, kind: str = "png", width: int = 900, height: int = 430, dark: bool = False,
               context: Context | None = None) -> bytes:  # fmt: skip
    """The picture of `ds` as a file's bytes, at twice the resolution, on the page's colour. Sizes in css pixels."""
    stage = Stage(picture, width, height, dark, ratio=2.0)
    known = stage.canvas.get_supported_filetypes()
    if kind not in known:
        raise ValueError(f"kind: got {kind!r}; allowed: {', '.join(known)}")
    stage.set(ds, context)
    for artist in stage.actors:
        artist.set_animated(False)
    with io.BytesIO() as file:
        stage.figure.savefig(file, format=kind, facecolor=stage.colours.page)
        return file.getvalue()
