"""The colours: told apart by every eye and in grey print, readable on paper and in the dark."""

import re
from itertools import combinations, pairwise

import pytest

from briefing.charts import style
from briefing.charts.style import DARK, INK, MUTED, ON_SHADES, PAPER, SERIES, SHADES

# Machado, Oliveira and Fernandes, "A Physiologically-based Model for Simulation of Color Vision
# Deficiency", IEEE Transactions on Visualization and Computer Graphics 15 (6), 2009: severity 1,
# applied to linear RGB.
MACHADO = {
    "deuteranopia": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "protanopia": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "tritanopia": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
    "none": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
}
XYZ = ((0.4124, 0.3576, 0.1805), (0.2126, 0.7152, 0.0722), (0.0193, 0.1192, 0.9505))
WHITE = (0.9505, 1.0, 1.089)
DARK_PAPER = "#14181d"
TEXT = [INK, MUTED, style.ALARM, style.ACCENT, *SERIES]
GRAPHICS = [style.ACCENT, style.SOFT, style.ALARM, *SERIES]


def times(matrix, vector):
    return [sum(a * b for a, b in zip(row, vector, strict=True)) for row in matrix]


def linear(colour):
    """Linear RGB of sRGB (IEC 61966-2-1)."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    return [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]


def contrast(one, other):
    """The contrast ratio of WCAG 2.2."""
    low, high = sorted(times(XYZ, linear(colour))[1] for colour in (one, other))
    return (high + 0.05) / (low + 0.05)


def lab(colour, eye="none"):
    """CIE L*a*b* of the colour as that eye sees it."""
    seen = [min(max(part, 0), 1) for part in times(MACHADO[eye], linear(colour))]
    x, y, z = (
        part ** (1 / 3) if part > 0.008856 else 7.787 * part + 16 / 116
        for part in (a / b for a, b in zip(times(XYZ, seen), WHITE, strict=True))
    )
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def distance(one, other, eye):
    """How different two colours look: CIE 1976, where about 2 is just noticeable."""
    pairs = zip(lab(one, eye), lab(other, eye), strict=True)
    return sum((a - b) ** 2 for a, b in pairs) ** 0.5


@pytest.mark.parametrize("eye", MACHADO)
@pytest.mark.parametrize("dark", [False, True], ids=["paper", "dark"])
def test_every_eye_tells_the_series_apart(eye, dark):
    colours = [DARK[colour] for colour in SERIES] if dark else SERIES
    for one, other in combinations(colours, 2):
        assert distance(one, other, eye) > 10, (one, other)


def test_grey_print_tells_the_series_apart():
    lightness = sorted(lab(colour)[0] for colour in SERIES)
    assert all(b - a > 3.5 for a, b in pairwise(lightness))
    neighbours = pairwise(SERIES)
    assert all(abs(lab(a)[0] - lab(b)[0]) > 10 for a, b in neighbours), "side by side in a stack"


def test_shades_darken_step_by_step():
    lightness = [lab(shade)[0] for shade in SHADES]
    assert all(a - b > 8 for a, b in pairwise(lightness))
    bright = [lab(DARK[shade])[0] for shade in SHADES]
    assert all(b - a > 6 for a, b in pairwise(bright))


@pytest.mark.parametrize("colour", TEXT)
def test_words_are_readable(colour):
    assert contrast(colour, PAPER) >= 4.5
    assert contrast(DARK[colour], DARK_PAPER) >= 4.5


@pytest.mark.parametrize("colour", [INK, MUTED])
def test_words_are_readable_on_a_faint_band(colour):
    assert contrast(colour, style.FAINT) >= 4.5
    assert contrast(DARK[colour], DARK[style.FAINT]) >= 4.5


@pytest.mark.parametrize("colour", GRAPHICS)
def test_shapes_stand_out(colour):
    assert contrast(colour, PAPER) >= 3
    assert contrast(DARK[colour], DARK_PAPER) >= 3


@pytest.mark.parametrize(("shade", "ink"), list(zip(SHADES, ON_SHADES, strict=True)))
def test_numbers_are_readable_on_their_shade(shade, ink):
    assert contrast(shade, ink) >= 4.5
    assert contrast(DARK[shade], DARK[ink]) >= 4.5


@pytest.mark.parametrize("fill", SERIES)
def test_numbers_are_readable_in_a_part(fill):
    assert contrast(fill, PAPER) >= 4.5
    assert contrast(DARK[fill], DARK[PAPER]) >= 4.5


def test_every_colour_has_a_dark_one():
    colours = [getattr(style, name) for name in dir(style) if name.isupper()]
    named = {item for item in colours if isinstance(item, str) and item.startswith("#")}
    assert {*named, *SERIES, *SHADES} == set(DARK)
    assert all(re.fullmatch("#[0-9a-f]{6}", item) for pair in DARK.items() for item in pair)
    assert DARK[PAPER] == DARK_PAPER
    assert len(set(DARK.values())) == len(DARK), "what differs on paper differs on a screen"
