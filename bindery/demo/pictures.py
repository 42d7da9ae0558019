"""Covers of the demo world, drawn from the title alone."""

import hashlib
import io
import random
import textwrap
from typing import Literal

from PIL import Image, ImageDraw, ImageFont

from bindery.demo.shelf import Work


def cover(work: Work, form: Literal["PNG", "JPEG"] = "PNG", width: int = 400) -> bytes:
    """A cover in two colours with title and author; the same bytes for the same work."""
    seed = hashlib.sha256(work.title.encode()).digest()
    height = width * 3 // 2
    ground = (40 + seed[0] // 3, 40 + seed[1] // 3, 60 + seed[2] // 3)
    picture = Image.new("RGB", (width, height), ground)
    draw = ImageDraw.Draw(picture)
    for ring in range(4):
        reach = width // 2 - ring * width // 10
        middle = (width // 2, height * 2 // 3)
        box = (middle[0] - reach, middle[1] - reach, middle[0] + reach, middle[1] + reach)
        draw.ellipse(box, outline=(230, 220, 190), width=2)
    title = ImageFont.load_default(width // 12)
    small = ImageFont.load_default(width // 20)
    lines = "\n".join(textwrap.wrap(work.title, 16))
    draw.multiline_text((width // 12, width // 8), lines, fill=(250, 245, 230), font=title)
    draw.text(
        (width // 12, height - width // 6), work.author.name, fill=(250, 245, 230), font=small
    )
    out = io.BytesIO()
    picture.save(out, form)
    return out.getvalue()


def plate(seed: int, size: int) -> bytes:
    """A picture of noise of about `size` bytes: what no archive can make smaller."""
    side = max(8, int((size / 3) ** 0.5))
    noise = random.Random(seed).randbytes(side * side * 3)
    out = io.BytesIO()
    Image.frombytes("RGB", (side, side), noise).save(out, "PNG", compress_level=1)
    return out.getvalue()
