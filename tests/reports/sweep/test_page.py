import csv
import re
from collections import Counter
from html.parser import HTMLParser

import pytest

from rmexp.reports.sweep.files import leaderboard_csv, leaderboard_markdown, policies_csv
from rmexp.reports.sweep.page import SweepReport, sweep_report
from rmexp.runs.groups import Judged, Run, grouped
from rmexp.runs.leaderboard import Earned, leaderboard
from rmexp.runs.policy_standings import PolicyStanding

HOSTILE = "<script>alert(1)</script>\x1b[31m|"


def standings(lrs=(0.001, 0.0001), epochs=(1, 2), data=("a", "b"), seeds=2, name="ordinary"):
    runs = [
        Run(f"f{lr}{epoch}{where}{seed}", {"optimizer.lr": lr, "epochs": epoch, "seed": seed, "name": name},
            (Judged("explicit", where, "test", 50, 0.6 + epoch / 10 + seed / 100, nll=0.4, longer=0.55,
                    ceiling=0.9 if where == "a" else None),), 2.0)
        for lr in lrs for epoch in epochs for where in data for seed in range(seeds)
    ]  # fmt: skip
    groups = grouped(runs, ["optimizer.lr", "epochs", *(["name"] if name == HOSTILE else []), "seed"])
    return leaderboard(groups, lambda folder, group: {str(pair): Earned(float(pair % 2), pair) for pair in range(50)})


@pytest.fixture
def page():
    return sweep_report(SweepReport("sweep", 16, ("optimizer.lr", "epochs", "seed"), standings(), [("f", HOSTILE)]))


def test_a_line_an_axis_a_map_and_data_sets_side_by_side(page):
    for name in ("Accuracy on a test against optimizer.lr", "Mean accuracy on b test by", "Data sets side by side"):
        assert f"<title>{name}" in page
    assert page.count("<svg") == 1 + 2 * 3
    assert "95 % interval" in page


def of_seeds(*accuracies, lrs=(0.1,)):
    runs = [
        Run(f"f{lr}{seed}", {"lr": lr, "seed": seed}, (Judged("explicit", "a", "val", 50, accuracy, ceiling=0.9),), 2.0)
        for lr in lrs
        for seed, accuracy in enumerate(accuracies)
    ]
    lines = leaderboard(grouped(runs, ["lr", "seed"]), lambda folder, group: {})
    return sweep_report(SweepReport("sweep", len(runs), ("lr", "seed"), lines, []))


def marks(page, title):
    """Of each kind of mark in a figure how many there are."""
    figure = page.partition(f"<title>{title}")[2].partition("</svg>")[0]
    return Counter(re.findall(r'<use href="#(\w+)"', figure))


def test_runs_that_differ_in_their_seed_alone_are_shown_one_by_one():
    page = of_seeds(0.6, 0.7)
    assert 2 in marks(page, "Accuracy of each run on a val").values()
    assert "Two seeds say little of others: hence wide bars." in page
    assert ">lead<" not in page  # there is no next line
    assert "Two seeds" not in of_seeds(0.6, 0.7, 0.8)
    assert "<svg" not in of_seeds(0.6)


def told_apart(seeds):
    runs = [
        Run(f"{lr}{seed}", {"lr": lr, "seed": seed}, (Judged("explicit", "a", "val", 100, 1.1 - lr),), 2.0)
        for lr in (0.1, 0.9)
        for seed in range(seeds)
    ]
    lines = leaderboard(
        grouped(runs, ["lr", "seed"]),
        lambda folder, group: {
            str(pair): Earned(float((pair % 5 > 0) == (folder[:3] == "0.1")), pair) for pair in range(100)
        },
    )
    return sweep_report(SweepReport("sweep", len(runs), ("lr", "seed"), lines, []))


def test_the_verdict_says_that_other_seeds_are_not_tested():
    assert "60.0 points before the next one (p &lt; 0.001 over prompts, Holm)." in told_apart(1)
    assert "60.0 points before the next one with these seeds (p &lt; 0.001 over prompts, Holm)." in told_apart(2)


def test_the_runs_behind_a_mean_are_points_and_lines_join_what_differs_elsewhere(page):
    alone = of_seeds(0.6, 0.7, lrs=(0.1, 0.2))
    assert 4 in marks(alone, "Accuracy on a val against lr").values()
    assert "Thin lines" not in alone
    assert ">lead<" in alone
    assert 8 in marks(page, "Accuracy on a test against epochs").values()
    assert "Thin lines join runs alike in everything else but the seed." in page


