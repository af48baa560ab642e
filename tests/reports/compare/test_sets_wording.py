from dataclasses import replace

from rmexp.reports.compare import sets_wording as wording
from rmexp.runs.summaries.compare import RewardScale


def told(one, difference, p):
    part = one.slices[0]
    estimate = replace(part.paired.difference, value=difference, p=p)
    return replace(one, slices=[replace(part, paired=replace(part.paired, difference=estimate))])


def test_what_is_better_where(sets):
    val, layout, other = sets
    both = [told(val, 0.1, 0.001), told(layout, -0.2, 0.01), told(other, 0.3, 0.2)]
    assert wording.shifts_sentence(both) == (
        "The explicit reward is right more often on val; the implicit reward is right more often on layout; "
        "on elsewhere the difference is not told from chance (p-values adjusted for the number of sets, Holm)."
    )
    assert wording.shifts_sentence([told(val, 0.0, None)]) == "On val the difference is not told from chance."


def test_kinds(sets):
    assert [wording.kind(one) for one in sets] == [
        "held out",
        "val, lines and indents changed (40 of 50 change)",
        "other data (test)",
    ]


def test_scale(full):
    assert "mean \u22120.3 and standard deviation 1.7" in wording.scale_sentence(full)
    assert "is the sum of log-ratios" in wording.scale_sentence(full)
    unknown = wording.scale_sentence(replace(full, scale=RewardScale(None, None, "response_mean")))
    assert unknown.startswith("The reward model does not say")
    assert "is the mean of log-ratios" in unknown


def at(figures, temperature, p):
    calibration = replace(figures.probabilities.calibration, temperature=temperature, calibration_p=p)
    return replace(figures, probabilities=replace(figures.probabilities, calibration=calibration))


def test_temperatures(full):
    part = full.sets[0].slices[0]

    def with_temperatures(explicit, implicit, p=0.01):
        changed = replace(part, explicit=at(part.explicit, explicit, p), implicit=at(part.implicit, implicit, p))
        return wording.temperature_sentence(replace(full, sets=[replace(full.sets[0], slices=[changed])]))

    said = with_temperatures(2.0, 0.5)
    assert "Explicit margins are overconfident on val (T = 2); implicit margins are underconfident" in said
    doubtful = with_temperatures(2.0, 0.5, p=0.2)
    assert "Explicit margins are not told from calibrated ones on val (T = 2); implicit margins are not" in doubtful
    assert "of 0.2 would calibrate the implicit one" in said  # 0.1 over 0.5
    assert with_temperatures(None, 4.0).endswith(
        "no temperature is best for explicit margins, for they order every pair as labelled or no more than by chance."
    )


def test_progress_and_flips(full):
    assert wording.progress_sentence(full.progress) == (
        "At 50.0 % of the training both put the same response first on 70.0 % of the validation pairs (Spearman of the "
        "margins 0.20), at the end on 75.0 % (\u2013)."
    )
    whole = full.sets[0].flips[0]
    count = round(whole.flipped.value * whole.flipped.n)
    assert f"The two order {count} of 40 pairs in opposite ways" in wording.flips_sentence(full.sets[0])
    none = replace(whole, flipped=replace(whole.flipped, value=0.0))
    said = wording.flips_sentence(replace(full.sets[0], flips=[none]))
    assert said == "On none of 40 pairs do the two reductions disagree."
