"""A slow stand-in for the flash kernel, which no processor has."""

from itertools import pairwise

import torch


class DenseKernel:
    """What that computes, stretch by stretch, with every score held."""

    def _stretches(self, along):
        bounds = zip(along.queries.tolist(), along.keys.tolist(), strict=True)
        for (query, key), (query_end, key_end) in pairwise(bounds):
            assert key_end > key, "a stretch without keys: kernels give anything for it"
            yield slice(query, query_end), slice(key, key_end)

    def _scores(self, query, key, rows, seen, along, scaling):
        keys = key[seen].repeat_interleave(query.shape[1] // key.shape[1], dim=1)
        scores = torch.einsum("qhd,khd->hqk", query[rows], keys) * scaling
        if along.causal:
            hidden = torch.ones(scores.shape[1:], dtype=torch.bool).triu(scores.shape[2] - scores.shape[1] + 1)
            scores = scores.masked_fill(hidden, -torch.inf)
        return scores, keys

    def forward(self, query, key, value, along, scaling):
        output, lse = torch.empty_like(query), query.new_empty(query.shape[1], len(query))
        for rows, seen in self._stretches(along):
            scores, _ = self._scores(query, key, rows, seen, along, scaling)
            values = value[seen].repeat_interleave(query.shape[1] // key.shape[1], dim=1)
            output[rows] = torch.einsum("hqk,khd->qhd", scores.softmax(-1), values)
            lse[:, rows] = scores.logsumexp(-1)
        return output, lse

    def backward(self, gradient, qkv, output, lse, along, scaling):
        query, key, value = qkv
        of_query, of_key, of_value = (torch.zeros_like(part) for part in qkv)
        times = query.shape[1] // key.shape[1]
        for rows, seen in self._stretches(along):
            scores, keys = self._scores(query, key, rows, seen, along, scaling)
            probabilities = (scores - lse[:, rows, None]).exp()
            values = value[seen].repeat_interleave(times, dim=1)
            inner = torch.einsum("qhd,khd->hqk", gradient[rows], values)
            inner = probabilities * (inner - (gradient[rows] * output[rows]).sum(-1).T[..., None]) * scaling
            of_query[rows] = torch.einsum("hqk,khd->qhd", inner, keys)
            for total, part in (
                (of_key, torch.einsum("hqk,qhd->khd", inner, query[rows])),
                (of_value, torch.einsum("hqk,qhd->khd", probabilities, gradient[rows])),
            ):
                total[seen] += part.unflatten(1, (-1, times)).sum(2)
        return of_query, of_key, of_value
