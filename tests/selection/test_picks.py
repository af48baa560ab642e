from collections import Counter

from rmexp.records import Candidates, Scored
from rmexp.selection.picks import pick, picks


def made(scores, gold=None, name="a"):
    texts = tuple(f"text {index}" for index in range(len(scores)))
    width = len(scores)
    return Candidates("p", texts, gold, id=name), Scored(name, tuple(scores), (1,) * width, (False,) * width)


def test_the_best_by_score_and_the_truly_best():
    found = pick(*made([1.0, 3.0, 2.0], (5.0, 0.0, 1.0)), seed=0)
    assert (found.best.index, found.oracle.index) == (1, 0)
    row = found.to_row()
    assert (row["prompt"], row["response"], row["score"], row["gold"], row["candidates"]) == (
        "p",
        "text 1",
        3.0,
        0.0,
        3,
    )
    assert row["oracle"]["gold"] == 5.0
    assert pick(*made([1.0, 2.0]), seed=0).oracle is None


def test_equal_scores_share_the_pick_and_lots_are_even():
    chosen, random = Counter(), Counter()
    for index in range(3000):
        found = pick(*made([2.0, 1.0, 2.0 + 1e-12], name=str(index)), seed=0)
        chosen[found.best.index] += 1
        random[found.random.index] += 1
    assert chosen[1] == 0
    assert abs(chosen[0] - 1500) < 150
    assert all(abs(random[index] - 1000) < 150 for index in range(3))


def test_lots_depend_on_seed_and_id_alone():
    rows = [made([1.0] * 50, name=name) for name in ("a", "b", "c")]
    together = picks([record for record, _ in rows], [scored for _, scored in rows], 3)
    assert together == [pick(*row, seed=3) for row in rows]
    assert len({found.best.index for found in together}) > 1
