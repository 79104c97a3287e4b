"""The circuit: boxes and wires, and where they stand on a picture.

    circuit    result -> boxes and wires; parts of a large program become one box
    placing    sizes and edges -> places, by the library that is installed
    layers     our own layering, where none is, and on a terminal
    geometry   places and lines

The formats that draw it are in `report/draw`.
"""
