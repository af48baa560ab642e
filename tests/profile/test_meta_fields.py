from rmexp.profile.meta_fields import MOST_SLICES, meta_fields
from rmexp.records import Preference


def found(*metas, prompts=None):
    names = prompts or [str(index) for index in range(len(metas))]
    records = [Preference(prompt, "a", "b", meta=meta) for prompt, meta in zip(names, metas, strict=True)]
    return {field.path: field for field in meta_fields(records)}


def test_nested_fields_have_the_path_that_other_keys_take():
    fields = found({"a": {"b": "x", "c": None}}, {"a": {"b": "x"}, "d": [1]})
    assert {path: field.rows for path, field in fields.items()} == {"meta.a.b": 2, "meta.d": 1}
    assert (fields["meta.d"].kind, fields["meta.d"].values, fields["meta.d"].examples) == ("list", None, ())


def test_a_field_that_parts_a_prompt_holds_no_groups_apart():
    metas = [{"topic": "x", "rater": "r"}, {"topic": "x", "rater": "s"}, {"topic": "y", "rater": "r"}]
    fields = found(*metas, prompts=["p", "p", "q"])
    assert "data.group" not in fields["meta.rater"].uses
    assert fields["meta.topic"].uses == ("slices",), "as many values as prompts keep nothing more together than prompts"
    fields = found(*metas, {"topic": "y", "rater": "s"}, prompts=["p", "p", "q", "t"])
    assert fields["meta.topic"].uses == ("data.group", "slices")


def test_strength_is_a_number_that_every_row_has_and_that_differs():
    fields = found({"votes": 3, "one": 1, "flag": True, "some": 1}, {"votes": 1, "one": 1, "flag": False})
    assert {path for path, field in fields.items() if "strength" in field.uses} == {"meta.votes"}
    assert fields["meta.flag"].kind == "true or false"
    assert fields["meta.some"].uses == ()


def test_what_is_different_in_every_row_is_no_slice():
    fields = found(*({"id": f"row {index}", "kind": "ab"[index % 2]} for index in range(MOST_SLICES + 1)))
    assert fields["meta.id"].uses == ()
    assert fields["meta.kind"].examples == ('"a"', '"b"')


def test_values_of_several_kinds_are_mixed():
    field = found({"x": "1"}, {"x": 1}, {"x": ["1"]})["meta.x"]
    assert (field.kind, field.values, field.uses) == ("mixed", None, ())
