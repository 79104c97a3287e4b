"""Claims: what somebody says the output or a gradient is, and whether that is so.

    names      the vocabulary: `value`, `grad_NAME`, `upstream`, `var.NAME`; every other name is the point's
    judge      the verdict on claims at a point

The reference that a claim is held against comes from `check`.
"""
