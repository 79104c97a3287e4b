"""What is no program, and how it is refused: each file of `refused/` is a test.

A file holds a program and, behind a line `---`, the error as people read it. `x y z a b c` have
values.
"""

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradcalc.errors import GradcalcError, render
from gradcalc.graph import violations
from gradcalc.language import parse

GIVEN = ["x", "y", "z", "a", "b", "c"]
FILES = sorted((Path(__file__).parent / "refused").glob("*.txt"))
HINT = re.compile(r"write (?:a product as )?(.*)")


def refusal(program: str) -> GradcalcError:
    with pytest.raises(GradcalcError) as caught:
        parse(program, GIVEN)
    return caught.value


def read(path: Path) -> tuple[str, str]:
    program, _, expected = path.read_text("utf-8").partition("\n---\n")
    return program, expected.rstrip("\n")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_bad_program_is_refused_in_these_words(path: Path) -> None:
    program, expected = read(path)
    assert render(refusal(program)) == expected


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_mended_text_in_the_place_of_the_carets_makes_a_program(path: Path) -> None:
    program, _ = read(path)
    error = refusal(program)
    if (mended := HINT.fullmatch(error.hint)) is None:
        return
    assert error.span is not None
    start, end = error.span
    text = program[:start] + mended[1] + program[end:]
    if path.stem.startswith(("python_lambda", "python_def")):
        text += "; 1"  # a definition alone has no output
    parse(text)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_messages_are_lower_case_sentences_without_a_full_stop(path: Path) -> None:
    error = refusal(read(path)[0])
    assert not error.message[0].isupper() or error.message.startswith("TeX")
    assert not error.message.endswith((".", "!", " "))
    assert not error.hint.endswith((".", "!", " "))


# Nothing but our own errors, whatever the text.

ARRAYS = (
    "sum axis keepdims stack concat reshape zeros rand arange None True inf T [[ ]] ... :: x[ ].T (( [1,2]"
)
NAMES = "x y f q sin max leaky_relu slope if else then lambda def return let mod and or not np math pi e"
SYMBOLS = "( ) ( ) , , = == < && || | ! ? : + - * / ^ ** . .* [ ] { } \\ ' \" @ ; # += := //"
OTHERS = "0 2 3.5 1e5 x10 1__0 1e999 ² ⁻¹ ⁿ × √ σ π é ½ – ≤ ٣ _"
WORDS = [
    *ARRAYS.split(),
    *NAMES.split(),
    *SYMBOLS.split(),
    *OTHERS.split(),
    "\0",
    "\n",
    " ",
    "\u200b",
    "\u2028",
    "\ud800",
]
SOUP = st.lists(st.sampled_from(WORDS))
BRACKETS = st.recursive(
    st.sampled_from(
        ["x", "0", "-1", "2", ":", "1:", "...", "None", "pi", "axis=0", "[]", "()", "2 3", "x; y", ""]
    ),
    lambda inner: st.builds(
        lambda head, items, brackets: head + brackets[0] + ", ".join(items) + brackets[1],
        st.sampled_from(["", "x", "sum", "zeros", "stack", "np.max", "x.T", "(x).sum", "f"]),
        st.lists(inner, max_size=3),
        st.sampled_from(["()", "[]", "{}", "(]"]),
    ),
    max_leaves=8,
)


@given(st.one_of(st.text(), SOUP.map("".join), SOUP.map(" ".join), BRACKETS))
@settings(max_examples=400)
def test_any_text_is_a_program_or_is_refused(text: str) -> None:
    for names in (None, ["x", "q"], []):
        assert outcome(text, names).count("\n") <= 3


def outcome(text: str, names: list[str] | None) -> str:
    try:
        graph = parse(text, names)
    except GradcalcError as error:
        return render(error)
    assert list(violations(graph)) == []
    return " ".join(graph.expr(node) for node in range(len(graph)))
