from rmexp.config.help.yaml_keys import Key, first_comment, included_in, is_global, keys_of

TEXT = """# @package _global_
# What it is.
defaults:
  - _base
  - /loss: dpo
  - _self_

task: reward # what is trained
# Above a node.
node:
  _target_: rmexp.x.X
  inner: { a: 1 } # of the node
  # a remark about nothing
  url: "a#b"
  deeper: # beside a node
    last: ???
plain: 1
"""


def test_keys_with_their_remarks_and_lines(tmp_path):
    file = tmp_path / "x.yaml"
    file.write_text(TEXT)
    assert keys_of(file) == (
        Key("task", "reward", "what is trained", 8),
        Key("node", "", "Above a node", 10),
        Key("node.inner", "{ a: 1 }", "of the node", 12),
        Key("node.url", '"a#b"', "", 14),
        Key("node.deeper", "", "beside a node", 15),
        Key("node.deeper.last", "???", "", 16),
        Key("plain", "1", "", 17),
    )
    assert (included_in(file), is_global(file), first_comment(file)) == (["_base"], True, "What it is")