def test_policies_are_told_by_what_they_gained():
    lines = [
        PolicyStanding({"lr": kl, "task": "ppo"}, 1, rank, ("f", "g"), 2.5, 1.0, 4.0, gold, 3.25, 9.0)
        for rank, kl, gold in ((1, 0.1, 0.5), (2, 0, None))
    ]
    page = sweep_report(SweepReport("sweep", 4, ("lr",), [], [], lines))
    for text in ('href="#policies"', "<td>0.50</td>", "[1.00, 4.00]", "<td>3.25</td>", ">lr=0.1</td>"):
        assert text in page
    assert (
        ">Best: lr=0.1; its reward moved by 2.50 deviations, the true one by 0.50, 3.25 nats from its start.<" in page
    )
    rows = list(csv.DictReader(policies_csv(lines).splitlines()))
    assert [(row["rank"], row["kl"], row["gold"], row["folders"]) for row in rows] == [
        ("1", "3.25", "0.5", "f g"),
        ("2", "3.25", "", "f g"),
    ]
    assert "#policies" not in sweep_report(SweepReport("sweep", 4, ("lr",), [], []))


def policy(measure, rank=1):
    return PolicyStanding(
        {"scorer": str(measure)}, measure, rank, (f"p{measure}{rank}",), 2.5, None, None, None, 1.0, 9.0
    )


def judged(task, lr, accuracy):
    one = Judged("explicit", "a", "val", 50, accuracy, of_policy=task == "ppo")
    return Run(f"{task}{lr}", {"task": task, "lr": lr}, (one,), 2.0)


def test_policies_are_the_best_of_those_alone_whose_gains_are_measured_alike():
    page = sweep_report(SweepReport("sweep", 2, ("scorer",), [], [], [policy(1), policy(2)]))
    verdict = "2 policies that learnt from different rewards, prompts or starts: their gains cannot be compared"
    assert verdict in page
    assert "Best" not in page.partition("<nav")[0]
    assert [row["rank"] for row in csv.DictReader(policies_csv([policy(1), policy(2)]).splitlines())] == ["1", "1"]


def test_a_policy_is_no_rival_of_models_that_learnt_to_order_pairs():
    runs = [judged("ppo", 1, 0.9), judged("reward", 1, 0.6), judged("reward", 2, 0.7)]
    lines = leaderboard(grouped(runs, ["task", "lr"]), lambda folder, group: {})
    assert [(line.rank, line.group.folders) for line in lines] == [(1, ("reward2",)), (2, ("reward1",)), (1, ("ppo1",))]
    assert [line.group.place for line in lines] == ["a val", "a val", "a val, implicit rewards of policies"]
    page = sweep_report(SweepReport("sweep", 3, ("task", "lr"), lines, [], [policy(1)]))
    lead = page.partition("<nav")[0]
    said = "The policy&#39;s reward moved by 2.50 deviations, 1.00 nats from its start. a val. Best: lr=2, 70.0 %;"
    assert f'verdict">{said}' in lead


def test_pairs_that_were_trained_on_are_marked_beside_the_figure():
    by = {0.1: 50, 0.2: 0}
    runs = [Run(f"f{lr}", {"lr": lr}, (Judged("explicit", "a", "val", 50, 0.9 - lr, trained_on=known),), 2.0)
            for lr, known in by.items()]  # fmt: skip
    lines = leaderboard(grouped(runs, ["lr"]), lambda folder, group: {})
    page = sweep_report(SweepReport("sweep", 2, ("lr",), lines, []))
    assert "Best: lr=0.1, 80.0 % (50 of 50 trained on);" in page
    assert "<td>80.0 % (50 of 50 trained on)</td>" in page
    assert "<td>70.0 %</td>" in page
    assert "80.0 % (50 of 50 trained on)" in leaderboard_markdown(lines)
    assert [row["trained_on"] for row in csv.DictReader(leaderboard_csv(lines).splitlines())] == ["50", "0"]


def test_what_all_lines_of_a_board_share_is_told_once():
    page = sweep_report(SweepReport("sweep", 4, ("optimizer.lr", "epochs"), standings(epochs=(1,), data=("a",)), []))
    assert page.count("epochs=1") == 1
    assert "<p>All with epochs=1.</p>" in page


