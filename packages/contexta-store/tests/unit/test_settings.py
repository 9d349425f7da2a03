"""The settings of the planes are immutable, and dataclasses to those who ask."""

import copy
import dataclasses
import pickle

import pytest

from contexta.contract.errors import ConfigurationError
from contexta.store.artifacts import VaultConfig
from contexta.store.metadata import MetadataStoreConfig
from contexta.store.records import RecordStoreConfig

SETTINGS = [RecordStoreConfig("/tmp/records"), MetadataStoreConfig(), VaultConfig()]


@pytest.mark.parametrize("settings", SETTINGS)
def test_scripts_of_1_0_change_settings_as_dataclasses(settings):
    """`replace` checks what it is given, `fields` and `asdict` name every field."""
    changed = dataclasses.replace(settings, read_only=True)
    names = [field.name for field in dataclasses.fields(settings)]
    with pytest.raises(ConfigurationError):
        dataclasses.replace(settings, read_only="perhaps")
    with pytest.raises(ConfigurationError):
        dataclasses.replace(settings, nonsense=1)

    assert dataclasses.is_dataclass(settings)
    assert (changed.read_only, settings.read_only) == (True, False)
    assert dataclasses.replace(settings) == settings
    assert names == list(type(settings).model_fields) == list(dataclasses.asdict(settings))


@pytest.mark.parametrize("settings", SETTINGS)
def test_assignment_is_refused_with_our_error(settings):
    """Which is an AttributeError too, as of any frozen dataclass."""
    codes = []
    for change in (
        lambda: setattr(settings, "read_only", True),
        lambda: delattr(settings, "read_only"),
    ):
        with pytest.raises(AttributeError) as caught:
            change()
        codes.append(caught.value.code)

    assert codes == ["config_is_immutable"] * 2
    assert pickle.loads(pickle.dumps(settings)) == copy.deepcopy(settings) == settings


def test_settings_are_given_by_position_too():
    """In the order of the fields, as with a dataclass; too many or doubled ones are refused."""
    records = RecordStoreConfig("/tmp/r", 4096, "flush", "jsonl_segments")
    ledger = MetadataStoreConfig("duckdb", "/tmp/l.db", True, True)
    vault = VaultConfig("/tmp/a", "move")
    for wrong in (lambda: VaultConfig(*[None] * 8), lambda: VaultConfig("/a", root_path="/b")):
        with pytest.raises(TypeError):
            wrong()

    assert (records.max_segment_bytes, records.durability_mode.value) == (4096, "flush")
    assert (ledger.backend, str(ledger.database_path), ledger.read_only) == (
        *("duckdb", "/tmp/l.db"),
        True,
    )
    assert (str(vault.root_path), vault.default_ingest_mode.value) == ("/tmp/a", "move")


@pytest.mark.parametrize(
    ("model", "field", "allowed"),
    [
        (MetadataStoreConfig, "storage_adapter", ["sqlite", "duckdb", "postgresql"]),
        (VaultConfig, "default_ingest_mode", ["copy", "move", "adopt"]),
        (RecordStoreConfig, "durability_mode", ["flush", "fsync"]),
    ],
)
def test_a_refused_word_names_the_words_that_are_taken(model, field, allowed):
    """In the details, beside the field itself."""
    with pytest.raises(ConfigurationError) as caught:
        model(**{field: "other"})

    assert (caught.value.details[field], caught.value.details["allowed"]) == ("'other'", allowed)
