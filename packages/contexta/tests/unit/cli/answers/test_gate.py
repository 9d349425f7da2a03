import json

import pytest

RULES = """
[[rules]]
type = "threshold"
metric_key = "accuracy"
stage_name = "eval"
operator = ">="
value = 0.8

[[rules]]
type = "no_regression"
metric_key = "loss"
"""


@pytest.mark.parametrize(
    ("arguments", "code", "word"),
    [
        (("night-00", "--require", "accuracy@eval >= 0.8"), 0, "PASS"),
        (("candidate", "--require", "accuracy@eval >= 0.8"), 1, "FAIL"),
        (("night-00", "--require", "nothing >= 0.8"), 3, "CANNOT TELL"),
        (("night-00", "night-01", "--require", "loss<2", "--no-errors", "--complete"), 0, "PASS"),
        (("hostile", "--require-metric", "loss"), 1, "FAIL"),
        (("night-00", "--require-stage", "eval", "--require-artifact", "model"), 0, "PASS"),
        (("night-00", "--require-stage", "nope"), 1, "FAIL"),
    ],
)
def test_the_exit_code_is_the_verdict(call, history, arguments, code, word):
    """0 pass, 1 fail, 3 cannot tell; 2 stays wrong usage."""
    done = call("gate", *arguments)

    assert code == done.code
    assert word in done.out.splitlines()[0]
    assert "" == done.err


def test_rules_come_from_a_file(call, history, project):
    """TOML or JSON; each outcome has its reason."""
    (project / "gate.toml").write_text(RULES)

    done = call(
        "gate", "candidate", "--rules", "gate.toml", "--baseline-where", "params.optimizer = 'adam'"
    )

    assert 1 == done.code
    assert "beside 12 baseline runs" in done.out
    assert "worse on average" in done.out


def test_files_and_options_are_one_gate(call, history, project):
    """JSON as data: the result, with the exit code of this program."""
    rules = [{"type": "required_metrics", "metric_keys": ["loss"]}]
    (project / "gate.json").write_text(json.dumps(rules))

    done = call("gate", "night-00", "--rules", "gate.json", "--require", "nope > 1", "-f", "json")
    data = json.loads(done.out)

    assert 3 == done.code
    assert ("cannot_tell", 3) == (data["verdict"], data["exit_code"])
    assert ["pass", "cannot_tell"] == [one["outcome"] for one in data["outcomes"]]


@pytest.mark.parametrize(
    ("arguments", "code", "word"),
    [
        (("gate", "night-00"), 2, "without rules"),
        (("gate", "--require", "loss < 1"), 2, "RUN"),
        (("gate", "night-00", "--require", "loss"), 2, "METRIC SIGN NUMBER"),
        (("gate", "night-00", "--require", "loss < much"), 2, "METRIC SIGN NUMBER"),
        (("gate", "night-00", "--require", "<" * 2000), 2, "METRIC SIGN NUMBER"),
        (("gate", "nope", "--require", "loss < 1"), 1, "query_run_not_found"),
        (("gate", "night-00", "--no-regression", "loss"), 1, "gate_no_baseline"),
        (("gate", "night-00", "--rules", "no.toml"), 1, "rules_file_not_found"),
        (("gate", "night-00", "--rules", "no.yaml"), 1, "rules_file_invalid"),
        (
            (
                "gate",
                "night-00",
                "--no-regression",
                "loss",
                "--baseline",
                "night-01",
                "--baseline-where",
                "status = 'completed'",
            ),
            2,
            "use one of both",
        ),
        (
            (
                "gate",
                "night-00",
                "--no-regression",
                "loss",
                "--baseline-where",
                "params.optimizer ==== 1",
            ),
            1,
            "column",
        ),
    ],
)
def test_wrong_calls_say_what_is_wrong(call, history, arguments, code, word):
    """And never pass."""
    done = call(*arguments)

    assert code == done.code
    assert word in done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.toml", "rules = "),
        ("a.json", "[" * 100_000),
        ("a.json", "{}"),
        ("a.json", '{"rules": 5}'),
        ("a.json", '{"rulez": []}'),
        ("a.json", "7"),
        ("a.json", '[{"type": "nope"}]'),
        ("a.json", '[{"type": "threshold", "metric_key": "a"}]'),
        ("a.toml", "\x00"),
    ],
)
def test_a_faulty_rule_file_is_our_error(call, history, project, name, text):
    """Exit code 1, a code, no traceback."""
    (project / name).write_text(text)

    done = call("gate", "night-00", "--rules", name)

    assert 1 == done.code
    assert done.err.startswith(("ERROR [gate_", "ERROR [rules_file_"))
    assert "Traceback" not in done.err


def test_hostile_names_are_shown_not_obeyed(call, history, project):
    """In rules and runs."""
    (project / "a.json").write_text(
        json.dumps([{"type": "required_metrics", "metric_keys": ["a"], "name": "\x1b[31mred"}])
    )

    done = call("gate", "hostile", "--rules", "a.json")

    assert "\x1b" not in done.out
    assert r"\x1b[31mred" in done.out
