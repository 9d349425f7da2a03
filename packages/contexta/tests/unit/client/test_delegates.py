"""The facade's judging methods ask with the parameters and defaults of the services."""

import inspect

import pytest

from contexta._client_judgements import JudgementDelegates
from contexta.interpretation.changes import ChangeService
from contexta.interpretation.gate import GateService
from contexta.interpretation.groups import GroupService

DELEGATES = {
    "replicate_groups": GroupService.replicate_groups,
    "compare_groups": GroupService.compare_groups,
    "evaluate_gate": GateService.evaluate,
    "find_changes": ChangeService.find_changes,
    "bisect": ChangeService.bisect,
}


def parameters(function):
    """Name, kind and default of each parameter."""
    found = inspect.signature(function).parameters.values()
    return [(item.name, item.kind, item.default) for item in found]


def test_every_judging_method_is_looked_at():
    """No method of the facade escapes the comparison below."""
    public = {name for name in vars(JudgementDelegates) if not name.startswith("_")}

    assert set(DELEGATES) == public


@pytest.mark.parametrize("name", DELEGATES)
def test_a_method_takes_what_its_service_takes(name):
    """The same names, kinds and defaults: a default that is changed in one place fails here."""
    actual = parameters(getattr(JudgementDelegates, name))

    assert parameters(DELEGATES[name]) == actual
