from collections import Counter

from rmexp.training.ppo.prompt_data import PromptData


def batches(prompts, per_iteration, iterations, seed=0):
    loader = PromptData(["p"] * prompts, ["v"], per_iteration, iterations, seed, None).train_dataloader()
    return [loader.batch(step) for step in range(len(loader))]


def test_every_iteration_has_its_number_of_prompts_and_every_prompt_its_turn():
    found = batches(10, 4, 5)
    assert [len(batch) for batch in found] == [4] * 5
    flat = [prompt for batch in found for prompt in batch]
    assert sorted(flat[:10]) == sorted(flat[10:]) == list(range(10))
    assert flat[:10] != flat[10:]


def test_a_longer_run_begins_like_a_shorter_one():
    assert batches(10, 4, 9)[:5] == batches(10, 4, 5) != batches(10, 4, 5, seed=1)


def test_fewer_prompts_than_an_iteration_asks_for():
    assert Counter(batches(3, 6, 1)[0]) == {0: 2, 1: 2, 2: 2}
