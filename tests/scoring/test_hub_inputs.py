import pytest

from rmexp.scoring.hub_inputs import response_place


@pytest.mark.parametrize(
    ("conversation", "prompt", "response", "found"),
    [
        ("<u>hi</u><a>yes</a>\n", "<u>hi</u><a>", "yes", "yes"),
        ("<u>hi</u><a>yes</a>\n", "<u>hi</u><a>", " yes\n", "yes"),  # a template that strips
        ("<u>hi</u><a>yes</a>\n", "<u>hi</u><a><think>", "yes", "yes"),  # and one that lets a model think before
        ("<u>a</u><a>a</a>\n", "<u>a</u><a>", "a", "a"),  # what stands in the template as well
        ("<u>hi</u><a>yes", "<u>hi</u><a>", "yes", "yes"),
    ],
)
def test_where_a_response_lies_in_its_conversation(conversation, prompt, response, found):
    start, end = response_place(conversation, prompt, response)
    assert conversation[start:end] == found
    assert conversation[:start].endswith("<a>")


def test_a_response_that_a_template_does_not_show_has_no_end_of_its_own():
    assert response_place("<u>hi</u><a>YES</a>", "<u>hi</u><a>", "yes") == (12, 19)
