from rmexp.config.tree import conf_folder, options_of, verbs


def test_a_file_at_the_top_is_a_verb_with_its_phrase():
    assert verbs()["train"] == "one stage of training."
    assert set(verbs()) == {path.stem for path in conf_folder().glob("*.yaml")}
    assert all(verbs().values())


def test_options_are_files_that_stand_for_themselves():
    assert "json_vs_text" in options_of("data")
    assert (conf_folder() / "data/_loading.yaml").is_file()
    assert "_loading" not in options_of("data")
    assert options_of("nothing") == []
