"""What importing costs, and what the packages export."""

import subprocess
import sys

import pytest

import contexta.store
from contexta.store import artifacts, fs, metadata

HEAVY = (
    "{'sqlalchemy', 'pyarrow', 'duckdb', 'alembic', 'filelock', 'pandas', 'polars', 'asyncio', "
    "'psycopg', 'pytest'}"
)


@pytest.mark.parametrize(
    "statement",
    [
        "import contexta.store",
        "from contexta.store.metadata import MetadataStoreConfig; MetadataStoreConfig()",
        "from contexta.store.artifacts import VaultConfig, ArtifactStore; VaultConfig()",
        "from contexta.store import fs, workspace",
        "from contexta.store.testing import throwaway_postgres",
        (
            "from contexta.store.metadata import MetadataStoreConfig; "
            "MetadataStoreConfig(url='postgresql://u@h/d')"
        ),
    ],
)
def test_importing_settings_loads_no_heavy_library(statement):
    """Settings and the artifact plane load neither SQLAlchemy nor pyarrow nor filelock."""
    code = f"{statement}; import sys; print(sorted({HEAVY} & set(sys.modules)))"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )

    assert result.stdout == "[]\n"


def test_opening_a_ledger_loads_only_sqlalchemy(tmp_path):
    """A ledger on SQLite needs SQLAlchemy Core: no ORM, no other dialect, no repairs."""
    code = (
        "import sys\nfrom contexta.store.metadata import MetadataStore, MetadataStoreConfig\n"
        f"MetadataStore(MetadataStoreConfig(database_path={str(tmp_path / 'l')!r}))\n"
        "heavy = {'sqlalchemy', 'sqlalchemy.orm', 'pyarrow', 'duckdb', 'alembic', 'pandas', "
        "'sqlalchemy.dialects.postgresql', 'contexta.store.metadata._deletion', "
        "'contexta.store.metadata._integrity', 'contexta.store.metadata._repair'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )

    assert result.stdout == "['sqlalchemy']\n"


@pytest.mark.parametrize("package", [metadata, artifacts, fs])
def test_every_exported_name_is_there_and_sorted(package):
    """`__all__` is sorted, complete for `dir`, and each name resolves."""
    assert list(package.__all__) == sorted(package.__all__)
    assert all(getattr(package, name) is not None for name in package.__all__)
    assert set(package.__all__) <= set(dir(package))


def test_unknown_names_are_attribute_errors():
    """A name that is not exported does not resolve."""
    for package in (contexta.store, metadata, artifacts):
        with pytest.raises(AttributeError):
            _ = package.no_such_name


def test_planes_are_attributes_of_the_package():
    """`contexta.store.metadata` and its siblings need no import of their own."""
    assert contexta.store.__all__ == ["artifacts", "metadata", "records"]
    assert contexta.store.metadata is metadata
