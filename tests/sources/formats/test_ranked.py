def sides(found):
    return [(pair.chosen, pair.rejected, pair.target, pair.margin) for pair in found]


def test_gold_ranks_and_its_gap_is_the_margin(pairs):
    row = {"prompt": "Q", "responses": ["poor", "good", "fair"], "gold": [0.5, 3, 1.0], "meta": {"topic": "maps"}}
    found = pairs("ranked", [row])
    assert sides(found) == [("good", "fair", 1.0, 2.0), ("good", "poor", 1.0, 2.5), ("fair", "poor", 1.0, 0.5)]
    assert found[0].meta["topic"] == "maps"
    assert len({pair.meta["group"] for pair in found}) == 1


def test_without_gold_the_order_is_the_rank(pairs):
    row = {"prompt": [{"role": "user", "content": "Q"}], "responses": ["good", "fair", "poor"]}
    assert sides(pairs("ranked", [row], "pairing.pairs=best_worst")) == [("good", "poor", 1.0, 2.0)]
    assert len(pairs("ranked", [row])) == 3


def test_equal_gold_is_a_tie(pairs):
    row = {"prompt": "Q", "responses": ["a", "b"], "gold": [1, 1]}
    assert sides(pairs("ranked", [row])) == [("a", "b", 0.5, 0.0)]


def test_what_is_no_list_is_an_error(problem):
    assert problem("ranked", {"prompt": "Q", "responses": "a"}) == '`responses` must be a list, got "a"'
    assert "one a response" in problem("ranked", {"prompt": "Q", "responses": ["a", "b"], "gold": [1]})


def test_numbers_beside_the_list_are_not_passed_over(pairs, problem):
    row = {"prompt": "Q", "responses": ["poor", "good", "fair"]}
    told = problem("ranked", row | {"ranks": [3, 1, 2]})
    assert "(set data/format=scored_responses data.format.score=ranks data.format.lowest_is_best=true; or" in told
    assert "(set data/format=scored_responses data.format.score=scores; or" in problem(
        "ranked", row | {"scores": [1, 3, 2]}
    )
    assert pairs("ranked", [row | {"tags": ["a", "b", "c"], "ratings": [1, 2]}])[0].chosen == "poor"  # none for each


def test_a_column_that_may_say_which_one_won_is_not_passed_over(pairs, problem):
    row = {"prompt": "Q", "responses": ["a", "b"]}
    assert (
        "(set data/format=sides data.format.first=responses.0 data.format.second=responses.1 "
        "data.format.label=preference 'data.format.first_wins=[FIRST]' 'data.format.second_wins=[SECOND]'; or"
    ) in problem("ranked", row | {"preference": 1})
    assert "(set another data/format; or" in problem("ranked", row | {"responses": ["a", "b", "c"], "best": 2})
    assert len(pairs("ranked", [row | {"label": "maps", "winner": None}])) == 1
    outputs = {"instruction": "Q", "output": ["a", "b"], "label": 0}
    assert "data.format.first=output.0 data.format.second=output.1" in problem("two_outputs", outputs)
    assert pairs("two_outputs", [outputs], "target=1")[0].chosen == "a"


def test_a_list_in_a_table_is_read(pairs):
    assert sides(pairs("ranked", [{"prompt": "Q", "responses": '["good", "poor"]'}])) == [("good", "poor", 1.0, 1.0)]
