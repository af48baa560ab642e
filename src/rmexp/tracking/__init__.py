"""Runs shown where their users look: Weights & Biases, TensorBoard, MLflow, beside the files of the run folder."""
