"""Many points at once: tables that are read and written in blocks of rows, and computed as arrays.

    reading    a file or standard input -> blocks of rows, with one clear error for what is none
    table      a block of rows, and what the reader of a format is
    lines      the lines of a file, some at a time
    delimited  CSV and TSV; objects has JSON lines, archives npz
    workings   a program's value, gradients and noise over rows, from definitions
    verdicts   which rows' claims are right, as far as doubles can tell

No file is ever held in memory whole, but for the arrays of a .npz.
"""
