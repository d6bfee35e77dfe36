"""Classes so rare that some resamples of the images have none of their boxes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from custom.boxes import FloatArray

# What fewer resamples than these do is not seen in an interval.
NOTABLE_SHARE = 0.01


def shares_lacking(samples: FloatArray) -> FloatArray:
    """Return, shape (C+1,), the share of resamples without each class; last, without any of them.

    Args:
        samples: Shape (R, C+1), of a bootstrap: NaN where a class has no boxes. Classes that no
            resample has are not annotated at all, and count as lacked by none.
    """
    lacking = np.isnan(samples[:, :-1])
    lacking &= ~lacking.all(axis=0)
    return np.append(lacking.mean(axis=0), lacking.any(axis=1).mean())


def rare_class_notes(samples: FloatArray, names: Sequence[str]) -> list[str]:
    """Say which classes a notable share of the resamples lacked, and what that does.

    Leaving such a class out of a resample's mean is the definition of the metric on those images.
    It pulls the interval towards the mean of the other classes and makes it wider. Measured on
    small samples of real data (`benchmarks/rare_classes.py`), no other treatment covers the truth
    more often.
    """
    *by_class, together = shares_lacking(samples).tolist()
    if together <= NOTABLE_SHARE:
        return []
    rare = [f"{names[c]} ({share:.0%})" for c, share in enumerate(by_class) if share > 0.005]
    return [
        f"In {together:.0%} of the resamples a class had no boxes, and is not in their mean: "
        f"{', '.join(rare)}. The interval is wider for it and lies towards the mean of the other "
        "classes."
    ]
