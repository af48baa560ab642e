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


@pytest.mark.parametrize("verb", ["track", "export"])
def test_verbs_that_ask_for_one_folder_take_it_bare(verb):
    assert spelled_out(verb, ["runs/lr=0.1", "out=x"]) == ["path='runs/lr=0.1'", "out=x"]
    assert spelled_out(verb, ["-m", "runs/a"]) == ["-m", "path='runs/a'"]
    choices = ["-m", "path=a,b", "hydra/launcher=joblib", "+x=1"]
    assert spelled_out(verb, choices) == choices


@pytest.mark.parametrize(
    ("verb", "hint"),
    [
        ("report", "write run_dir=FOLDER_OF_THE_PAGE 'runs=[runs/a,runs/b]'"),
        ("export", "write path=runs/a out=runs/b"),
        ("track", "give the command once for each"),
    ],
)
def test_of_two_bare_words_none_is_passed_over(verb, hint):
    with pytest.raises(ValueError, match=f"^{verb} takes one folder, got runs/a and runs/b; ") as refused:
        spelled_out(verb, ["runs/a", "runs/b"])
    assert str(refused.value).endswith(hint)


def test_other_verbs_have_no_short_forms():
    assert spelled_out("train", ["runs/first", "--open"]) == ["runs/first", "--open"]
