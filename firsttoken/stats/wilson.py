"""How well a share is known, from two counts and without a library: for code that asks while streams are running.

Wilson's score interval (1927, Journal of the American Statistical Association 22, 209-212). What is printed is Clopper
and Pearson's, in proportion.py, which is wider by about half a request at either end.
"""

import math

Z = 1.959963984540054
"""Of 95 %."""


def half_width(met: int, judged: int) -> float:
    """Half of the 95 % interval of the share kept / judged; 1 where nothing was judged.

    z sqrt(p (1 - p) / n + z^2 / (4 n^2)) / (1 + z^2 / n)
    """
    if not judged:
        return 1.0
    share, square = met / judged, Z * Z
    spread = share * (1 - share) / judged + square / (4 * judged * judged)
    return Z * math.sqrt(spread) / (1 + square / judged)
