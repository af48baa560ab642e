"""The main job: what the post promises, and that every set of pairs is judged."""

import json
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from rmexp.cli import main
from rmexp.runs.found import find_runs
from rmexp.scoring.scored_file import read_scored
from rmexp.tracking.metrics_csv import read_metrics

STAGES = ("sft", "reward", "dpo")


def test_both_rewards_put_json_first_also_on_unseen_topics(comparison):
    for split, pairs in (("val", 30), ("unseen", 20)):
        figures = comparison.summary["splits"][split]
        assert figures["explicit"]["accuracy"] == 1.0
        assert figures["implicit"]["accuracy"] >= 0.98
        assert figures["agreement"]["pairs"] == pairs
        assert figures["agreement"]["same_order"] >= 0.98
    assert comparison.summary["headline"] == "unseen"
    assert comparison.summary["showcase"]["same_order"] == comparison.summary["showcase"]["prompts"] == 3


def test_reward_model_is_right_by_the_end_of_epoch_1_and_its_loss_ends_below_001(comparison):
    rows = [row for row in read_metrics(comparison.path / "reward" / "metrics.csv") if row["val/accuracy"]]
    assert [float(row["epoch"]) for row in rows] == [1.0, 2.0]
    assert all(float(row["val/accuracy"]) == 1.0 for row in rows)
    assert float(rows[-1]["val/loss"]) < 0.01


def test_summary_figures_follow_from_the_scored_files(comparison):
    scores = {}
    for name in ("explicit", "implicit"):
        rows, manifest = read_scored(comparison.path / "scored" / f"unseen.{name}.jsonl")
        scores[name] = np.array([row.scores for row in rows])
        assert manifest["records"] == 20
        assert np.mean(scores[name][:, 0] > scores[name][:, 1]) == comparison.summary[name]["accuracy"]
    pooled = stats.spearmanr(scores["explicit"].ravel(), scores["implicit"].ravel()).statistic
    assert comparison.summary["agreement"]["spearman"] == pytest.approx(pooled, abs=1e-6)


def test_longer_prompts_dilute_the_mean_over_the_sequence(comparison):
    levels = comparison.summary["reductions"]["levels"]
    assert len(levels) == 3
    dilution = [level["sequence_mean"]["dilution"] for level in levels]
    assert dilution[0] == 1.0
    assert dilution[0] > 2 * dilution[1] > 4 * dilution[2] > 0


def test_report_is_self_contained(comparison):
    page = (comparison.path / "report.html").read_text()
    assert "<svg" in page
    assert "<script" not in page
    assert "Kafka" in page
    assert len(page) < 300_000


def test_held_out_pairs_are_accounted_for_beside_those_that_were_learnt(comparison):
    page = (comparison.path / "report.html").read_text()
    account = page.partition('id="account"')[2].partition("</table>")[0]
    for split in (f'<th scope="row">{name}</th>' for name in ("train", "val", "json_vs_text unseen")):
        assert split in account


def test_every_set_of_pairs_is_judged(comparison):
    sets = {one["name"]: one for one in comparison.summary["sets"]}
    assert [(name, one["kind"]) for name, one in sets.items()] == [
        ("val", "held_out"),
        ("unseen", "held_out"),
        ("layout", "tokens"),
        ("wording", "tokens"),
        ("lower_case", "tokens"),
    ]
    for name in ("val", "unseen"):  # the same figures as elsewhere in the summary
        assert sets[name]["agreement"] == comparison.summary["splits"][name]["agreement"]
        assert sets[name]["explicit"]["accuracy"] == comparison.summary["splits"][name]["explicit"]["accuracy"]
    assert sets["lower_case"]["before"] == {"explicit": 1.0, "implicit": pytest.approx(1.0, abs=0.02)}
    assert 0 < sets["wording"]["pairs"] < sets["wording"]["looked_at"] == 30
    scored, _ = read_scored(comparison.path / "scored" / "val.layout.explicit.jsonl")
    assert len(scored) == sets["layout"]["pairs"]


