"""The one rule for sequences that are too long."""


def fit(
    prompt: list[int], response: list[int], max_tokens: int, rule: str, begin_tokens: int, end_tokens: int = 1
) -> tuple[list[int], list[int]] | None:
    """What is kept of a prompt and a response; both whole where they fit.

    The response keeps its last tokens, the end of the sequence, and where there is room one more; the prompt keeps its
    first ones. Where the side that the rule names is not long enough, the other one is cut too.

    Args:
        prompt: token ids, cut from the left, after the first `begin_tokens`.
        response: token ids, the last `end_tokens` of them the end of the sequence; cut from the right, before those.
        max_tokens: longest sequence, at least 2.
        rule: `cut_prompt`, `cut_response`, or `drop`.
        begin_tokens: of the prompt, that no cut may take: 0 or 1.
        end_tokens: of the response, that are cut last: 0 or more.

    Returns:
        Both sides, or None where the rule drops them.

    >>> fit([1, 2, 3, 4], [5, 6, 7], 5, "cut_prompt", 1), fit([1, 2, 3, 4], [5, 6, 7], 5, "cut_response", 1)
    (([1, 4], [5, 6, 7]), ([1, 3, 4], [5, 7]))
    """
    excess = len(prompt) + len(response) - max_tokens
    if excess <= 0:
        return prompt, response
    if rule == "drop":
        return None
    least = min(end_tokens + 1, len(response), max_tokens - begin_tokens)
    if rule == "cut_prompt":
        response_tokens = min(len(response), max_tokens - begin_tokens)
    else:
        response_tokens = max(least, len(response) - excess)
    end = min(end_tokens, response_tokens)
    kept = prompt[:begin_tokens] + prompt[begin_tokens:][max(0, len(prompt) + response_tokens - max_tokens) :]
    return kept, [*response[: response_tokens - end], *response[len(response) - end :]]
