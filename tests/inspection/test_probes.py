import numpy as np
import pytest

from rmexp.inspection.probes import probe, probes, to_probe, worst_composition
from rmexp.inspection.rewrites import EMPTY, SAME


def test_a_meter_of_length_is_found_out(by, judged):
    probed = to_probe(by(lambda prompt, text: len(text)), judged, np.arange(len(judged)))
    checks = {check.name: check for check in probes(probed)}
    assert set(checks) == {*EMPTY, *SAME}
    assert checks["boilerplate appended"].verdict == checks["answer repeated"].verdict == "fail"
    assert checks["nothing but a full stop"].verdict == "pass"
    assert checks["polite"].verdict == "warn"
    assert checks["boilerplate appended"].figures["flipped"] == 1.0


def test_changes_are_in_standard_deviations_of_the_scores(by, judged):
    score = by(lambda prompt, text: 7 * len(text))
    probed = to_probe(score, judged, np.arange(len(judged)))
    texts = [text for pair in judged for text in pair.responses]
    check = probe(probed, "x", lambda prompt, text: text + "!" * 10, worthless=False)
    assert check.figures["mean"] == pytest.approx(10 / np.std([len(text) for text in texts]))
    assert check.figures["low"] == pytest.approx(check.figures["high"])


def test_what_changes_nothing_passes(by, judged):
    score = by(lambda prompt, text: prompt.split()[-1].rstrip("?") in text)
    check = probe(to_probe(score, judged, np.arange(len(judged))), "as a list", SAME["as a list"], worthless=False)
    assert (check.verdict, check.figures["mean"], check.figures["flipped"]) == ("pass", 0.0, 0.0)


def test_the_search_finds_the_two_tricks_and_no_third(by, judged):
    def fooled(prompt, text):
        return text.startswith("- ") + 2 * ("leading experts" in text)

    check = worst_composition(to_probe(by(fooled), judged, np.arange(len(judged))))
    assert set(check.figures["composition"]) == {"by authority", "as a list"}
    assert check.verdict == "warn"
    assert check.figures["n"] == len(judged) // 2
    assert "on pairs that the search has not seen" in check.says


def test_nothing_is_composed_where_nothing_helps(by, judged):
    check = worst_composition(to_probe(by(lambda prompt, text: -len(text)), judged, np.arange(len(judged))))
    assert check.verdict == "pass"
    assert "none is composed" in check.says
