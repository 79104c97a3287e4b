"""--expand and --group at the command line."""


def test_composite_gates_are_written_out_and_found(cli):
    wide = cli("sigmoid(x)", "x=1", "--expand", "--nodes", "all", "-f", "tsv").out
    assert [line.split("\t")[3] for line in wide.splitlines()[1:]].count("exp") == 1
    grouped = cli("1/(1 + exp(-x))", "x=1", "--group", "-f", "tsv").out
    assert [line.split("\t")[3] for line in grouped.splitlines()[1:]] == ["variable", "sigmoid"]
    assert cli("sigmoid(x)", "x=1", "--expand=tanh", "-f", "tsv").out.count("sigmoid") > 1
