from rmexp.runs.axes import varied


def test_keys_that_another_decides_are_left_out_the_seed_comes_last():
    settings = [
        {"seed": seed, "data.name": data, "data.path": f"{data}.jsonl", "optimizer.lr": lr, "task": "reward"}
        for seed in (0, 1)
        for data in ("a", "b")
        for lr in (0.1, 0.2)
    ]
    assert varied(settings) == ["data.name", "optimizer.lr", "seed"]


def test_what_a_sweep_went_through_is_taken_where_it_tells_the_runs_apart():
    diagonal = [{"lr": 0.1, "epochs": 1}, {"lr": 0.2, "epochs": 2}]
    assert varied(diagonal) == ["epochs"]
    assert varied(diagonal, ["epochs", "lr"]) == ["epochs", "lr"]
    named = [{"data.name": "a", "data.pairs": 1}, {"data.name": "b", "data.pairs": 2}]
    assert varied(named, ["data"]) == ["data.name"]
    assert varied([{"lr": 0.1}, {"lr": 0.2}, {"lr": 0.2, "other": 1}], ["lr"]) == ["lr", "other"]


def test_what_was_typed_tells_rather_than_what_follows_from_it():
    settings = [{"data.format": "columns", "data.path": "a"}, {"data.format": "trees", "data.path": "b"}]
    assert varied(settings) == ["data.format"]
    assert varied(settings, typed={"data.path"}) == ["data.path"]
