"""Derivatives beyond one gradient: the Jacobian of an output of any shape, the Hessian of one number.

modes      the passes: forward mode, reverse mode, and forward over reverse
matrices   what they give: blocks of numbers, one a variable, or one a pair of variables
jacobian   the Jacobian, J v by one forward pass, v'J by one backward pass
hessian    the Hessian, H v by one pass forward over reverse
proof      both against differences of the gates' definitions in high precision
"""
