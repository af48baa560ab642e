from dataclasses import replace

from rmexp.inspection.invariance import TOLERANCE, batching, swapped_sides
from rmexp.scoring.explicit import ExplicitScorer


def test_a_model_stands_its_batches_and_sides(reward_folder, limits, judged):
    scorer = ExplicitScorer("explicit", str(reward_folder), "32-true", limits=limits, threads=1)
    for check in (swapped_sides(scorer.score, judged, TOLERANCE), batching(scorer.score, judged, TOLERANCE)):
        assert check.verdict == "pass", check.says


def test_a_score_by_side_or_by_company_is_found_out(lot, judged):
    def by_side(records):
        return [
            replace(row, scores=tuple(value + place for place, value in enumerate(row.scores))) for row in lot(records)
        ]

    def by_company(records):
        return [replace(row, scores=tuple(value + 0.1 * len(records) for value in row.scores)) for row in lot(records)]

    def by_place(records):
        return [
            replace(row, scores=tuple(v + 0.1 * place for v in row.scores)) for place, row in enumerate(lot(records))
        ]

    assert swapped_sides(by_side, judged, TOLERANCE).verdict == "fail"
    assert batching(by_side, judged, TOLERANCE).verdict == "pass"
    assert batching(by_company, judged, TOLERANCE).verdict == "fail"
    assert batching(by_place, judged, TOLERANCE).verdict == "fail"
