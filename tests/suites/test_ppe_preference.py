from rmexp.records import Preference
from rmexp.suites.ppe_preference import ppe_preference


def test_ties_are_left_out_and_kinds_are_told_by_flags():
    rows = [(1.0, True, False), (0.0, True, True), (0.5, True, True), (1.0, False, True)]
    records = [
        Preference(str(i), "a", "b", t, meta={"hard_prompt": h, "is_code": c}) for i, (t, h, c) in enumerate(rows)
    ]
    figures = ppe_preference(records, [(1, 0), (1, 0), (1, 0), (1, 0)])
    assert figures == {
        "score": 2 / 3, "Hard prompts": 0.5, "Easy prompts": None, "Instructions": None, "Code": 0.5, "Math": None,
    }  # fmt: skip
    assert ppe_preference(records[2:3], [(1, 0)])["score"] is None
