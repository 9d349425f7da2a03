import json

import pytest

REPORTS = {
    "snapshot": ("snapshot", "night-00"),
    "compare": ("compare", "night-00", "night-12"),
    "project": ("project", "nightly"),
    "trend": ("trend", "loss"),
    "alert": ("alert", "night-00", "--rule", "loss > 0.5", "--rule", "accuracy@eval < 0.5"),
    "multi": ("multi", "night-00", "night-01", "night-12"),
    "anomaly": ("anomaly", "night-19"),
    "group": (
        "group",
        "--left-where",
        "params.optimizer = 'adam'",
        "--right-where",
        "params.optimizer = 'sgd'",
        "--metric",
        "loss",
    ),
    "gate": ("gate", "candidate", "--require", "loss < 1"),
    "change": ("change", "loss"),
    "bisection": ("change", "loss", "--bisect"),
}


@pytest.mark.parametrize("name", sorted(REPORTS))
def test_every_report_has_every_form(call, history, name):
    """Markdown unless asked otherwise."""
    forms = {form: call("report", *REPORTS[name], "--render", form) for form in FORMS}

    assert dict.fromkeys(FORMS, 0) == {form: done.code for form, done in forms.items()}
    assert dict.fromkeys(FORMS, True) == {
        form: done.out.startswith(FORMS[form]) for form, done in forms.items()
    }
    assert call("report", *REPORTS[name]).out == forms["markdown"].out
    document = json.loads(forms["json"].out)
    assert document["sections"]


FORMS = {"markdown": "# ", "json": "{", "html": "<!", "csv": "section_title,body\n"}


def test_json_prints_the_whole_document(call, history):
    """Title, render, sections and the text."""
    data = json.loads(call("-f", "json", "report", "snapshot", "night-00").out)

    assert {"title", "render", "sections", "content"} <= data.keys()
    assert data["content"].startswith("# ")


def test_a_file_holds_the_document_and_stdout_a_summary(call, history, project):
    """Whatever the format of the results is."""
    for form, begins in FORMS.items():
        done = call("report", "trend", "loss", "--render", form, "-o", "r", "--format", "json")
        summary = json.loads(done.out)

        assert (form, str(project / "r")) == (summary["render"], summary["output"])
        assert (project / "r").read_text().startswith(begins)


def test_rules_of_alerts_come_from_files_too(call, history, project):
    """A list under rules."""
    (project / "a.toml").write_text(
        '[[rules]]\nmetric_key = "loss"\noperator = "gt"\nthreshold = 0.5\nname = "too high"\n'
    )

    assert "too high" in call("report", "alert", "night-00", "--rules", "a.toml").out


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('[[rules]]\nmetric_key = "loss"\n', "alert_invalid_rules"),
        (
            '[[rules]]\nmetric_key = "loss"\noperator = "gt"\nthreshold = 1\nx = 1\n',
            "x is no field",
        ),
        ("rules = 1\n", "alert_invalid_rules"),
        ('[[rules]]\nmetric_key = "loss"\noperator = "no"\nthreshold = 1\n', "alert_invalid"),
    ],
)
def test_faulty_alert_rules_are_refused(call, history, project, text, code):
    """By number and field."""
    (project / "a.toml").write_text(text)

    done = call("report", "alert", "night-00", "--rules", "a.toml")

    assert 1 == done.code
    assert code in done.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("snapshot",),
        ("compare", "night-00"),
        ("multi",),
        ("alert", "night-00"),
        ("group",),
        ("group", "--left", "night-00"),
        ("gate", "night-00"),
        ("snapshot", "night-00", "--render", "pdf"),
    ],
)
def test_wrong_usage_exits_with_2(call, history, arguments):
    """The message says what is missing."""
    done = call("report", *arguments)

    assert 2 == done.code
    assert done.err.startswith("ERROR [usage]: ")


def test_hostile_names_are_harmless_in_every_form(call, history):
    """No escape, no markup."""
    for form in FORMS:
        done = call("report", "snapshot", "hostile", "--render", form)

        assert "\x1b" not in done.out
        assert "\u202e" not in done.out
        if form in ("markdown", "html"):
            assert "<script>" not in done.out
