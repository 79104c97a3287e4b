"""The worked examples of a lecture on backpropagation (CS231n, lecture 4, 2017), ready to run."""

from __future__ import annotations

from typing import NamedTuple


class Example(NamedTuple):
    """A program at a point, with what to look for.

    `arguments` are those of the command line; `@NAME.txt` among them is the program file of that
    name in this folder. `python` are lines for a Python session, shown and run in place of the
    command.
    """

    title: str
    look: str
    arguments: tuple[str, ...] = ()
    python: tuple[str, ...] = ()


NEURON = ("w0=2", "x0=-1", "w1=-3", "x1=-2", "w2=-3")

EXAMPLES: dict[str, Example] = {
    "three-gates": Example(
        "Three gates: f = (x + y) z",
        "The output's own gradient is 1: that is always the first step. A gate needs only\n"
        "its inputs and its upstream gradient. Raise x by 0.01, and f falls by 0.04.",
        ("q = x + y; q*z", "x=-2", "y=5", "z=-4"),
    ),
    "neuron": Example(
        "A sigmoid neuron, gate by gate",
        "At the gate w0*x0 the upstream gradient is 0.2. The local gradient of w0 is\n"
        "x0 = -1, that of x0 is w0 = 2: so w0 gets 0.2 times -1, and x0 gets 0.2 times 2.",
        ("1/(1 + exp(-(w0*x0 + w1*x1 + w2)))", *NEURON),
    ),
    "sigmoid": Example(
        "The same neuron, its last four gates as one",
        "The local gradient of a sigmoid is (1 - s) s = 0.73 times 0.27, about 0.2: one gate\n"
        "does the work of four.",
        ("sigmoid(w0*x0 + w1*x1 + w2)", *NEURON),
    ),
    "patterns": Example(
        "Patterns in the backward flow",
        "add distributes the gradient, max routes it to the larger input, mul switches its\n"
        "inputs. Where a value feeds several gates, the gradients add.",
        ("2*(x*y + max(z, w))", "x=3", "y=-4", "z=2", "w=-1"),
    ),
    "jacobian": Example(
        "Vectors: the Jacobian of an elementwise gate is diagonal",
        "Each element of the output depends on its own input element alone. For 4,096 elements\n"
        "the Jacobian would be 4096 x 4096, and the backward pass never forms it.",
        ("jacobian", "@jacobian.txt", "--wrt", "x"),
    ),
    "squared-norm": Example(
        "f = ||W x||^2, the gradient of a matrix",
        "A gradient has its variable's own shape: compare them, that catches most mistakes.\n"
        "Row i of df/dW is df/dq_i times x'; column j is x_j times df/dq.",
        ("@squared-norm.txt", "--wrt", "W,x,q"),
    ),
    "linear-stack": Example(
        "Linear on linear is linear",
        "Stacking linear layers adds nothing: W2 (W1 x) is (W2 W1) x, as the claim says.",
        (
            "@linear-stack.txt",
            "--wrt",
            "x",
            "--upstream",
            "[1, 1]",
            "--claim",
            "value=(W2 @ W1) @ x",
        ),
    ),
    "two-layers": Example(
        "A 2-layer network: templates, scores, softmax cross-entropy",
        "The second template was not found (h is 0 there): relu closes, and its row of W1\ngets no gradient.",
        ("@two-layers.txt", "--wrt", "W1,b1,W2,b2,x"),
    ),
    "three-layers": Example(
        "A 3-layer network with sigmoids",
        "Every sigmoid scales what passes by at most 1/4: what arrives at x is small.",
        ("@three-layers.txt", "--wrt", "W1,b1,W2,b2,W3,b3,x"),
    ),
    "interface": Example(
        "Forward and backward as an interface",
        "forward computes and keeps what backward will need; backward multiplies upstream\nby local.",
        python=(
            "import gradcalc",
            "graph = gradcalc.parse('(x + y)*z')",
            "values = graph.forward({'x': -2, 'y': 5, 'z': -4})",
            "values[graph.output]",
            "gradients = graph.backward(values)",
            "{name: gradients[node] for name, node in graph.variables.items()}",
        ),
    ),
    "activations": Example(
        "Activations: sigmoid, tanh, ReLU, leaky ReLU, maxout, ELU",
        "At a negative x, ReLU lets no gradient through; leaky ReLU lets a tenth through.",
        (
            "s = sigmoid(x); t = tanh(x); r = max(0, x); l = max(0.1*x, x); m = max(w1*x + b1, w2*x + b2); "
            "e = where(x >= 0, x, alpha*(exp(x) - 1)); s + t + r + l + m + e",
            "x=-0.5",
            "w1=1",
            "b1=0.5",
            "w2=-2",
            "b2=0.25",
            "alpha=1",
        ),
    ),
}
"""Name -> example."""


def file_name(example: Example) -> str | None:
    """Return the name of an example's program file, None where its program is an argument."""
    names = (argument[1:] for argument in example.arguments if argument.startswith("@"))
    return next(names, None)


def program(example: Example) -> str | None:
    """Return the text of an example's program file."""
    from importlib.resources import files

    name = file_name(example)
    return name and files(__name__).joinpath(name).read_text(encoding="utf-8")


def command_line(arguments: tuple[str, ...]) -> str:
    """Return the command that runs an example, ready to copy."""
    import shlex

    return shlex.join(["gradcalc", *arguments]) if arguments else ""
