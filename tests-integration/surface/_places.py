"""Look for keys at named places of an answer."""


def missing_keys(answer, places):
    """Which keys of a table `{place: "key key"}` an answer lacks, as `place.key`.

    The place "" is the answer itself; of a list, each element must have the keys.
    """
    lacking = []
    for place, keys in places.items():
        found = answer if place == "" else answer.get(place)
        elements = found if isinstance(found, list) else [found]
        if not elements:
            lacking.append(f"{place}: empty")
        for element in elements:
            lacking += [f"{place}.{key}" for key in keys.split() if key not in (element or {})]
    return lacking
