"""What the tests of points ask: for values, and for what is said where there is none."""

import numpy as np
import pytest

from gradcalc.errors import UsageError
from gradcalc.point import assignments

NOT_FINITE = ", which is not a finite number"
EVEN = " (all rows have one length)"
RECORDS = " is an array of records with the fields a, b, not of numbers"
DIGITS = "which has more digits than a double (the nearest double is"
ROWS = " (all rows of an array have one length)"
COMMAS = " (separate cells by commas, not by semicolons, and write 1.5, not 1,5)"
OBJECTS = " (objects are not read, for that can run code; save x.astype(float))"
COMPLEX = " (make its real and its imaginary part two variables)"


def same(x, y):
    """Tell whether two values are one: of one type, of one shape, and equal down to the sign of zero."""
    if isinstance(x, float) or isinstance(y, float):
        return type(x) is type(y) is float and repr(x) == repr(y)
    return x.dtype == y.dtype == np.float64 and x.shape == y.shape and x.tobytes() == y.tobytes()


def message_of(function, *arguments, kind=UsageError):
    with pytest.raises(kind) as caught:
        function(*arguments)
    assert type(caught.value) is kind
    assert caught.value.message == caught.value.message[:1].lower() + caught.value.message[1:]
    return caught.value.message + (f" ({caught.value.hint})" if caught.value.hint else "")


def value_of(file, key=None):
    """Return the value of a file behind @."""
    return assignments([f"x=@{file}" + ("" if key is None else f":{key}")])["x"]


def saved(file, x, **options):
    np.save(file, x, **options)
    return file
