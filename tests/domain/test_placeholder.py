"""The picture that stands in for a cover (ui.md A.8)."""

from io import BytesIO

import pytest
from PIL import Image

from bindery.domain.placeholder import fnv1a, placeholder


@pytest.mark.parametrize(
    ("text", "value"), [("", 0x811C9DC5), ("a", 0xE40C292C), ("foobar", 0xBF9CF968)]
)
def test_published_values_of_the_hash(text: str, value: int) -> None:
    assert fnv1a(text) == value


def test_one_dark_hue_for_a_key_and_twelve_for_all() -> None:
    hues: set[object] = set()
    for number in range(200):
        key = f"https://covers.test/{number}.jpg"
        assert placeholder(key) == placeholder(key)
        with Image.open(BytesIO(placeholder(key))) as drawn:
            drawn.load()
            assert drawn.size == (2, 3)
            shades = drawn.getcolors()
        assert shades is not None
        assert len(shades) == 1
        hues.add(shades[0][1])
    assert len(hues) == 12
