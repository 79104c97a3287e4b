"""Claims: what somebody says the output or a gradient is, and whether that is so.

    names         the vocabulary: `value`, `grad_NAME`, `upstream`, `var.NAME`; other names are the point's
    said          a formula's text, or numbers -> numbers in high precision
    judge         the verdict on claims at a point
    symbolic      the verdict on formulas for all points: `points` draws some, `proof` proves the rest
    printed       claims that are right as far as they are printed
    subgradients  claims at kinks
    diagnosis     the usual mistake that a wrong claim is

The reference that a claim is held against comes from `check`. A claim may be off by the noise of the
format that it was computed in:

    precision     the formats
    noise         what a correct computation in one of them may be off
    program       the gradient program: value and gradients as one list of elementary functions
    elementary    these functions, with the errors that they make; `formulas` has their derivatives
    rounding      the running error of a gradient program
    shaken        what random roundings do, where a program cannot be written down
"""
