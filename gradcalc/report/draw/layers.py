"""Layers from left to right: each box stands in the column before the first box that it feeds.

After Sugiyama, Tagawa and Toda, "Methods for visual understanding of hierarchical system structures"
(1981): columns, an order in each with few crossings (barycentres), heights near those of the
neighbours, then the lines. What passes a column without stopping has a place in it like a box.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from gradcalc.report.draw.geometry import Edge, Placement, Point, Rect, Size, Spacing

SWEEPS = 12
"""Passes over all columns, for the order and then for the heights."""


def layered(
    sizes: Sequence[Size], edges: Sequence[Edge], spacing: Spacing, *, whole: bool = False
) -> Placement:
    """Place boxes in columns; with `whole`, all places are whole numbers (sizes and spacing must be)."""
    return _Layers(sizes, edges, spacing, whole).placed()


class _Layers:
    """Items in columns: boxes, and places where a line passes a column; items below `count` are boxes."""

    def __init__(self, sizes: Sequence[Size], edges: Sequence[Edge], spacing: Spacing, whole: bool) -> None:
        self.sizes, self.edges, self.spacing, self.whole = list(sizes), edges, spacing, whole
        self.count = len(sizes)
        self.column = _columns(self.count, edges)
        self.paths = self._paths()
        self.columns: list[list[int]] = [[] for _ in range(max(self.column, default=-1) + 1)]
        steps = dict.fromkeys(step for path in self.paths for step in pairwise(path))
        self.left: list[list[int]] = [[] for _ in self.sizes]
        self.right: list[list[int]] = [[] for _ in self.sizes]
        for a, b in steps:
            self.right[a].append(b)
            self.left[b].append(a)

    def placed(self) -> Placement:
        """Return where everything stands."""
        if not self.columns:
            return Placement((), ())
        self._order()
        heights = self._heights()
        lefts, tracks = self._across(heights)
        boxes = [
            Rect(lefts[self.column[i]], heights[i] - self.sizes[i].height / 2, *self.sizes[i])
            for i in range(self.count)
        ]
        return Placement(boxes, [self._line(path, boxes, heights, lefts, tracks) for path in self.paths])

    def _paths(self) -> list[list[int]]:
        """Return the items along each edge; edges from one box share the places that they pass."""
        passing: dict[tuple[int, int], int] = {}
        paths = []
        for a, b in self.edges:
            path = [a]
            for column in range(self.column[a] + 1, self.column[b]):
                if (a, column) not in passing:
                    passing[a, column] = len(self.sizes)
                    self.sizes.append(Size(0, 1 if self.whole else 0))
                    self.column.append(column)
                path.append(passing[a, column])
            paths.append([*path, b])
        return paths

    # The order in each column.

    def _order(self) -> None:
        for item in self._from_the_end():
            self.columns[self.column[item]].append(item)
        best, fewest = [list(c) for c in self.columns], self._crossings()
        for sweep in range(SWEEPS):
            if not fewest:
                break
            self._sweep(sweep % 2 == 0)
            if (count := self._crossings()) < fewest:
                best, fewest = [list(c) for c in self.columns], count
        self.columns = best

    def _from_the_end(self) -> list[int]:
        """Return the items as they are met on the way back from the ends, inputs in their order."""
        ends = [i for i in range(len(self.sizes)) if not self.right[i]]
        seen: dict[int, None] = {}
        waiting = ends[::-1]
        while waiting:
            item = waiting.pop()
            if item not in seen:
                seen[item] = None
                waiting += [i for i in reversed(self.left[item]) if i not in seen]
        return list(seen)

    def _sweep(self, forward: bool) -> None:
        columns = self.columns[1:] if forward else self.columns[-2::-1]
        near = self.left if forward else self.right
        place = {i: k for column in self.columns for k, i in enumerate(column)}
        for column in columns:
            key = {i: _mean([place[j] for j in near[i]], place[i]) for i in column}
            column.sort(key=key.__getitem__)
            place |= {i: k for k, i in enumerate(column)}

    def _crossings(self) -> int:
        total = 0
        for column, following in pairwise(self.columns):
            place = {i: k for k, i in enumerate(following)}
            ends = [e for i in column for e in sorted(place[j] for j in self.right[i])]
            total += _inversions(ends)
        return total

    # Heights.

    def _heights(self) -> list[float]:
        """Return the middle of each item: near its neighbours', in order, and apart."""
        heights = [0.0] * len(self.sizes)
        for column in self.columns:
            self._settle(column, heights, [0.0] * len(column))
        for sweep in range(SWEEPS):
            forward = sweep % 2 == 0
            for column in self.columns if forward else self.columns[::-1]:
                near = self.left if forward else self.right
                wanted = [
                    _mean([heights[j] for j in near[i] or (*self.left[i], *self.right[i])], heights[i])
                    for i in column
                ]
                self._settle(column, heights, wanted)
        top = min(h - s.height / 2 for h, s in zip(heights, self.sizes, strict=True))
        return [h - top for h in heights]

    def _settle(self, column: Sequence[int], heights: list[float], wanted: Sequence[float]) -> None:
        """Move the items of a column as near as can be to what is wanted, in their order and apart."""
        offsets, at = [], 0.0
        for k, item in enumerate(column):
            if k:
                before = self.sizes[column[k - 1]].height
                at += (before + self.sizes[item].height) / 2 + self.spacing.between
            offsets.append(at)
        found = _rising([w - o for w, o in zip(wanted, offsets, strict=True)])
        for item, base, offset in zip(column, found, offsets, strict=True):
            heights[item] = (round(base) if self.whole else base) + offset

    # Across, and the lines.

    def _across(self, heights: Sequence[float]) -> tuple[list[float], list[dict[int, float]]]:
        """Return the left edge of each column, and the place of each upright line behind it, by its key."""
        lefts, tracks, x = [], list[dict[int, float]](), 0.0
        for k, column in enumerate(self.columns):
            lefts.append(x)
            x += max(self.sizes[i].width for i in column) + self.spacing.beside
            own = self._tracks(k, heights)
            count = 1 + max(own.values(), default=-1)
            tracks.append({key: x + track * self.spacing.track for key, track in own.items()})
            x += max(count - 1, 0) * self.spacing.track + self.spacing.beside if count else 0.0
        return lefts, tracks

    def _key(self, a: int, b: int) -> int:
        """Return what decides which upright line a step takes: a fork has one, a gate's inputs too."""
        return a if len(self.right[a]) > 1 or len(self.left[b]) == 1 else b

    def _tracks(self, k: int, heights: Sequence[float]) -> dict[int, int]:
        """Return key -> track for the upright lines behind a column: those of different keys never touch."""
        spans: dict[int, list[float]] = {}
        starts: dict[int, set[float]] = {}
        ends: dict[int, set[float]] = {}
        for a in self.columns[k]:
            for b in self.right[a]:
                key = self._key(a, b)
                spans.setdefault(key, []).extend((heights[a], heights[b]))
                starts.setdefault(key, set()).add(heights[a])
                ends.setdefault(key, set()).add(heights[b])
        upright = [key for key, ys in spans.items() if min(ys) != max(ys)]
        found: dict[int, int] = {}
        for key in _first_to_last(upright, starts, ends):
            low, high = min(spans[key]), max(spans[key])
            near = [other for other in found if min(spans[other]) <= high and low <= max(spans[other])]
            before = [other for other in near if starts[other] & ends[key]]
            used = {found[other] for other in near}
            least = 1 + max((found[other] for other in before), default=-1)
            found[key] = next(t for t in range(least, least + len(used) + 1) if t not in used)
        return found

    def _line(
        self, path: Sequence[int], boxes: Sequence[Rect], heights: Sequence[float],
        lefts: Sequence[float], tracks: Sequence[dict[int, float]],
    ) -> list[Point]:  # fmt: skip
        """Return the corners of an edge, from the right edge of a box to the left edge of another."""
        points: list[Point] = [(boxes[path[0]].right, heights[path[0]])]
        for a, b in pairwise(path):
            if heights[a] != heights[b]:
                x = tracks[self.column[a]][self._key(a, b)]
                points += [(x, heights[a]), (x, heights[b])]
        return [*points, (lefts[self.column[path[-1]]], heights[path[-1]])]


