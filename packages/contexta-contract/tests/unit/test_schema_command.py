"""JSON Schema, and the command that writes it."""

import json
import os
import re
import subprocess
import sys

import pytest

from contexta.contract import json_schema
from contexta.contract._command import main
from contexta.contract.errors import NotFoundError
from contexta.contract.testing import builders
from contexta.contract.wire import MODELS

DIALECT = "https://json-schema.org/draft/2020-12/schema"


@pytest.mark.parametrize("name", sorted(MODELS))
def test_every_model_has_a_schema_with_every_field_described(name):
    """2020-12, open to fields of newer releases."""
    schema = json_schema(name)

    assert (schema["$schema"], schema["$id"]) == (DIALECT, f"{name}.schema.json")
    assert list(schema["properties"]) == list(MODELS[name].model_fields)
    assert [p for p, s in schema["properties"].items() if "description" not in s] == []
    assert schema.get("additionalProperties", True) in (True, {})
    json.dumps(schema, allow_nan=False)


@pytest.mark.parametrize("name", sorted(MODELS))
def test_every_pattern_in_a_schema_is_a_regular_expression_elsewhere_too(name):
    """No syntax that only one engine knows: no possessive quantifiers, no \\p classes."""
    patterns = re.findall(r'"pattern": ("(?:[^"\\]|\\.)*")', json.dumps(json_schema(name)))

    assert [p for p in map(json.loads, patterns) if re.search(r"\\p|[+*?]\+", p)] == []
    assert all(re.compile(json.loads(p)) for p in patterns)


def test_the_schema_says_what_the_models_check():
    """Choices, required fields, and the texts of non-finite values."""
    payload, run = json_schema("MetricPayload"), json_schema("Run")

    assert run["required"] == ["run_ref", "project_ref", "name", "status", "started_at"]
    assert "interrupted" in run["properties"]["status"]["enum"]
    assert {"enum": ["NaN", "Infinity", "-Infinity"], "type": "string"} in payload["properties"][
        "value"
    ]["anyOf"]
    pattern = run["properties"]["run_ref"]["pattern"]
    assert re.search(pattern, builders.run().run_ref.text)
    assert not re.search(pattern, "run:demo")


def test_an_unknown_model_name_is_our_error():
    """It names the models there are."""
    with pytest.raises(NotFoundError, match="MetricRecord"):
        json_schema("Nope")


def test_the_command_writes_one_file_per_model_and_an_index(tmp_path, capsys):
    """Twice the same; no temporary file stays."""
    folder = tmp_path / "a" / "b"
    codes = [main(["schema", "--out", str(folder)]) for _ in range(2)]
    index = json.loads((folder / "index.json").read_text())

    assert codes == [0, 0]
    assert sorted(p.name for p in folder.iterdir()) == sorted(
        ["index.json", *index["models"].values()]
    )
    assert set(index["models"]) == set(MODELS)
    assert json.loads((folder / "Run.schema.json").read_text()) == json_schema("Run")
    assert f"{len(MODELS) + 1} files" in capsys.readouterr().out


def test_without_a_folder_the_command_prints_one_document(capsys):
    """All schemas under `models`."""

    assert main(["schema"]) == 0
    assert set(json.loads(capsys.readouterr().out)["models"]) == set(MODELS)


@pytest.mark.parametrize("argv", [[], ["nope"], ["schema", "--nope"], ["schema", "--out"]])
def test_bad_use_is_a_coded_error_and_exit_code_2(argv, capsys):
    """No traceback."""

    assert main(argv) == 2
    assert capsys.readouterr().err.startswith("ERROR [usage]: ")


def test_a_folder_that_cannot_be_written_is_a_coded_error_and_exit_code_1(tmp_path, capsys):
    """A file stands where the folder should be."""
    blocker = tmp_path / "file"
    blocker.write_text("x")

    assert main(["schema", "--out", str(blocker)]) == 1
    assert capsys.readouterr().err.startswith("ERROR [schema_write_failed]: ")


def test_the_module_runs_as_a_program_and_survives_a_closed_pipe():
    """`python -m contexta.contract schema | head` ends quietly."""
    read_end, write_end = os.pipe()
    os.close(read_end)
    done = subprocess.run(
        [sys.executable, "-m", "contexta.contract", "schema"],
        stdout=write_end,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(write_end)

    assert (done.returncode, done.stderr) == (0, "")