def test_agreement_while_training_ends_where_the_models_do(comparison):
    points = comparison.summary["progress"]
    assert [point["progress"] for point in points] == [0.5, 1.0]
    assert points[-1]["same_order"] == comparison.summary["splits"]["val"]["agreement"]["same_order"]
    assert points[-1]["explicit_settled"] == points[-1]["implicit_settled"] == 1.0


def test_rewards_lie_where_the_contract_says(comparison):
    contract = json.loads((comparison.path / "reward" / "model" / "contract.json").read_text())
    scale = comparison.summary["scale"]
    assert (scale["mean"], scale["sd"]) == (contract["reward_mean"], contract["reward_sd"])
    assert scale["reduction"] == "response_sum"


def test_what_rests_on_few_prompts_does_so_among_other_runs(comparison):
    ((run,), _) = find_runs([comparison.path], lambda folder: {})
    assert [one.few for one in run.tested] == [comparison.summary[name]["few"] for name in ("explicit", "implicit")]
    assert [one.few for one in run.tested] == [True, True]


@pytest.mark.slow
def test_compare_on_files_split_by_a_group(here):
    pairs = [
        {"prompt": f"Question {i}", "chosen": f"good answer {i}", "rejected": f"bad {i}", "meta": {"topic": i % 5}}
        | {"margin": i % 4}
        for i in range(40)
    ]
    Path("pairs.jsonl").write_text("\n".join(json.dumps(pair) for pair in pairs))
    options = ["data=jsonl", "data.path=pairs.jsonl", "data.group=meta.topic", "model=tiny", "logger=csv"]
    other = ["+data@tests.other=jsonl", "tests.other.path=pairs.jsonl", "data.leaks=ignore", "slices=[meta.topic]"]
    assert main(["compare", *options, *other, "trainer=smoke", "run_dir=run"]) == 0
    summary = json.loads(Path("run/summary.json").read_text())
    assert summary["headline"] == "val"
    assert summary["agreement"]["pairs"] == 8  # one of five topics
    sets = {one["name"]: one for one in summary["sets"]}
    assert (sets["other"]["kind"], sets["other"]["pairs"], sets["other"]["split"]) == ("domain", 8, "val")
    names = [part["slice"] for part in sets["val"]["slices"]]
    assert {"difficulty=easy", "difficulty=hard"} <= set(names)  # by margin
    assert any(name.startswith("meta.topic=") for name in names)
    wrong = [json.loads(line) for line in Path("run/disagreements.jsonl").read_text().splitlines()]
    assert len(wrong) == summary["disagreements"]
    assert {"pairs", "same_order", "spearman", "kendall", "both_right", "only_explicit", "only_implicit"} <= set(
        summary["agreement"]
    )


@pytest.mark.slow
def test_the_whole_circle_judges_every_policy_by_the_truth_and_both_rewards(here):
    data = ["data.pairs=200", "data.val_pairs=50", "data.test_pairs=50", "sft.trainer.max_epochs=2"]
    policies = ["policies.prompts=20", "policies.responses=2", "policies.best_of=4", "ppo.rollouts.iterations=3"]
    quick = ["logger=csv", "trainer.threads=1", "shift_pairs=0", "draws=100", "run_dir=run"]
    assert main(["compare", "experiment=rlhf_circle", *data, *policies, *quick]) == 0
    summary = json.loads(Path("run/summary.json").read_text())
    rows = {row["name"]: row for row in summary["policies"]}
    assert list(rows) == ["sft", "dpo", "ppo", "best_of_n"]
    assert all(row["verdicts"].keys() == {"gold", "explicit", "implicit"} for row in rows.values())
    assert rows["sft"]["verdicts"]["gold"]["wins"] == 0.5
    assert all({"empty", "cut", "without", "words"} <= row.keys() for row in rows.values())
    assert rows["best_of_n"]["verdicts"]["explicit"]["wins"] > 0.7
    assert rows["ppo"]["seconds"] > rows["sft"]["seconds"]
    assert summary["stages"]["ppo"]["model"] == "run/ppo/model"
    scored = json.loads(Path("run/ppo/summary.json").read_text())["inputs"]
    assert "scorer.path" in scored
    assert 'id="policies"' in Path("run/report.html").read_text()
