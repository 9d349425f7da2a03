"""Which backups a retention rule keeps, for any backups and any rule."""

from datetime import UTC, datetime

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from contexta.recovery._retention import Dated, Retention, reasons_to_keep

# A busy machine draws and runs examples slowly; that is no failure.
UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

# A span of months, coarse enough that days, weeks and months are shared.
MOMENTS = st.datetimes(
    min_value=datetime(2026, 10, 1),  # noqa: DTZ001 (given its zone by the strategy)
    max_value=datetime(2027, 2, 15),  # noqa: DTZ001 (the same)
    timezones=st.just(UTC),
)
BACKUPS = st.lists(MOMENTS, unique=True, max_size=40).map(
    lambda moments: [Dated(moment.isoformat(), moment) for moment in sorted(moments)]
)
COUNTS = st.integers(0, 6)


@st.composite
def rules(draw):
    counts = [draw(COUNTS) for _ in range(4)]
    assume(any(counts))
    return Retention(*counts)


def keep(backups, rule):
    names = reasons_to_keep(backups, rule)
    return [one for one in backups if one.ref in names]


PERIODS = {
    "daily": lambda moment: f"{moment:%Y-%m-%d}",
    "weekly": lambda moment: f"{moment:%G-W%V}",
    "monthly": lambda moment: f"{moment:%Y-%m}",
}


@UNHURRIED
@given(BACKUPS, rules())
def test_each_part_keeps_the_newest_of_its_latest_periods(backups, rule):
    """Of each of the n latest periods that have a backup, the newest one."""
    kept = reasons_to_keep(backups, rule)

    for name, period in PERIODS.items():
        newest = {period(one.created_at): one.ref for one in backups}  # later ones win
        latest = sorted(newest)[::-1][: getattr(rule, name)]
        expected = {f"{name}:{text}": newest[text] for text in latest}
        found = {
            reason: ref
            for ref, reasons in kept.items()
            for reason in reasons
            if reason.startswith(f"{name}:")
        }
        assert found == expected
    last = [ref for ref, reasons in kept.items() if "last" in reasons]
    assert last == [one.ref for one in backups[::-1][: rule.last]]


@UNHURRIED
@given(BACKUPS, rules())
def test_the_newest_backup_always_stays(backups, rule):
    """A rule that is not empty keeps the newest backup."""
    assume(backups)

    assert backups[-1].ref in reasons_to_keep(backups, rule)


@UNHURRIED
@given(BACKUPS, rules())
def test_pruning_again_removes_nothing(backups, rule):
    """The present time plays no part, so a second pruning finds nothing to do."""
    kept = keep(backups, rule)

    assert keep(kept, rule) == kept


@settings(UNHURRIED, max_examples=50)
@given(BACKUPS, rules())
def test_pruning_after_every_backup_keeps_the_same_as_pruning_once(backups, rule):
    """Pruning after every backup keeps the same backups as pruning once at the end."""
    held = []
    for one in backups:
        held = keep([*held, one], rule)

    assert held == keep(backups, rule)


@UNHURRIED
@given(BACKUPS, rules(), st.randoms(use_true_random=False))
def test_the_order_of_the_list_plays_no_part(backups, rule, random):
    """The rule sees names and times only."""
    shuffled = list(backups)
    random.shuffle(shuffled)

    assert reasons_to_keep(shuffled, rule) == reasons_to_keep(backups, rule)
