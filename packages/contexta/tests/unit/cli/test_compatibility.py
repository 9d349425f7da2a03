"""The command line under its path of 1.0."""

import json

import pytest

from contexta.client import Contexta
from contexta.surfaces import cli
from contexta.surfaces.cli import build_parser, main, run_cli
from contexta.surfaces.cli import main as entry


def test_the_old_path_has_its_three_names():
    """And the module of the entry point is reached by its name."""
    assert cli.__all__ == ["build_parser", "main", "run_cli"]


@pytest.fixture
def prepared(lab, project, monkeypatch):
    """A context of a workspace that no option names, in place of what would be opened."""
    import importlib

    module = importlib.import_module("contexta.surfaces.cli.main")
    monkeypatch.chdir("/")
    with Contexta(workspace=lab, read_only=True) as ctx:
        monkeypatch.setattr(module, "_resolve_context", lambda _args: ctx)
        yield ctx


@pytest.mark.parametrize(
    "line",
    [
        ["runs"],
        ["run", "show", "day-1"],
        ["compare", "day-1", "day-2"],
        ["search", "runs", "day"],
        ["trend", "loss"],
        ["projects"],
    ],
)
def test_a_patched_context_is_asked_and_stays_open(prepared, capfd, line):
    """Tests of 1.0 replace `_resolve_context`; the context is theirs to close."""
    assert run_cli(line) == 0
    assert "day-1" in capfd.readouterr().out or line == ["projects"]
    assert prepared.list_projects() == ("lab",)


@pytest.mark.parametrize(
    "line",
    [
        "runs --desc --limit 1 -c metrics.loss",
        "run show run:p.r1",
        "compare run:p.r0 run:p.r1",
        "compare-multi run:p.r0 run:p.r1",
        "diagnostics run:p.r0",
        "lineage run:p.r0",
        "search runs r",
        "search artifacts x",
        "trend loss",
        "aggregate loss",
        "anomaly run:p.r2",
        "alert --fleet --rule loss>0",
        "provenance audit run:p.r0",
        "provenance diff run:p.r0 run:p.r1",
        "metrics",
        "series run:p.r0 loss",
        "events run:p.r0",
        "stages fit",
        "environment run:p.r0",
    ],
)
def test_commands_ask_any_repository(tmp_path, monkeypatch, capfd, line):
    """A context over lists will do: no command goes around the services to a store."""
    import importlib

    from contexta.interpretation.repositories.records import ObservationRecord, RunRecord
    from contexta.interpretation.testing import InMemoryRepository

    days = [f"2026-01-0{place + 1}T00:00:00Z" for place in range(3)]
    ctx = Contexta(workspace=tmp_path / "never-made")
    ctx._repository = InMemoryRepository(
        runs=[
            RunRecord(f"run:p.r{place}", "p", f"r{place}", "completed", started_at=day)
            for place, day in enumerate(days)
        ],
        records=[
            ObservationRecord(f"m{place}", f"run:p.r{place}", None, "metric", "loss", day, value=1)
            for place, day in enumerate(days)
        ],
    )
    module = importlib.import_module("contexta.surfaces.cli.main")
    monkeypatch.setattr(module, "_resolve_context", lambda _args: ctx)

    assert run_cli(line.split()) == 0
    assert capfd.readouterr().err == ""
    assert not (tmp_path / "never-made").exists()


def test_what_resolves_a_context_gets_the_options(lab, monkeypatch, capfd):
    """By the names that they have on the command line."""
    import importlib

    module = importlib.import_module("contexta.surfaces.cli.main")
    seen = []
    original = module._resolve_context

    def remember(args):
        seen.append((args.workspace, args.profile))
        return original(args)

    monkeypatch.setattr(module, "_resolve_context", remember)

    assert run_cli(["--profile", "local", "runs", "--workspace", str(lab)]) == 0
    assert seen == [(str(lab), "local")]


def test_wrong_usage_raises_system_exit_there(capfd):
    """As argparse did; everything else is a code."""
    with pytest.raises(SystemExit) as stop:
        main(["frobnicate"])

    assert stop.value.code == 2
    assert main(["--version"]) == 0


def test_the_parser_hands_commands_to_their_handlers(lab, capfd):
    """Options before the command, its own options, arguments that look like options."""
    parser = build_parser()
    args = parser.parse_args(
        ["--workspace", str(lab), "--format", "json", "runs", "--limit", "2", "--desc"]
    )

    assert args.handler(args) == 0
    assert len(json.loads(capfd.readouterr().out)["runs"]) == 2
    assert (args.command, args.limit, args.desc) == ("runs", 2, True)


def test_the_parser_knows_every_command():
    """Groups too; a command is required."""
    parser = build_parser(prog="tool")

    assert parser.prog == "tool"
    assert parser.parse_args(["run", "show", "x"]).run_id == "x"
    assert parser.parse_args(["compare-multi", "a", "b"]).run_ids == ["a", "b"]
    with pytest.raises(SystemExit):
        parser.parse_args(["run"])


def test_the_module_of_the_entry_point_has_the_name():
    """`contexta.surfaces.cli.main:main` is what an installed script of 1.0 calls."""
    assert callable(entry)
