"""Points: where the gradient is taken, read from arguments and from files.

    values.py     what Python calls a number, a list or an array -> a float or an array of floats
    constants.py  constant expressions of the language (`pi/4`, `[1, 2]*2`, `randn(3, 4)`)
    arguments.py  NAME=VALUE
    reading.py    the text of a file, and what all readers of files share
    files.py      a file with a point (--at), a file with one value (@)
    objects.py    JSON and TOML
    tables.py     CSV, TSV, and numbers between blanks
    arrays.py     NumPy's arrays, .npy and .npz

A value is a float, or a float64 array. NumPy is loaded for arrays alone; the last four modules for
files.
"""

from __future__ import annotations

from gradcalc.point.arguments import assignments
from gradcalc.point.reading import read_text
from gradcalc.point.values import as_value

__all__ = ["as_value", "assignments", "read_text"]
