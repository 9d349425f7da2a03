"""Damage to any file is found or harmless, is never served as data, and hides nothing else."""

import random

from _flips import damage_each, kinds, table_of


def test_each_change_of_a_file_is_found_or_harmless_and_never_served_as_data(tmp_path, flips):
    """One bit, a cut, zeros, garbage or a deletion, for every kind of file."""
    tallies = []
    for kind in kinds(tmp_path):
        rng = random.Random(f"{kind.name} 20260101")
        tallies.append(damage_each(kind, flips, rng))
    print(table_of(tallies))
    problems = [problem for tally in tallies for problem in tally.problems]

    assert problems == []
