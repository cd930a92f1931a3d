"""A picture of one's own, from whatever file a browser hands over, as a small square of grey levels."""

import io
import warnings
from typing import Any

import numpy as np
from jaxtyping import Float

BYTES_MAX = 20_000_000
PIXELS_MAX = 50_000_000
ALLOWED = "a PNG, JPEG, GIF, BMP or WebP picture of at most 20 MB and 50 million pixels, at least 8 a side"


def grey_levels(content: bytes, n: int = 28) -> Float[np.ndarray, "n n"]:
    """The picture in a file as n × n grey levels, 0 = background, 1 = full ink: the square in its middle, made small.

    Colours become grey, transparency lies on white, a camera's turn is undone. Where the rim is bright, as of ink on paper, light and
    dark are exchanged. ValueError says what was given (no picture, too large, too small, damaged) and what is allowed.
    """
    from PIL import Image, ImageOps

    if not 3 <= n <= 128:
        raise ValueError(f"n: got {n!r}; allowed: a whole number from 3 to 128")
    if len(content) > BYTES_MAX:
        raise ValueError(f"picture: got a file of {len(content) / 1e6:.0f} MB; allowed: {ALLOWED}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's own warning of large pictures: refused below
            picture: Any = Image.open(io.BytesIO(content), formats=("PNG", "JPEG", "GIF", "BMP", "WEBP"))
            wide, high = picture.size
            if wide * high > PIXELS_MAX or min(wide, high) < 8:
                raise ValueError(f"picture: got {wide} × {high} pixels; allowed: {ALLOWED}")
            picture = ImageOps.exif_transpose(picture).convert("RGBA")
    except ValueError as error:
        if str(error).startswith("picture: "):
            raise
        raise ValueError(f"picture: got a file that cannot be read ({error}); allowed: {ALLOWED}") from None
    except (OSError, SyntaxError, EOFError, Image.DecompressionBombError) as error:
        raise ValueError(
            f"picture: got a file that is no picture, or a damaged one ({type(error).__name__}); allowed: {ALLOWED}"
        ) from None
    paper = Image.new("RGBA", picture.size, "white")
    grey = Image.alpha_composite(paper, picture).convert("L")
    side = min(grey.size)
    left, top = (grey.width - side) // 2, (grey.height - side) // 2
    small = grey.resize((n, n), Image.Resampling.BOX, box=(left, top, left + side, top + side))
    levels = np.asarray(small, float) / 255
    rim = np.concatenate([levels[0], levels[-1], levels[:, 0], levels[:, -1]])
    levels = 1 - levels if rim.mean() > 0.5 else levels
    return levels
