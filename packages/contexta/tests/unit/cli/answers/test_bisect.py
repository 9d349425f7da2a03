import json


def test_the_first_run_after_the_change_is_found(call, history):
    """With what came with it, the best explanation first."""
    done = call("bisect", "loss", "--where", "name = 'train'")
    lines = done.out.splitlines()

    assert 0 == done.code
    assert "run:nightly.night-12" in lines[0]
    assert any(line.startswith("First run after: run:nightly.night-12") for line in lines)
    first = next(line for line in lines if line.startswith("param"))
    assert ["param", "optimizer", "adam", "sgd", "20/20"] == first.split()[:5]


def test_the_mark_stands_below_the_run(call, history, monkeypatch):
    """One bar a run where there is room."""
    monkeypatch.setenv("COLUMNS", "80")
    lines = call("bisect", "loss", "--where", "name = 'train'").out.splitlines()
    place = next(at for at, line in enumerate(lines) if "↑ run:nightly.night-12" in line)

    assert 20 == len(lines[place - 1])
    assert 12 == lines[place].index("↑")


def test_names_of_differences_are_whole_in_a_narrow_terminal(call, history, monkeypatch):
    """How well they fit is left out, and told to be."""
    monkeypatch.setenv("COLUMNS", "48")
    lines = call("bisect", "loss", "--where", "name = 'train'").out.splitlines()

    assert any(line.startswith("param  optimizer  adam") for line in lines)
    assert any(line.startswith("(no room for: how well it fits") for line in lines)


def test_no_change_is_said_with_what_would_have_been_seen(call, history):
    """Exit code 0: nothing found is an answer."""
    done = call("bisect", "accuracy", "--where", "name = 'train'", "--stage", "eval")

    assert 0 == done.code
    assert "would most likely have been seen" in done.out


def test_json_is_the_whole_result(call, history):
    """With the history and all differences."""
    done = call("bisect", "loss", "--good", "night-02", "--bad", "night-19", "--format", "json")
    data = json.loads(done.out)

    assert "run:nightly.night-12" == data["first_run_after"]
    assert {"differences", "history", "summary"} <= data.keys()


def test_an_unknown_metric_is_an_error_with_the_nearest(call, history):
    """Exit code 1."""
    done = call("bisect", "los")

    assert 1 == done.code
    assert "loss" in done.err
