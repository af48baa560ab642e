import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file

from rmexp.models.folders.conversation_template import EXAMPLES
from rmexp.models.folders.export import prepare_export
from rmexp.models.folders.parity import check_parity, own_scores


@pytest.fixture
def exported(reward_folder, tmp_path):
    prepared = prepare_export(str(reward_folder), EXAMPLES)
    own = own_scores(prepared, EXAMPLES)
    prepared.write(tmp_path / "out", lambda folder: None)
    return tmp_path / "out", own


@pytest.mark.slow
def test_a_fresh_process_gives_the_same_rewards(exported):
    folder, own = exported
    found = check_parity(folder, "reward_model", own, EXAMPLES)
    assert found.examples == len(EXAMPLES) == len(set(own.scores))
    assert 0 <= found.largest_difference <= found.tolerance <= 1e-3


def test_log_probabilities_of_a_policy_are_compared(reference_folder, tmp_path, parity_here):
    prepared = prepare_export(str(reference_folder), EXAMPLES)
    own = own_scores(prepared, EXAMPLES)
    assert max(own.scores) < -10
    prepared.write(tmp_path / "out", lambda folder: check_parity(folder, "language_model", own, EXAMPLES))
    assert (tmp_path / "out" / "generation_config.json").is_file()


def test_another_head_is_found_out(exported, parity_here):
    folder, own = exported
    weights = load_file(folder / "model.safetensors")
    save_file(
        weights | {"score.weight": weights["score.weight"] * 1.01}, folder / "model.safetensors", {"format": "pt"}
    )
    with pytest.raises(ValueError, match="is not exported: transformers gives"):
        check_parity(folder, "reward_model", own, EXAMPLES)


def test_a_sigmoid_is_found_out(exported, parity_here):
    folder, own = exported
    config = folder / "config.json"
    config.write_text(config.read_text().replace('"problem_type": "regression"', '"problem_type": null'))
    with pytest.raises(ValueError, match=r"\(pipeline\)"):
        check_parity(folder, "reward_model", own, EXAMPLES)


def test_another_template_is_found_out(exported, parity_here):
    folder, own = exported
    template = folder / "chat_template.jinja"
    template.write_text(template.read_text() + "\n ")
    with pytest.raises(ValueError, match="its chat template and tokenizer make"):
        check_parity(folder, "reward_model", own, EXAMPLES)


@pytest.mark.slow
def test_a_folder_that_does_not_load_is_a_sentence(exported):
    folder, own = exported
    (folder / "config.json").unlink()
    with pytest.raises(ValueError, match="a fresh process cannot load it"):
        check_parity(folder, "reward_model", own, EXAMPLES)


@pytest.mark.slow
def test_trl_takes_the_folder_as_reward_model(exported, reference_folder, tmp_path):
    trl = pytest.importorskip("trl", reason="TRL is not installed (pip install 'rmexp[benchmark]')")
    datasets = pytest.importorskip("datasets", reason="datasets is not installed (pip install 'rmexp[data]')")
    folder, _ = exported
    policy = tmp_path / "policy"
    shutil.copytree(reference_folder, policy)
    rows = datasets.Dataset.from_list([{"prompt": [{"role": "user", "content": f"Count to {i}."}]} for i in range(8)])
    settings = trl.GRPOConfig(
        output_dir=str(tmp_path / "trl"),
        max_steps=2,
        per_device_train_batch_size=4,
        num_generations=4,
        max_completion_length=8,
        report_to=[],
        use_cpu=True,
        bf16=False,
        logging_steps=1,
        disable_tqdm=True,
    )
    trainer = trl.GRPOTrainer(model=str(policy), reward_funcs=str(folder), args=settings, train_dataset=rows)
    trainer.train()
    logged = [row["reward"] for row in trainer.state.log_history if "reward" in row]
    assert len(logged) == 2
    assert all(torch.isfinite(torch.tensor(value)) and value != 0 for value in logged)
