"""What of a test set a run does not learn from."""

from dataclasses import replace

from rmexp.data.described import fingerprint
from rmexp.data.loaded import LoadedData
from rmexp.preference_data import PreferenceData
from rmexp.records import Preference
from rmexp.stored_records import stored


def unlearnt_of(name: str, test: LoadedData, learnt: PreferenceData) -> LoadedData:
    """A test set, or, where all its pairs are of the data that is learnt from, those that are not in its `train`.

    Args:
        name: of the test, for messages.
        test: with one split.
        learnt: what is learnt from, split.

    Raises:
        ValueError: all its pairs are trained on.
    """
    ((split, pairs),) = test.records.splits.items()
    keys = [_key(pair) for pair in pairs]
    if not set(keys) <= {_key(pair) for part in learnt.splits.values() for pair in part}:
        return test
    trained = {_key(pair) for pair in learnt.splits.get("train", ())}
    left = stored(pairs).of([key not in trained for key in keys])
    if len(left) == len(pairs):
        return test
    if not left:
        raise ValueError(f"all pairs of the split `{split}` of tests.{name} are trained on (set tests.{name} or data)")
    records = replace(test.records, splits={"val": left})
    return test._replace(records=records, fingerprint=fingerprint(*records.sets().values()))


def _key(pair: Preference) -> int:
    """What a pair is known by, whatever its label."""
    return hash((pair.prompt, pair.chosen, pair.rejected))
