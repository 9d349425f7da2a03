"""Extensions and their registry."""

import pickle

import pytest

from contexta.contract import ExtensionFieldSet, ExtensionRegistry, ExtensionRegistryEntry
from contexta.contract.errors import ConflictError, NotFoundError, ValidationError
from contexta.contract.testing import builders


def _entry(namespace="acme.training", **fields):
    return ExtensionRegistryEntry(
        **{
            "namespace": namespace,
            "ownership_class": "private",
            "owner_slug": "acme",
            "status": "active",
            "target_models": ["run", "project", "run"],
            **fields,
        }
    )


def _code(call, *args, **kwargs):
    with pytest.raises((ValidationError, ConflictError, NotFoundError)) as caught:
        call(*args, **kwargs)
    return caught.value.code


@pytest.mark.parametrize(
    ("args", "code"),
    [
        (("acme", {"a": 1}), "extension_invalid_namespace"),
        (("Acme.x", {"a": 1}), "extension_invalid_namespace"),
        (("a." + "b" * 130, {"a": 1}), "extension_invalid_namespace"),
        ((5, {"a": 1}), "extension_invalid_namespace"),
        (("a.b", {}), "extension_empty_fields"),
        (("a.b", [1]), "extension_invalid_fields"),
        (("a.b", {"A": 1}), "extension_invalid_field_key"),
        (("a.b", {1: 1}), "extension_invalid_field_key"),
        (("a.b", {"a": object()}), "extension_invalid_value"),
        (("a.b", {"a": 1}, ["b"]), "extension_invalid_readonly_fields"),
        (("a.b", {"a": 1}, "a"), "extension_invalid_readonly_fields"),
    ],
)
def test_each_broken_rule_of_an_extension_has_its_code(args, code):
    """Namespace, keys, values, read-only names."""

    assert _code(ExtensionFieldSet, *args) == code


def test_fields_are_sorted_frozen_and_read_as_plain_data():
    """`get` gives fresh lists and dicts."""
    extension = ExtensionFieldSet("a.b", {"z": [1, {"k": None}], "a": 1}, ["z", "z"])

    assert list(extension.fields) == ["a", "z"]
    assert extension.get("z") == [1, {"k": None}]
    assert extension.get("nope", 7) == 7
    assert extension.to_dict() == {
        "namespace": "a.b",
        "fields": {"a": 1, "z": [1, {"k": None}]},
        "readonly_fields": ["z"],
    }


def test_changes_give_new_objects_and_respect_read_only_fields():
    """The owner passes `allow_readonly`."""
    extension = ExtensionFieldSet("a.b", {"a": 1, "b": 2}, ["a"])

    assert extension.merge_fields({"b": 3, "c": 4}).fields == {"a": 1, "b": 3, "c": 4}
    assert _code(extension.merge_fields, {"a": 9}) == "extension_readonly_conflict"
    assert extension.merge_fields({"a": 9}, allow_readonly=True).get("a") == 9
    assert extension.without_fields(["b", "unknown"]).fields == {"a": 1}
    assert _code(extension.without_fields, ["a"]) == "extension_readonly_conflict"
    assert _code(extension.without_fields, ["a", "b"], allow_readonly=True) == (
        "extension_empty_fields"
    )
    assert extension.with_additional_readonly_fields(["b"]).readonly_fields == ("a", "b")


def test_one_object_carries_a_namespace_once():
    """The error is a conflict and a validation error; extensions come out sorted."""
    a, b = ExtensionFieldSet("b.b", {"x": 1}), ExtensionFieldSet("a.a", {"x": 1})
    with pytest.raises(ConflictError) as caught:
        builders.project(extensions=[a, a])

    assert isinstance(caught.value, ValidationError)
    assert caught.value.code == "extension_duplicate_namespace"
    assert builders.project(extensions=[a, b]).extensions == (b, a)
    assert builders.project(extensions=None).extensions == ()


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"ownership_class": "public"}, "extension_registry_invalid_ownership"),
        ({"ownership_class": "core"}, "extension_registry_invalid_namespace"),
        ({"namespace": "plugin.x"}, "extension_registry_invalid_namespace"),
        ({"owner_slug": "Acme"}, "extension_registry_invalid_owner"),
        ({"status": "in-use"}, "extension_registry_invalid_status"),
        ({"target_models": []}, "extension_registry_invalid_target_models"),
        ({"target_models": ["x"]}, "extension_registry_invalid_target_models"),
        ({"target_models": "run"}, "extension_registry_invalid_target_models"),
        ({"field_specs": 5}, "extension_registry_invalid_field_specs"),
        ({"field_specs": {"a": ""}}, "extension_registry_invalid_field_specs"),
        (
            {"field_specs": {"a": "x"}, "readonly_fields": ["b"]},
            "extension_registry_invalid_readonly_fields",
        ),
    ],
)
def test_each_broken_rule_of_an_entry_has_its_code(fields, code):
    """Ownership decides the first word of the namespace."""

    assert _code(_entry, **fields) == code


def test_an_entry_normalizes_what_it_is_given():
    """Sorted, distinct, trimmed; absent parts are left out of the dict."""
    entry = _entry(field_specs={"b": " text ", "a": "x"}, notes="  ")

    assert entry.target_models == ("project", "run")
    assert entry.field_specs == {"a": "x", "b": "text"}
    assert entry.notes is None
    assert "notes" not in entry.to_dict()
    assert _entry("contexta.x", ownership_class="core").namespace == "contexta.x"


def test_a_registry_is_an_immutable_sorted_set_of_namespaces():
    """Registering gives a new one."""
    registry = ExtensionRegistry([_entry("b.b"), _entry("a.a")])
    more = registry.register(_entry("c.c"))

    assert [e.namespace for e in registry.entries] == ["a.a", "b.b"]
    assert len(more.entries) == 3
    assert _code(registry.register, _entry("a.a")) == "extension_registry_duplicate_namespace"
    assert pickle.loads(pickle.dumps(more)) == more
    assert hash(more) == hash(pickle.loads(pickle.dumps(more)))


def test_a_registry_answers_who_owns_what():
    """Unknown namespaces give None or NotFoundError, malformed ones raise."""
    registry = ExtensionRegistry([_entry()])

    assert registry.owner_for("acme.training") == "acme"
    assert registry.owner_for("x.y") is None
    assert registry.allows_target_model("acme.training", "run")
    assert not registry.allows_target_model("x.y", "run")
    assert _code(registry.require_entry, "x.y") == "extension_registry_missing_namespace"
    assert _code(registry.get_entry, "X") == "extension_invalid_namespace"


def test_resolving_adds_the_read_only_fields_of_the_owner():
    """Only on models that the entry allows."""
    registry = ExtensionRegistry([_entry(readonly_fields=["seed", "other"])])
    extension = builders.extension_field_set()
    resolved = registry.resolve_extension(extension, target_model="run")

    assert resolved.readonly_fields == ("seed",)
    assert _code(registry.resolve_extension, extension, target_model="x") == (
        "extension_registry_invalid_target_models"
    )
    assert _code(registry.resolve_extension, extension, target_model="lineage_edge") == (
        "extension_registry_target_model_mismatch"
    )
    assert _code(registry.normalize_extensions, [extension] * 2, target_model="run") == (
        "extension_duplicate_namespace"
    )
