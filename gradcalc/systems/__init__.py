"""The number systems that a gate's mathematics can run in.

A number system is a module with the same functions for its own kind of number:

    real      Python floats, through `math`: the forward and the backward pass
    precise   mpmath's numbers of any precision: what the check computes with
    symbol    SymPy's expressions: what the check differentiates
    source    Python source text: straight-line gates are traced once into fast loops
    array     NumPy's arrays of doubles, with the functions that arrays alone have
    lifted    the same on arrays of any scalar system's numbers
    dual      values with their tangents, over any of these: forward mode

(`singular` decides for them whether a matrix is singular, `memory` makes arrays cheaper.)

What all of them settle in the same way, once for every gate:

- a number outside a domain is `nan`, an overflow or a pole is an infinity or `nan`; nothing raises;
- nothing turns complex: `log(-2)` and `(-8)**(1/3)` are `nan`, `cbrt(-8)` is -2;
- `where(condition, then, otherwise)` takes thunks, so that the branch not taken is never computed;
- conditions are written with Python's comparisons (`x > 0`) and `equal(x, y)`.

They agree on finite numbers. At infinities `real` answers as IEEE 754 does, `precise` with nan; a
formula of `symbol` stays on the reals where its value is read through `precise.on_reals`.
"""
