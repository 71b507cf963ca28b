"""How different two colours look, to most people and to colour-blind ones.

Colour blindness is simulated as in Machado, Oliveira and Fernandes (2009) at full severity, in linear RGB; the distance
is CIEDE2000. One just noticeable difference is about 1; lines that lie apart in a graph need about ten times that.
"""

from collections.abc import Mapping, Sequence
from math import atan2, cos, degrees, exp, hypot, radians, sin, sqrt

Triple = tuple[float, float, float]

SIGHTS: Mapping[str, Sequence[Triple]] = {
    "usual": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanopia": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deuteranopia": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
}
"""The matrices that turn a colour into how it looks."""

D65: Triple = (0.95047, 1.0, 1.08883)
TO_XYZ: Sequence[Triple] = (
    (0.4124564, 0.3575761, 0.1804375),
    (0.2126729, 0.7151522, 0.0721750),
    (0.0193339, 0.1191920, 0.9503041),
)


def distance(one: str, other: str, sight: str) -> float:
    """Return the CIEDE2000 distance of two colours (``#rrggbb``) for a kind of sight."""
    return difference(_lab(_seen(one, sight)), _lab(_seen(other, sight)))


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours as WCAG has it."""
    dark, light = sorted(_times(TO_XYZ, _linear(color))[1] for color in (one, other))
    return (light + 0.05) / (dark + 0.05)


def _linear(color: str) -> Triple:
    shares = [int(color[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares)
    return red, green, blue


def _seen(color: str, sight: str) -> Triple:
    red, green, blue = (min(1.0, max(0.0, part)) for part in _times(SIGHTS[sight], _linear(color)))
    return red, green, blue


def _times(matrix: Sequence[Triple], vector: Triple) -> Triple:
    one, two, three = (sum(a * b for a, b in zip(row, vector, strict=True)) for row in matrix)
    return one, two, three


def _lab(color: Triple) -> Triple:
    x, y, z = (_root(part / white) for part, white in zip(_times(TO_XYZ, color), D65, strict=True))
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def _root(part: float) -> float:
    return float(part ** (1 / 3)) if part > 216 / 24389 else (24389 / 27 * part + 16) / 116


def difference(one: Triple, other: Triple) -> float:
    """Return the CIEDE2000 distance of two colours in CIELAB; the names of parts are those of the formula."""
    (l1, a1, b1), (l2, a2, b2) = one, other
    c7 = ((hypot(a1, b1) + hypot(a2, b2)) / 2) ** 7
    stretched = 1.5 - 0.5 * sqrt(c7 / (c7 + 25**7))
    a1, a2 = a1 * stretched, a2 * stretched
    c1, c2 = hypot(a1, b1), hypot(a2, b2)
    h1, h2 = degrees(atan2(b1, a1)) % 360, degrees(atan2(b2, a2)) % 360
    turn = (h2 - h1 + 180) % 360 - 180 if c1 * c2 else 0.0
    lightness, chroma = (l1 + l2) / 2, (c1 + c2) / 2
    hue = _middle(h1, h2) if c1 * c2 else h1 + h2
    t = (
        1
        - 0.17 * cos(radians(hue - 30))
        + 0.24 * cos(radians(2 * hue))
        + 0.32 * cos(radians(3 * hue + 6))
        - 0.20 * cos(radians(4 * hue - 63))
    )
    in_light = (l2 - l1) / (1 + 0.015 * (lightness - 50) ** 2 / sqrt(20 + (lightness - 50) ** 2))
    in_chroma = (c2 - c1) / (1 + 0.045 * chroma)
    in_hue = 2 * sqrt(c1 * c2) * sin(radians(turn / 2)) / (1 + 0.015 * chroma * t)
    rotation = -2 * sqrt(chroma**7 / (chroma**7 + 25**7)) * sin(radians(60 * exp(-(((hue - 275) / 25) ** 2))))
    return sqrt(in_light**2 + in_chroma**2 + in_hue**2 + rotation * in_chroma * in_hue)


def _middle(one: float, other: float) -> float:
    """Return the angle between two, on the shorter way."""
    middle = (one + other) / 2
    if abs(one - other) <= 180:
        return middle
    return middle + 180 if one + other < 360 else middle - 180