def test_the_page_asks_for_nothing_and_shows_hostile_text_as_text(page):
    assert "<script" not in page
    assert "\x1b" not in page
    assert not re.search(r"(src|href)=\"(?!#)", page)
    assert "url(http" not in page
    assert "<image" not in page  # the page's policy forbids pictures
    assert len(page) < 300_000


def test_equal_content_gives_equal_bytes(page):
    assert page == sweep_report(
        SweepReport("sweep", 16, ("optimizer.lr", "epochs", "seed"), standings(), [("f", HOSTILE)])
    )


def test_every_tag_is_closed_and_ids_are_one_of_a_kind(page):
    class Check(HTMLParser):
        def __init__(self):
            super().__init__()
            self.open, self.ids = [], []

        def handle_starttag(self, tag, attributes):
            self.ids += [value for key, value in attributes if key == "id"]
            if tag not in ("meta", "br"):
                self.open.append(tag)

        def handle_endtag(self, tag):
            assert self.open.pop() == tag

    check = Check()
    check.feed(page)
    assert check.open == []
    assert len(set(check.ids)) == len(check.ids)


def test_many_runs_stay_small():
    lines = standings(lrs=tuple(0.001 * step for step in range(1, 41)), epochs=range(1, 7), data=("a",), seeds=1)
    page = sweep_report(SweepReport("sweep", 240, ("optimizer.lr", "epochs"), lines, []))
    assert len(page) < 300_000
    assert "The first 200 of 240 lines" in page


def test_no_run_at_all_is_a_page_too():
    page = sweep_report(SweepReport("sweep", 0, (), [], [("f", "ValueError: no")]))
    assert "No run has figures on pairs yet" in page
    assert "ValueError: no" in page


def test_the_leaderboard_as_files():
    lines = standings(name=HOSTILE)
    rows = list(csv.DictReader(leaderboard_csv(lines).splitlines()))
    assert len(rows) == len(lines) == 8
    assert (rows[0]["rank"], rows[0]["epochs"], rows[0]["runs"]) == ("1", "2", "2")
    assert rows[0]["accuracy"].startswith("0.80")
    table = leaderboard_markdown(lines).splitlines()
    assert len(table) == 2 + 8
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in table} == {9}


def test_the_best_of_equal_lines_is_not_said_to_be_of_other_pairs():
    runs = [Run(f"f{lr}", {"lr": lr}, (Judged("explicit", "a", "val", 50, 1.0),), 1.0) for lr in (1, 2)]
    lines = leaderboard(
        grouped(runs, ["lr"]), lambda folder, group: {str(pair): Earned(1.0, pair) for pair in range(50)}
    )
    page = sweep_report(SweepReport("sweep", 2, ("lr",), lines, []))
    assert "0.0 points before the next one; too few prompts tell the two apart" in page
    assert "no figures of the same pairs" not in page


def test_the_best_on_each_set_of_pairs_side_by_side():
    def page_of(*accuracies):
        rows = [
            Judged("explicit", name, "val", 50, share, few=True) for name, share in zip("ab", accuracies, strict=True)
        ]
        runs = [Run(f"f{lr}", {"lr": lr}, tuple(rows), 1.0) for lr in (1, 2)]
        lines = leaderboard(grouped(runs, ["lr", "task"]), lambda folder, group: {})  # which have no task
        return sweep_report(SweepReport("sweep", 2, ("lr", "task"), lines, []))

    page = page_of(0.7, 0.9)
    assert "; a val is the hardest (70.0 %)." in page
    assert "no test against the next one, as the two left no figures of the same pairs one by one" in page
    assert page.partition('id="best"')[2].partition("</section>")[0].count(" few</td>") == 2
    assert "is the hardest" not in page_of(0.9, 0.9)
    assert "All with" not in page


def test_a_set_that_chose_the_step_is_marked_on_the_page_and_in_the_files():
    marked = [line._replace(group=line.group._replace(selected_on=True)) for line in standings(data=("a",))]
    page = sweep_report(SweepReport("sweep", 8, ["optimizer.lr", "seed"], marked, []))
    assert "<h2>a test (chose the step)</h2>" in page
    assert "| a test (chose the step) | 1 |" in leaderboard_markdown(marked)
    assert {row["selected_on"] for row in csv.DictReader(leaderboard_csv(marked).splitlines())} == {"True"}
