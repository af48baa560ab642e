"""What a run learns from and validates with: split, checked for leaks into what is held out, selected."""

from collections.abc import Mapping
from itertools import chain

from rmexp.data.described import fingerprint
from rmexp.data.kept.index import KeptData
from rmexp.data.leaks.check import checked_for_leaks
from rmexp.data.loaded import LoadedData
from rmexp.data.selection import Selection, selected
from rmexp.data.split import with_splits
from rmexp.data.unlearnt import unlearnt_of
from rmexp.phases import Phase, phase
from rmexp.stored_records import stored


def learnt_of(
    data: LoadedData, selection: Selection, bins: Mapping[str, str] | None, tests: Mapping[str, LoadedData]
) -> tuple[KeptData, dict[str, LoadedData]]:
    """What a run learns from, and what of its tests it does not.

    Args:
        data: as its source gives it.
        selection: what of it is used.
        bins: difficulty of each record by id, where data.difficulty tells it.
        tests: further data sets by name, each with the one split that is tested on.

    Raises:
        ValueError: nothing is left of a split or of a test.
    """
    records = with_splits(data.records, data.split_rule, data.name, keyed=selection.leaks != "ignore")
    unlearnt = {name: unlearnt_of(name, test, records) for name, test in tests.items()}
    others = {name: stored(chain.from_iterable(test.records.splits.values())) for name, test in unlearnt.items()}
    with phase(Phase.LEAKS, f"training prompts of {data.name} in what is held out"):
        records, leaks = checked_for_leaks(records, selection, others)
    records = selected(records, selection, bins)
    return KeptData(records, fingerprint(*records.sets().values()), leaks), unlearnt
