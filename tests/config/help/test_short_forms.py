import pytest

from rmexp.config.help.short_forms import spelled_out


@pytest.mark.parametrize(
    ("words", "spelled"),
    [
        (["runs/first"], ["run_dir='runs/first'"]),
        (["runs/optimizer.lr=0.1,seed=0", "--watch"], ["run_dir='runs/optimizer.lr=0.1,seed=0'", "watch=true"]),
        (["run_dir=x", "runs=[a/b]", "--open"], ["run_dir=x", "runs=[a/b]", "open=true"]),
        (["it's"], ["run_dir='it\\'s'"]),
        (["--help", "runs"], ["--help", "runs"]),
        (["--cfg", "job", "runs/first"], ["--cfg", "job", "run_dir='runs/first'"]),
    ],
)
def test_a_folder_and_flags_are_keys(words, spelled):
    assert spelled_out("report", words) == spelled


def test_other_verbs_have_no_short_forms():
    assert spelled_out("train", ["runs/first", "--open"]) == ["runs/first", "--open"]
