"""Arrays: NumPy's, and its files `.npy` and `.npz`.

A file's header is read first, and nothing else of one that is too large or holds no numbers.
Nothing is ever unpickled.
"""

from __future__ import annotations

import warnings
import zipfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from io import BytesIO
from math import prod
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy

from gradcalc.errors import GradcalcError, TooLargeError, UsageError
from gradcalc.gates.shape import MAX_AXES
from gradcalc.graph import Value
from gradcalc.point.reading import cannot_read, choose, label, lower
from gradcalc.point.values import at_element, inexact, require_finite

NUMBERS = "biuf"
"""NumPy's letters for kinds that are real numbers: truth values, whole numbers, floating ones."""

OTHERS = {
    "c": "complex numbers", "O": "Python objects", "S": "bytes", "U": "texts", "T": "texts",
    "M": "dates", "m": "durations", "V": "raw bytes",
}  # fmt: skip

HINTS = {
    "c": "make its real and its imaginary part two variables",
    "O": "objects are not read, for that can run code; save x.astype(float)",
}

HEADERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}

EXACT = 2**53
"""All whole numbers up to it are doubles."""

MOST = 10**8
"""Elements of an array that is read from a file: 800 megabytes."""


def from_array(what: str, x: Any) -> Value:
    """Return what NumPy reads as an array as a float where it has no axes, else as an array of doubles."""
    try:
        array = np.asarray(x)
    except (TypeError, ValueError, RuntimeError) as error:  # as torch does where a gradient is recorded
        reason = str(error).partition("\n")[0]
        raise UsageError(f"{what} cannot be read as an array: {lower(reason)}") from None
    if np.ma.is_masked(x):
        raise UsageError(f"{what} has masked elements", hint="fill them: x.filled(0)")
    refuse_kind(what, array.dtype)
    return doubles(what, array)


def refuse_kind(what: str, dtype: np.dtype[Any]) -> None:
    """Raise UsageError for elements that are no real numbers."""
    if dtype.hasobject or dtype.kind not in NUMBERS:
        raise UsageError(
            f"{what} is an array of {_elements(dtype)}, not of numbers",
            hint=HINTS.get("O" if dtype.hasobject else dtype.kind, ""),
        )


def _elements(dtype: np.dtype[Any]) -> str:
    if dtype.names:
        return f"records with the fields {', '.join(dtype.names)}"
    return OTHERS.get(dtype.kind, f"{dtype}")


def doubles(what: str, x: np.ndarray[Any, Any]) -> Value:
    """Return the array as a float where it has no axes, else as a fresh array of doubles."""
    if x.ndim > MAX_AXES:
        raise UsageError(f"{what} has {x.ndim} axes: an array has at most {MAX_AXES}")
    with np.errstate(over="ignore"):  # of long doubles
        array = np.array(x, dtype=np.float64, order="C", subok=False)
    if x.dtype.kind in "iu":
        _refuse_inexact(what, x)
    return array if array.ndim else float(array)


def _refuse_inexact(what: str, x: np.ndarray[Any, Any]) -> None:
    """Raise UsageError for the first whole number that no double is equal to."""
    if x.dtype.itemsize < 8:
        return
    for k in np.flatnonzero((x > EXACT) | (x < -EXACT)).tolist():
        number = int(x.flat[k])
        if float(number) != number:
            raise inexact(what, number, at_element(k, x.shape))


# Files.


def npy_value(path: str) -> Value:
    """Return the array of a `.npy` file."""
    what = label(path)
    with _file(path) as file, _damage(f"{what} is damaged, or no .npy file"):
        value = _read(file, what)
        require_finite(what, value)
        return value


def npz_point(path: str) -> dict[str, Value]:
    """Return all arrays of a `.npz` file by their names."""
    values: dict[str, Value] = {}
    room = MOST
    with _archive(path) as archive:
        for name, member in _members(archive):
            values[name] = _member(archive, member, f"{label(path)}: '{name}'", room)
            room -= np.size(values[name])
    return values


def npz_value(path: str, key: str | None) -> Value:
    """Return the array of a `.npz` file that is called `key`, or its only one."""
    with _archive(path) as archive:
        members = dict(_members(archive))
        name = choose(label(path), "array", key, members)
        return _member(archive, members[name], f"{label(path)}: '{name}'")


