"""Thumbnails of covers. CPU work on hostile bytes: for the `cpu` limiter or the worker.

Pillow is loaded with the first picture: a start does not wait for it.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image

MOST_PIXELS = 50_000_000
QUALITY = 82
_FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "AVIF")


class NotAPicture(ValueError):
    """The bytes are no picture that we read, are broken, or are too large."""


def make_thumbnail(data: bytes, width: int) -> tuple[bytes, str, str]:
    """A WebP at most `width` pixels wide (never enlarged), its media type, and the average colour
    as `#rrggbb`. Orientation is applied and all metadata is dropped.
    """
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(data), formats=_FORMATS) as opened:
            if opened.width * opened.height > MOST_PIXELS or not opened.width or not opened.height:
                raise NotAPicture("too large")
            opened.draft("RGB", (width * 2, width * 4))  # JPEG decodes small at once
            upright = ImageOps.exif_transpose(opened)
            picture = _flat(upright)
        height = max(1, round(picture.height * width / picture.width))
        if picture.width > width:
            picture = _resized(picture, (width, height), Image.Resampling.LANCZOS)
        out = io.BytesIO()
        picture.save(out, "WEBP", quality=QUALITY, method=4)
        average = _resized(picture, (1, 1), Image.Resampling.BOX).getpixel((0, 0))
    except NotAPicture:
        raise
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError) as error:
        raise NotAPicture("broken") from error
    except Image.DecompressionBombError as error:
        raise NotAPicture("too large") from error
    red, green, blue = average if isinstance(average, tuple) else (0, 0, 0)
    return out.getvalue(), "image/webp", f"#{int(red):02x}{int(green):02x}{int(blue):02x}"


def _resized(picture: Image.Image, size: tuple[int, int], how: Image.Resampling) -> Image.Image:
    return picture.resize(size, how)  # pyright: ignore[reportUnknownMemberType] - numpy's types


def _flat(picture: Image.Image) -> Image.Image:
    """RGB on white."""
    from PIL import Image

    if picture.mode in {"RGBA", "LA", "PA"} or "transparency" in picture.info:
        layer = picture.convert("RGBA")
        ground = Image.new("RGBA", layer.size, "white")
        return Image.alpha_composite(ground, layer).convert("RGB")
    return picture.convert("RGB")
