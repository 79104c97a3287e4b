"""Notebooks: a result shows its circuit and tables, and its gradients as mathematics."""

from xml.etree import ElementTree

import pytest

from gradcalc.pipeline import compute

from .lecture import NAMES, lecture


@pytest.mark.parametrize("name", NAMES)
def test_html_has_the_circuit_and_a_row_a_node(name):
    result = lecture(name)
    text = result._repr_html_()
    picture = text[text.index("<svg") : text.index("</svg>") + len("</svg>")]
    assert ElementTree.fromstring(picture).tag.endswith("svg")  # noqa: S314 - our own
    assert text.count("<tr data-node=") == len(result.nodes)


def test_latex_is_a_display_with_a_line_a_gradient():
    text = lecture("three-gates")._repr_latex_()
    assert text.startswith("$$\\begin{aligned}\nf &= -12 \\\\\n")
    assert r"\frac{\partial f}{\partial x} &= z = -4 \\" in text
    assert text.endswith("\n\\end{aligned}$$")


def test_latex_of_arrays():
    text = compute("sum(x^2)", {"x": [1, 2]})._repr_latex_()
    assert r"\begin{pmatrix} 2 & 4 \end{pmatrix}" in text
    large = compute("sum(x^2)", {"x": list(range(20))}, check=False)._repr_latex_()
    assert r"\text{20 elements" in large


def test_what_a_user_wrote_is_no_markup():
    text = compute("x*y # <b>", {"x": 1, "y": 2}, check=False)._repr_html_()
    assert "<b>" not in text


def test_a_large_program_does_not_fill_the_notebook():
    text = "\n".join(f"y{i} = sin(y{i - 1})*x" if i else "y0 = x" for i in range(1000))
    html = compute(text, {"x": 0.5}, check=False)._repr_html_()
    assert "<p>1,000 boxes are too many for a picture</p>" in html
    assert "<p>and 1,799 more</p>" in html
    assert len(html) < 200_000
