"""Where the tests of a GPU run: on one, or, to try them where there is none, on the processor."""

import os

import pytest
import torch

DEVICE = os.environ.get("RMEXP_TEST_DEVICE", "cuda")
ON_GPU = DEVICE != "cpu"
TRAINER = "trainer=gpu" if ON_GPU else "trainer=cpu"
SMALL = ["data.pairs=60", "data.unseen_pairs=20", "logger=csv", TRAINER]

marks = [pytest.mark.gpu, pytest.mark.skipif(ON_GPU and not torch.cuda.is_available(), reason="no CUDA device")]
of_a_gpu = pytest.mark.skipif(not ON_GPU, reason="a processor has nothing of it")