def _columns(count: int, edges: Sequence[Edge]) -> list[int]:
    """Return the column of each box: as far right as what it feeds allows; edges lead from low to high."""
    behind = [0] * count
    for a, b in sorted(edges, key=lambda edge: -edge[1]):
        behind[a] = max(behind[a], behind[b] + 1)
    last = max(behind, default=0)
    return [last - b for b in behind]


def _first_to_last(
    keys: Sequence[int], starts: dict[int, set[float]], ends: dict[int, set[float]]
) -> list[int]:
    """Return upright lines so that one which starts where another ends comes before it."""
    rest, found = list(keys), list[int]()
    while rest:
        free = [k for k in rest if not any(starts[other] & ends[k] for other in rest if other != k)]
        found.append((free or rest)[0])
        rest.remove(found[-1])
    return found


def _mean(numbers: Sequence[float], otherwise: float) -> float:
    return sum(numbers) / len(numbers) if numbers else otherwise


def _inversions(numbers: Sequence[int]) -> int:
    """Return how many pairs are out of order."""
    from bisect import bisect_right, insort

    seen: list[int] = []
    total = 0
    for number in numbers:
        total += len(seen) - bisect_right(seen, number)
        insort(seen, number)
    return total


def _rising(numbers: Sequence[float]) -> list[float]:
    """Return the numbers nearest to these that never fall: the pool-adjacent-violators algorithm."""
    pools: list[tuple[float, int]] = []  # sum and count
    for number in numbers:
        pools.append((number, 1))
        while len(pools) > 1 and pools[-2][0] * pools[-1][1] > pools[-1][0] * pools[-2][1]:
            (s, n), (t, m) = pools[-2:]
            pools[-2:] = [(s + t, n + m)]
    return [total / n for total, n in pools for _ in range(n)]
