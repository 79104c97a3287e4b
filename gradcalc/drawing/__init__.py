"""The circuit: boxes and wires, and where they stand on a picture.

    circuit    result -> boxes and wires; parts of a large program become one box
    layers     sizes and edges -> places, in columns from left to right
    picture    a circuit with places; labels are boxes that a wire runs through
    geometry   places and lines

The formats that draw it are in `report/draw`.
"""