def npz_names(file: IO[bytes], label: str) -> list[str]:
    """Return the names of the arrays of an open `.npz` file."""
    with _opened(file, label) as archive:
        return [name for name, _ in _members(archive)]


def npz_columns(file: IO[bytes], label: str, names: Collection[str]) -> dict[str, Value]:
    """Return the arrays of these names of an open `.npz` file, nan and infinities among their numbers."""
    values: dict[str, Value] = {}
    room = MOST
    with _opened(file, label) as archive:
        for name, member in _members(archive):
            if name in names:
                values[name] = _member(archive, member, f"{label}: '{name}'", room, finite=False)
                room -= np.size(values[name])
    return values


@contextmanager
def _file(path: str) -> Iterator[IO[bytes]]:
    """Open a file; what is done with it turns its own errors into sentences."""
    try:
        with Path(path).open("rb") as file:
            if not file.read(1):
                raise UsageError(f"{label(path)} is empty")
            file.seek(0)
            yield file
    except (OSError, ValueError) as error:
        raise cannot_read(path, error) from None


@contextmanager
def _archive(path: str) -> Iterator[zipfile.ZipFile]:
    with _file(path) as file, _opened(file, label(path)) as archive:
        yield archive


@contextmanager
def _opened(file: IO[bytes], label: str) -> Iterator[zipfile.ZipFile]:
    with _damage(f"{label} is damaged, or no .npz file"):
        archive = zipfile.ZipFile(file)
    with archive:
        yield archive


def _members(archive: zipfile.ZipFile) -> Iterator[tuple[str, str]]:
    """Yield the name of each array and of the file in the archive that holds it."""
    return ((name.removesuffix(".npy"), name) for name in archive.namelist() if name.endswith(".npy"))


def _member(
    archive: zipfile.ZipFile, member: str, what: str, room: int = MOST, *, finite: bool = True
) -> Value:
    with _damage(f"{what} is damaged"), archive.open(member) as file:
        value = _read(file, what, room)
        if finite:
            require_finite(what, value)
        return value


@contextmanager
def _damage(message: str) -> Iterator[None]:
    """Turn what reading a damaged file ends in into one sentence.

    That is any error whatever: NumPy gives the header to Python's own parser, and zipfile trusts the
    numbers that it reads.
    """
    try:
        yield
    except (GradcalcError, MemoryError):
        raise
    except Exception:
        raise UsageError(message) from None


def _read(file: IO[bytes], what: str, room: int = MOST) -> Value:
    """Return the array of an open `.npy` file; of more than `room` elements its header alone is read."""
    shape, fortran, dtype = _header(file)
    refuse_kind(what, dtype)
    count = prod(shape)
    if count > room:
        more = f"more than {MOST:,}{' with those before it' * (room < MOST)}"
        raise TooLargeError(f"{what} has {count:,} elements, {more}")
    size = count * dtype.itemsize
    data, rest = file.read(size), file.read(1)
    if len(data) < size:
        raise UsageError(f"{what} is cut short: it has {len(data):,} of {size:,} bytes of numbers")
    if rest:
        raise UsageError(f"{what} has more in it than one array of the shape {shape}")
    array = np.ndarray(shape, dtype, data, order="F" if fortran else "C")
    return doubles(what, array)


def _header(file: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Return shape, whether columns come first, and type of elements; ValueError where it is no header."""
    reader = HEADERS.get(npy.read_magic(file))
    if reader is None:
        raise ValueError
    with warnings.catch_warnings(action="ignore"):  # of files that Python 2 wrote
        shape, fortran, dtype = reader(file)
    if min(shape, default=0) < 0:
        raise ValueError
    return shape, fortran, dtype


def npz(values: Mapping[str, Value]) -> bytes:
    """Return a `.npz` file of values by their names; the same values are the same bytes."""
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, value in values.items():
            with archive.open(zipfile.ZipInfo(f"{name}.npy"), "w", force_zip64=True) as file:
                npy.write_array(file, np.asarray(value), allow_pickle=False)
    return packed.getvalue()
