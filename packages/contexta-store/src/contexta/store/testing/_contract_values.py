"""Values: what is accepted comes back exactly, whatever it is."""

# ruff: noqa: S101 - these are tests
from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from contexta.contract.errors import ContextaError
from contexta.store.testing._contract_base import ContractBase

if TYPE_CHECKING:
    from contexta.store.metadata import MetadataStore
    from contexta.store.testing._models import ModelFactory

TEXTS = [
    "plain",
    "NUL \x00 inside",
    "\x00",
    "\x01\x02\x01\x01",
    "\x00\x01\x00",
    "quote ' double \" percent % question ? colon :x dollar $1 backslash \\",
    "Ünïcode 漢字 \U0001f600 e\u0301",
    "\u202eright to left\u202c",
    "line\nline\r\n\ttab",
    "x" * 100_000,
]
NUMBERS = [0, -1, 2**31, 2**53 + 1, -(2**63), 2**63 - 1, 0.1, -0.0, 1e308, 5e-324]


class ValueContract(ContractBase):
    """Texts, numbers and instants at their edges."""

    def test_any_text_comes_back(self, filled: MetadataStore, make: ModelFactory) -> None:
        """A tag and a parameter hold any text, and a filter by it finds that run and no other."""
        runs = [make.run(f"t{i}", tags={"t": t}, params={"p": t}) for i, t in enumerate(TEXTS)]
        filled.runs.put_many(runs)

        for run, text in zip(runs, TEXTS, strict=True):
            assert filled.runs.get_run(run.run_ref) == run
            assert filled.runs.list_runs(tags={"t": text}) == (run,)
            assert filled.runs.list_runs(params={"p": text}) == (run,)
            assert filled.runs.list_runs(params={"p": text + "!"}) == ()
        assert filled.check_integrity().ok

    def test_any_name_comes_back(self, filled: MetadataStore, make: ModelFactory) -> None:
        """Names and keys hold any text up to 2,000 bytes."""
        texts = [*TEXTS[:9], "n" * 2_000]
        runs = [
            make.run(f"n{i}", name=text, tags={text: "v"}, params={text: 1})
            for i, text in enumerate(texts)
        ]
        filled.runs.put_many(runs)

        for run, text in zip(runs, texts, strict=True):
            assert filled.runs.list_runs(name=text) == (run,)
            assert filled.runs.list_runs(tags={text: "v"}, params={text: 1}) == (run,)
        assert filled.check_integrity().ok

    def test_a_text_without_limit_is_kept_or_refused(
        self, filled: MetadataStore, make: ModelFactory
    ) -> None:
        """A name of 20,000 different characters is stored whole, or refused with our error."""
        name = "".join(chr(0x4E00 + (i * 7919) % 20_000) for i in range(20_000))
        code = None
        try:
            filled.runs.put_run(make.run("long", name=name))
        except ContextaError as error:
            code = error.code
        found = filled.runs.find_run("run:p.long")

        assert code in {None, "metadata_store_value_too_long"}
        assert (found is None) == (code is not None)
        assert found is None or found.name == name

    def test_any_number_comes_back(self, filled: MetadataStore, make: ModelFactory) -> None:
        """Parameters keep whole numbers exactly and doubles bit by bit; filters find them."""
        run = make.run(params={f"n{i}": number for i, number in enumerate(NUMBERS)})
        filled.runs.put_run(run)
        stored = filled.runs.get_run("run:p.r").params

        assert [repr(stored[f"n{i}"]) for i in range(len(NUMBERS))] == [repr(n) for n in NUMBERS]
        for i, number in enumerate(NUMBERS):
            assert filled.runs.list_runs(params={f"n{i}": number}) == (run,)

    @pytest.mark.parametrize("value", [True, False, None])
    def test_other_values_come_back(
        self, filled: MetadataStore, make: ModelFactory, value: Any
    ) -> None:
        """Booleans stay booleans, and are not numbers to a filter."""
        run = make.run(params={"v": value})
        filled.runs.put_run(run)

        assert filled.runs.get_run("run:p.r").params["v"] == value
        assert filled.runs.list_runs(params={"v": 1}) == ()
        assert filled.runs.list_runs(params={"v": value}) == (run,)

    @pytest.mark.parametrize("index", [0, 2**31, 2**63 - 2])
    def test_large_indexes_come_back(
        self, filled: MetadataStore, make: ModelFactory, index: int
    ) -> None:
        """An order index may be as large as 64 bits allow."""
        filled.stages.put_stage_execution(make.stage(order_index=index))

        assert filled.stages.get_stage_execution("stage:p.r.s").order_index == index

    def test_an_index_beyond_64_bits_is_refused(
        self, filled: MetadataStore, make: ModelFactory
    ) -> None:
        """It is our error, and the row stays as it was."""
        with pytest.raises(ContextaError):
            filled.stages.put_stage_execution(make.stage(order_index=2**70))

        assert filled.stages.get_stage_execution("stage:p.r.s").order_index is None

    @pytest.mark.parametrize(
        "instant",
        [
            "0001-01-01T00:00:00.000001Z",
            "1969-12-31T23:59:59.999999Z",
            "9999-12-31T23:59:59.999999Z",
        ],
    )
    def test_any_instant_comes_back(
        self, store: MetadataStore, make: ModelFactory, instant: str
    ) -> None:
        """From year 1 to 9999 to the microsecond, also as the text of a view."""
        store.projects.put_project(make.project(created_at=instant))

        assert store.projects.get_project("project:p").created_at == instant
        assert store.duckdb.query_one("SELECT created_at FROM projects") == (instant,)
