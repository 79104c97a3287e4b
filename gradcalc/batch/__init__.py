"""Many points at once: tables that are read and written in blocks of rows, and computed as arrays.

    reading    a file or standard input -> blocks of rows, with one clear error for what is none
    writing    the rows that were read, with columns appended
    table      a block of rows, and what the reader of a format is
    lines      the lines of a file, some at a time
    delimited  CSV and TSV; objects has JSON lines, archives npz
    each       a program's value and gradients over rows, by the two passes
    workings   the same with their noise and their error, from definitions
    verdicts   which rows' claims are right, as far as doubles can tell

No file is ever held in memory whole, but for the arrays of a .npz.
"""
