"""The interval of a ratio of two sums over groups of images."""

from __future__ import annotations

import math
from statistics import NormalDist

from custom.boxes import FloatArray


def ratio_interval(
    num: FloatArray, den: FloatArray, confidence: float = 0.95, is_share: bool = True
) -> tuple[float, float]:
    """Return the interval of sum(num) / sum(den), when whole groups come and go together.

    The error is that of a ratio of sums over groups; a share has Wilson's interval for as many
    independent labels as would have this error. Where no label is wrong, or all are, the error
    cannot be seen, and each group counts as one label.

    Args:
        num: Shape (G,), at most `den` where it is a share.
        den: Shape (G,).
        confidence: Two-sided.
        is_share: Whether the ratio lies between 0 and 1.

    Returns:
        Both ends; NaN where there is nothing to divide by.

    Source: Cochran 1977, "Sampling Techniques", section 9A (cluster sampling, ratio to size);
    Wilson 1927, "Probable inference, the law of succession, and statistical inference".
    """
    total = float(den.sum())
    if total <= 0:
        return math.nan, math.nan
    value = float(num.sum()) / total
    groups = int((den > 0).sum())
    spread = float(((num - value * den) ** 2).sum())
    variance = spread / total**2 * groups / max(groups - 1, 1)
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    if not is_share:
        return value - z * math.sqrt(variance), value + z * math.sqrt(variance)
    if variance <= 0 or not 0 < value < 1:
        size = float(min(groups, total))
    else:
        size = min(value * (1 - value) / variance, total)
    return wilson(value, size, z)


def wilson(share: float, size: float, z: float) -> tuple[float, float]:
    """Return Wilson's interval of a share of `size` independent labels; z is the normal's."""
    centre = share + z**2 / (2 * size)
    reach = z * math.sqrt(share * (1 - share) / size + z**2 / (4 * size**2))
    scale = 1 + z**2 / size
    return max((centre - reach) / scale, 0.0), min((centre + reach) / scale, 1.0)
