from rmexp.models.folders.contract import Contract
from rmexp.reports.model_card import model_card
from rmexp.runs.summaries.held_out import HeldOutRow


def contract(**fields):
    common = dict.fromkeys(("tokenizer", "chat_template", "bos", "eos", "pad", "pooling", "revision"))
    return Contract(
        **(common | {"kind": "reward_model", "max_tokens": 512, "dtype": "float32", "base_model": "a/b"} | fields)
    )


def test_a_card_tells_figures_contract_and_use():
    figures = {"accuracy": 0.9, "accuracy_low": 0.6, "accuracy_high": 0.98, "nll": 0.25}
    row = HeldOutRow("explicit", "x|y", "val", None, 10, **figures)
    card = model_card("good", contract(reward_mean=0.5, reward_sd=2.0), 1e-7, [row], ["Padding changed."])
    for text in (
        "base_model: a/b",
        "pipeline_tag: text-classification",
        r"| x\|y | val | - | 10 | 90.0 % | 60.0 % to 98.0 % | 0.2500 |",
        "mean 0.5, sd 2",
        "* max_tokens: 512",
        "* Padding changed.",
        "at most 1.0e-07",
        "vllm serve",
    ):
        assert text in card


def test_a_policy_has_no_rewards_to_show():
    card = model_card("policy", contract(kind="language_model", base_model="/home/model"), 0.0, [], [])
    assert "text-generation" in card
    assert "reward" not in card.lower().replace("rewards", "")
    assert "base_model: /home" not in card.partition("---\n\n")[0]


def test_a_folder_is_no_hub_id(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sft" / "model").mkdir(parents=True)
    card = model_card("policy", contract(kind="language_model", base_model="sft/model"), 0.0, [], [])
    assert "base_model: sft" not in card.partition("---\n\n")[0]
