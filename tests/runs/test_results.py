import shutil
from pathlib import Path

import pytest

from rmexp.runs.results import results_of, sweep_results


@pytest.fixture(scope="module")
def frozen(tmp_path_factory):
    folder = tmp_path_factory.mktemp("frozen")
    shutil.unpack_archive(Path(__file__).parents[1] / "fixtures" / "runs_0_1_0.tar.xz", folder)
    return folder / "runs"


def only(folder, pattern):
    (found,) = folder.glob(pattern)
    return found


def test_a_trained_run_has_the_figures_of_its_held_out_pairs(frozen):
    results = results_of(only(frozen, "sweep/train,*/optimizer.lr=0.1,seed=0"))
    assert {"val/accuracy", "json_vs_text-val/accuracy", "json_vs_text-unseen/nll", "steps"} <= set(results.figures)
    assert {artifact.kind for artifact in results.artifacts} == {"model", "scored"}
    assert set(results.used) == {"data"}


def test_a_comparison_has_accuracies_and_agreement(frozen):
    results = results_of(only(frozen, "compare/*"))
    assert {"explicit/accuracy", "implicit/accuracy", "agreement/same_order", "agreement/spearman"} <= set(
        results.figures
    )
    (table,) = results.tables
    assert table.name == "splits"


def test_an_evaluation_has_a_table_of_its_rows(frozen):
    results = results_of(only(frozen, "evaluate/*"))
    (table,) = results.tables
    assert {"scorer", "data", "split", "slice", "accuracy"} <= set(table.columns)
    assert "explicit/json_vs_text-val/accuracy" in results.figures


def test_a_run_that_has_not_finished_has_none(frozen):
    assert results_of(only(frozen, "train/reward-json_vs_text-tiny-9d4a4a15")) is None


def test_the_cells_of_a_sweep_stand_side_by_side(frozen):
    cells = sorted(only(frozen, "sweep/train,*").glob("optimizer*"))
    results = sweep_results(cells)
    (table,) = results.tables
    assert [row[0] for row in table.rows] == [cell.name for cell in cells]
    accuracies = [row[table.columns.index("val/accuracy")] for row in table.rows]
    assert results.figures["largest/val/accuracy"] == max(accuracies)
    assert results.figures["smallest/val/accuracy"] == min(accuracies)
